"""Two firms claim one lot at the same moment: one buys it."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from make import NOW, Make

from listings import db
from listings.errors import Conflict
from listings.parties import Organisation, Role
from market import auctions, claims, proposals, recomputation
from market.auctions import Auction, AuctionState, Format
from market.awards import Award
from market.bids import BidProposal, ProposalState
from market.claims import AlreadyClaimed
from market.deposits import Deposit, DepositState


@pytest.fixture
def offer(sale):
    """Committed: the sale of `sale`, at a fixed price; both firms' deposits are held."""
    auction_id, firms, held = sale
    with db.transaction() as session:
        auction = session.get_one(Auction, auction_id)
        auction.format, auction.start_minor = Format.FIXED_PRICE, 100_000
    return auction_id, firms, held


def claiming(acting, auction_id, *, key, clock=lambda: NOW):
    def act(session):
        return claims.claim(session, acting, auction_id, clock=clock, form_key=key)

    return act


def standing(auction_id):
    """How many awards of the sale stand."""
    with db.transaction() as session:
        count = sa.select(sa.func.count(Award.id)).where(Award.auction_id == auction_id)
        return session.scalar(count)


@pytest.mark.parametrize("round_", range(5))
def test_of_two_claims_at_the_same_moment_one_buys(race, offer, round_):
    auction_id, firms, held = offer
    ended = race(
        *(claiming(firm, auction_id, key=key) for firm, key in zip(firms, "ab", strict=True))
    )
    assert sorted(type(end).__name__ for end in ended) == ["AlreadyClaimed", "Award"]
    winner = next(place for place, end in enumerate(ended) if isinstance(end, Award))
    with db.transaction() as session:
        auction = session.get_one(Auction, auction_id)
        assert (auction.state, auction.bid_count) == (AuctionState.AWARDED, 1)
        assert auction.leader_id == firms[winner].organisation_id
        states = [session.get_one(Deposit, ident).state for ident in held]
        assert states[winner] is DepositState.HELD
        assert states[1 - winner] is DepositState.RELEASED
        assert [*recomputation.sales(session), *recomputation.awards(session)] == []
    assert standing(auction_id) == 1


def test_a_double_click_at_the_same_moment_is_one_award(race, offer):
    auction_id, (john, _), _ = offer
    ended = race(*[claiming(john, auction_id, key="same")] * 2)
    assert len({award.id for award in ended}) == 1
    assert standing(auction_id) == 1


def test_a_claim_and_the_closing_do_not_cross(race, offer):
    auction_id, (john, _), _ = offer
    with db.transaction() as session:
        end = session.get_one(Auction, auction_id).closes_at
    claimed, closed = race(
        claiming(john, auction_id, key="last"),
        lambda session: auctions.close(session, auction_id, clock=lambda: end),
    )
    if isinstance(claimed, Award):
        assert closed is None or closed.id == claimed.id
        assert standing(auction_id) == 1
    else:
        assert isinstance(claimed, auctions.SaleOver)
        assert closed is None
        assert standing(auction_id) == 0


NUMBERS = "ALTER TABLE bid DROP CONSTRAINT uq_bid_auction_id_number"
AWARDS = "DROP INDEX uq_award_standing"


@pytest.fixture
def unlocked(race, offer, database, monkeypatch):
    """How two claims end that decide on what they read, without a lock, both having read it, where
    the database lacks what the given statements drop.
    """
    monkeypatch.setattr(db, "lock", lambda session, row_type, ident: session.get(row_type, ident))
    both_have_read = threading.Barrier(2)
    auction_id, (john, jane), _ = offer

    def clock():
        both_have_read.wait(10)
        return NOW

    def run(*statements, first=None):
        owner = db.make_engine(database, role=None, poolclass=sa.NullPool)
        with owner.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))
        act = first(clock) if first else claiming(john, auction_id, key="a", clock=clock)
        return race(
            act,
            claiming(jane, auction_id, key="b", clock=clock),
        )

    return run


@pytest.mark.parametrize(
    ("dropped", "last_word"),
    [((), "uq_bid_auction_id_number"), ((NUMBERS,), "uq_award_standing")],
)
def test_without_the_lock_the_database_refuses_the_second_claim(
    unlocked, offer, dropped, last_word
):
    """The negative control: both see an unclaimed lot, and a unique index has the last word."""
    [lost] = [end for end in unlocked(*dropped) if not isinstance(end, Award)]
    assert isinstance(lost, Conflict)
    assert not isinstance(lost, AlreadyClaimed)
    assert last_word in str(lost.__cause__)
    assert standing(offer[0]) == 1


def test_without_the_lock_and_the_indexes_both_would_buy(unlocked, offer):
    """The race is real: nothing else in the way decides it."""
    assert [type(end) for end in unlocked(NUMBERS, AWARDS)] == [Award, Award]
    assert standing(offer[0]) == 2


def approving(acting, proposal_id, *, clock=lambda: NOW):
    def act(session):
        return claims.approve(session, acting, proposal_id, clock=clock)

    return act


@pytest.fixture
def waiting(offer):
    """Committed: the first firm has four eyes now and prepared its claim; who approves, and it."""
    auction_id, (john, _), _ = offer
    with db.transaction() as session:
        firm = session.get_one(Organisation, john.organisation_id)
        firm.has_four_eyes = True
        approver = Make(session).member(firm, Role.APPROVER)
    with db.transaction() as session:
        return approver, claims.prepare(session, john, auction_id, at=NOW).id


@pytest.mark.parametrize("round_", range(5))
def test_of_an_approval_and_a_claim_at_the_same_moment_one_buys(race, offer, waiting, round_):
    auction_id, (_, jane), _ = offer
    ended = race(approving(*waiting), claiming(jane, auction_id, key="b"))
    assert sorted(type(end).__name__ for end in ended) == ["AlreadyClaimed", "Award"]
    is_approved = isinstance(ended[0], Award)
    with db.transaction() as session:
        state = session.get_one(BidProposal, waiting[1]).state
        assert state is (ProposalState.APPROVED if is_approved else ProposalState.PREPARED)
        assert [*recomputation.sales(session), *recomputation.awards(session)] == []
    assert standing(auction_id) == 1


def test_two_approvals_at_the_same_moment_are_one_award(race, offer, waiting):
    ended = race(*[approving(*waiting)] * 2)
    assert len({award.id for award in ended}) == 1
    assert standing(offer[0]) == 1


def test_an_approval_and_giving_up_end_a_proposal_once(race, offer, waiting):
    approver, ident = waiting
    approved, given_up = race(
        approving(approver, ident),
        lambda session: proposals.reject(session, approver, ident, at=NOW),
    )
    assert isinstance(approved, Award) != isinstance(given_up, BidProposal)
    assert standing(offer[0]) == isinstance(approved, Award)


def test_without_the_lock_and_the_indexes_an_approval_and_a_claim_would_both_buy(
    unlocked, offer, waiting
):
    """The negative control of the race between an approval and a claim."""
    ended = unlocked(NUMBERS, AWARDS, first=lambda clock: approving(*waiting, clock=clock))
    assert [type(end) for end in ended] == [Award, Award]
    assert standing(offer[0]) == 2


def test_without_the_lock_the_database_refuses_an_approval_or_a_claim(unlocked, offer, waiting):
    ended = unlocked(first=lambda clock: approving(*waiting, clock=clock))
    [lost] = [end for end in ended if not isinstance(end, Award)]
    assert isinstance(lost, Conflict)
    assert "uq_bid_auction_id_number" in str(lost.__cause__)
    assert standing(offer[0]) == 1
