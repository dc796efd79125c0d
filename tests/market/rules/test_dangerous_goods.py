"""The class of dangerous goods follows from the checklist and the purpose, the worst answer first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.rules.dangerous_goods import (
    CRITICAL_CHECKS,
    DAMAGE_CHECKS,
    PACKING_CHECKS,
    Check,
    ChecklistIncomplete,
    DangerousGoodsClass,
    NotPacked,
    derive,
    transport,
)

SAFE = {check.value: True for check in Check}


@given(wrong=st.sets(st.sampled_from(Check)), is_for_recycling=st.booleans())
def test_the_worst_answer_decides(wrong, is_for_recycling):
    answers = SAFE | {check.value: False for check in wrong}
    if wrong & PACKING_CHECKS:
        with pytest.raises(NotPacked):
            derive(answers, is_for_recycling=is_for_recycling)
        return
    goods = derive(answers, is_for_recycling=is_for_recycling)
    assert (goods is DangerousGoodsClass.CRITICAL) == bool(wrong & CRITICAL_CHECKS)
    is_damaged = goods is DangerousGoodsClass.DAMAGED
    assert is_damaged == (bool(wrong & DAMAGE_CHECKS) and not wrong & CRITICAL_CHECKS)
    if not wrong:
        assert (goods is DangerousGoodsClass.INTACT_FOR_RECYCLING) == is_for_recycling


def test_every_question_belongs_to_one_kind():
    kinds = (CRITICAL_CHECKS, DAMAGE_CHECKS, PACKING_CHECKS)
    assert sorted(Check) == sorted(check for kind in kinds for check in kind)


@pytest.mark.parametrize("check", list(Check))
def test_an_open_question_is_refused(check):
    answers = {name: answer for name, answer in SAFE.items() if name != check.value}
    with pytest.raises(ChecklistIncomplete):
        derive(answers, is_for_recycling=False)


@pytest.mark.parametrize(
    ("goods", "provision", "packing"),
    [
        (DangerousGoodsClass.INTACT, "", "P903 / LP903"),
        (DangerousGoodsClass.INTACT_FOR_RECYCLING, "SP377", "P909"),
        (DangerousGoodsClass.DAMAGED, "SP376", "P908 / LP904"),
        (DangerousGoodsClass.CRITICAL, "SP376", "P911 / LP906"),
    ],
)
def test_each_class_travels_as_its_rules_say(goods, provision, packing):
    found = transport(goods)
    assert (found.un_number, found.special_provision, found.packing) == (
        "UN3480",
        provision,
        packing,
    )
    assert found.may_fly == (goods is DangerousGoodsClass.INTACT)
