"""Class 9 of a battery handed over, from its condition and what is to become of it. Pure.

Sources: UN Model Regulations and ADR 2025, UN 3480 (lithium ion batteries), special provisions 376
(damaged or defective) and 377 (for disposal or recycling), packing instructions P903/LP903, P908/
LP904, P909, P911/LP906; GB/T 38698.1-2020 for the safety check before packing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from listings.errors import N_, Refused

LARGEST_CHARGE_PERCENT = 30
"""Above this state of charge a battery for carriage is noted as out of limit."""


class DangerousGoodsClass(enum.StrEnum):
    """Class 9 by condition and purpose (custody.md)."""

    INTACT = "intact"
    INTACT_FOR_RECYCLING = "intact_for_recycling"
    DAMAGED = "damaged"
    CRITICAL = "critical"


class Check(enum.StrEnum):
    """What both sides look at before packing. The safe answer is always yes."""

    NO_HEAT_SMOKE_OR_GAS = "no_heat_smoke_or_gas"
    NO_LEAKAGE = "no_leakage"
    HOUSING_INTACT = "housing_intact"
    NO_DEFORMATION = "no_deformation"
    NO_FIRE_OR_WATER = "no_fire_or_water"
    INSULATION_SOUND = "insulation_sound"
    TERMINALS_PROTECTED = "terminals_protected"
    PACKED_AND_SECURED = "packed_and_secured"


# An answer of no to these makes the goods critical, damaged, or not yet fit to leave.
CRITICAL_CHECKS = frozenset({Check.NO_HEAT_SMOKE_OR_GAS})
DAMAGE_CHECKS = frozenset(
    {
        Check.NO_LEAKAGE,
        Check.HOUSING_INTACT,
        Check.NO_DEFORMATION,
        Check.NO_FIRE_OR_WATER,
        Check.INSULATION_SOUND,
    },
)
PACKING_CHECKS = frozenset({Check.TERMINALS_PROTECTED, Check.PACKED_AND_SECURED})


class ChecklistIncomplete(Refused):
    """A question of the safety check without an answer."""

    message = N_("Answer every question of the safety check; %(missing)s are open.")


class NotPacked(Refused):
    """Terminals bare or goods loose: they may not leave, whatever their condition."""

    message = N_("Protect the terminals and pack and secure the goods; then check them again.")


@dataclass(frozen=True, slots=True)
class Transport:
    """How goods of a class travel by road. ``label`` is the danger label."""

    un_number: str
    special_provision: str
    packing: str
    label: str = "9A"
    may_fly: bool = False


_TRANSPORT = {
    DangerousGoodsClass.INTACT: Transport("UN3480", "", "P903 / LP903", may_fly=True),
    DangerousGoodsClass.INTACT_FOR_RECYCLING: Transport("UN3480", "SP377", "P909"),
    DangerousGoodsClass.DAMAGED: Transport("UN3480", "SP376", "P908 / LP904"),
    DangerousGoodsClass.CRITICAL: Transport("UN3480", "SP376", "P911 / LP906"),
}


def derive(checklist: Mapping[str, bool], *, is_for_recycling: bool) -> DangerousGoodsClass:
    """The class that a whole, signed checklist stands for; the worst answer decides.

    Refuses an open question and goods that are not packed.
    """
    missing = [check for check in Check if check.value not in checklist]
    if missing:
        raise ChecklistIncomplete(field=missing[0].value, missing=len(missing))
    wrong = {check for check in Check if not checklist[check.value]}
    if wrong & PACKING_CHECKS:
        raise NotPacked(field=min(wrong & PACKING_CHECKS).value)
    if wrong & CRITICAL_CHECKS:
        return DangerousGoodsClass.CRITICAL
    if wrong & DAMAGE_CHECKS:
        return DangerousGoodsClass.DAMAGED
    if is_for_recycling:
        return DangerousGoodsClass.INTACT_FOR_RECYCLING
    return DangerousGoodsClass.INTACT


def transport(goods: DangerousGoodsClass) -> Transport:
    """What the transport document of a class states."""
    return _TRANSPORT[goods]
