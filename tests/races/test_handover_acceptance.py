"""Two people of the receiver accept one handover at the same time: it is accepted once."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from hands import prepared
from make import NOW

from listings import db
from listings.custody import holdings, log
from listings.custody.log import Holding
from listings.errors import Conflict
from market import handed_over, handovers
from market.handovers import Finding, Handover, HandoverState, Verdict
from market.settlements import SettlementBatch


@pytest.fixture
def arrived(database):
    """The id of an arrived handover, two people who may accept it, and its packs."""
    with prepared(database) as trade:
        second = trade.make.member(trade.buyer)
        handover = trade.arrived()
        packs = [pack.id for pack in trade.packs]
        return handover.id, (trade.receiver, second), packs, trade.tick()


def accept_together(arrived):
    handover_id, people, packs, at = arrived
    together, ended = threading.Barrier(2, timeout=20), []

    def accept(acting):
        try:
            with db.transaction() as session:
                session.get(Handover, handover_id)
                together.wait()
                verdicts = {ident: Verdict(Finding.ACCEPTED) for ident in packs}
                handovers.accept(session, acting, handover_id, verdicts=verdicts, at=at)
            ended.append("accepted")
        except (Conflict, sa.exc.DBAPIError) as refusal:
            ended.append(type(refusal).__name__)

    threads = [threading.Thread(target=accept, args=(acting,)) for acting in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ended)


def test_two_acceptances_at_once_make_one(arrived):
    assert accept_together(arrived) == ["WrongState", "accepted"]
    with db.transaction() as session:
        handover = session.get(Handover, arrived[0])
        assert handover.state is HandoverState.ACCEPTED
        kinds = session.scalars(sa.select(log.Leaf.kind).order_by(log.Leaf.sequence)).all()
        assert kinds == ["release", "acceptance", "title"]
        assert session.scalar(sa.select(sa.func.count()).select_from(SettlementBatch)) == 1
        assert log.verify(session) == []
        assert holdings.verify(session) == []


def test_without_the_locks_both_see_the_goods_arrived(arrived, monkeypatch):
    """The negative control: read instead of locked, the row lets both through its check."""
    passed, both = [], threading.Barrier(2, timeout=20)

    def unlocked(session, acting, handover_id):
        handover = session.get(Handover, handover_id)
        passed.append(handover.state)
        both.wait()
        return handover, [line.pack for line in handover.lines]

    monkeypatch.setattr(handed_over, "locked_with_goods", unlocked)
    ended = accept_together(arrived)
    assert passed == [HandoverState.ARRIVED, HandoverState.ARRIVED]
    # The database still has the last word: one batch a handover, one present holder a pack.
    assert ended.count("accepted") == 1
    assert "WrongState" not in ended
    with db.transaction() as session:
        standing = sa.select(Holding.pack_id).where(
            Holding.until.is_(None), Holding.what == "holder"
        )
        found = session.scalars(standing).all()
        assert sorted(set(found)) == sorted(found)


def test_two_handovers_of_one_pack_at_once_open_once(database):
    with prepared(database) as trade:
        people, award_id = (trade.seller, trade.receiver), trade.award.id
        packs, at = [pack.id for pack in trade.packs], trade.tick()
    together, ended = threading.Barrier(2, timeout=20), []

    def open_one(acting):
        try:
            together.wait()
            with db.transaction() as session:
                handovers.open(session, acting, award_id, pack_ids=packs, at=at)
            ended.append("opened")
        except Conflict as refusal:
            ended.append(type(refusal).__name__)

    threads = [threading.Thread(target=open_one, args=(acting,)) for acting in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["PackInHandover", "opened"]
    assert at >= NOW
