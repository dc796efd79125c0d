"""Whatever people try in whatever order: one holder a pack, one open handover, a log that holds."""

from __future__ import annotations

import itertools
from decimal import Decimal

import sqlalchemy as sa
from hands import SAFE, Trade
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from make import Make
from sqlalchemy import orm

from listings.custody import holdings, log
from listings.custody.log import Holding
from listings.errors import DomainError
from market import handovers
from market.handovers import Discrepancy, Finding, Handover, HandoverState, Verdict

PEOPLE = st.sampled_from(["releaser", "receiver", "seller"])
ENDED = set(HandoverState) - handovers.OPEN_STATES


class Steps(RuleBasedStateMachine):
    """Two packs of one award; every step by anybody, allowed or refused."""

    engine: sa.Engine

    def __init__(self):
        super().__init__()
        self.connection = self.engine.connect()
        self.outer = self.connection.begin()
        self.session = orm.Session(
            self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        self.trade = Trade(Make(self.session))
        self.signed = {}
        self.trade.tick()

    def teardown(self):
        assert log.verify(self.session) == []
        self.session.close()
        self.outer.rollback()
        self.connection.close()

    def attempt(self, step, *args, **more):
        """One transaction: done, or refused without a trace."""
        at = self.trade.tick()
        try:
            step(self.session, *args, at=at, **more)
        except DomainError:
            self.session.rollback()
            self.session.begin()

    def handovers(self):
        return list(self.session.scalars(sa.select(Handover).order_by(Handover.number)))

    def one(self, number):
        found = self.handovers()
        return found[number % len(found)].id

    @rule(person=PEOPLE, packs=st.sampled_from([(0,), (1,), (0, 1)]))
    def open(self, person, packs):
        idents = [self.trade.packs[index].id for index in packs]
        acting = getattr(self.trade, person)
        self.attempt(handovers.open, acting, self.trade.award.id, pack_ids=idents)

    @precondition(lambda self: self.handovers())
    @rule(person=PEOPLE, number=st.integers(0, 5))
    def agree(self, person, number):
        self.attempt(handovers.agree, getattr(self.trade, person), self.one(number))

    @precondition(lambda self: self.handovers())
    @rule(number=st.integers(0, 5))
    def both_agree_and_check(self, number):
        for person in (self.trade.releaser, self.trade.receiver):
            self.attempt(handovers.agree, person, self.one(number))
        for person in (self.trade.releaser, self.trade.receiver):
            facts = {"checklist": SAFE, "soc_percent": Decimal(20)}
            self.attempt(handovers.check, person, self.one(number), **facts)

    @precondition(lambda self: self.handovers())
    @rule(person=PEOPLE, number=st.integers(0, 5))
    def sign(self, person, number):
        self.attempt(handovers.sign_release, getattr(self.trade, person), self.one(number))

    @precondition(lambda self: self.handovers())
    @rule(number=st.integers(0, 5))
    def both_sign_and_arrive(self, number):
        for person in (self.trade.releaser, self.trade.receiver):
            self.attempt(handovers.sign_release, person, self.one(number))
        self.attempt(handovers.arrive, self.trade.receiver, self.one(number))

    @precondition(lambda self: self.handovers())
    @rule(person=PEOPLE, number=st.integers(0, 5))
    def arrive(self, person, number):
        self.attempt(handovers.arrive, getattr(self.trade, person), self.one(number))

    @precondition(lambda self: self.handovers())
    @rule(person=PEOPLE, number=st.integers(0, 5))
    def cancel(self, person, number):
        self.attempt(handovers.cancel, getattr(self.trade, person), self.one(number))

    @precondition(lambda self: self.handovers())
    @rule(
        person=PEOPLE,
        number=st.integers(0, 5),
        findings=st.tuples(st.sampled_from(Finding), st.sampled_from(Finding)),
    )
    def accept(self, person, number, findings):
        ident = self.one(number)
        lines = self.session.get(Handover, ident).lines
        verdicts = {
            line.pack_id: Verdict(
                finding, Discrepancy.DAMAGE_NEW if finding is Finding.REJECTED else None
            )
            for line, finding in zip(lines, findings, strict=False)
        }
        self.attempt(handovers.accept, getattr(self.trade, person), ident, verdicts=verdicts)

    @invariant()
    def each_pack_has_one_holder_and_one_owner_at_any_instant(self):
        ours = [pack.id for pack in self.trade.packs]
        # Packs of this test are made without the register, so the first period may be unwritten.
        known = set(self.session.scalars(sa.select(Holding.pack_id)))
        for pack in self.trade.packs:
            self.session.refresh(pack)
            if pack.id not in known:
                assert pack.holder_id == self.trade.workshop.id
                continue
            periods = [
                one for one in holdings.of_pack(self.session, pack.id) if one.what == "holder"
            ]
            assert periods[-1].organisation_id == pack.holder_id
            assert [one.until for one in periods].count(None) == 1
            for before, after in itertools.pairwise(periods):
                assert before.until == after.since
        assert len(ours) == 2

    @invariant()
    def a_pack_is_in_at_most_one_open_handover(self):
        for pack in self.trade.packs:
            taking = [
                handover
                for handover in self.handovers()
                for line in handover.lines
                if line.pack_id == pack.id and handover.state in handovers.OPEN_STATES
            ]
            assert len(taking) <= 1

    @invariant()
    def ended_handovers_are_found_in_full_and_signed(self):
        for handover in self.handovers():
            is_found = [line.finding is not None for line in handover.lines]
            if handover.state in ENDED - {HandoverState.CANCELLED}:
                assert all(is_found)
                assert handover.acceptance_leaf > handover.release_leaf
            else:
                assert not any(is_found)
                assert handover.acceptance_leaf is None

    @invariant()
    def nothing_signed_is_ever_edited(self):
        leaves = self.session.execute(sa.select(log.Leaf.sequence, log.Leaf.record)).all()
        for sequence, record in leaves:
            assert self.signed.setdefault(sequence, record) == record
        assert len(leaves) == len(self.signed)


def test_no_order_of_steps_breaks_custody(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("PACKBOURSE_DATA", str(tmp_path))
    Steps.engine = engine
    run_state_machine_as_test(
        Steps, settings=settings(max_examples=15, stateful_step_count=15, deadline=None)
    )
