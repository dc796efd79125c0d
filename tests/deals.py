"""Sold lots that tests of money start from."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from make import NOW, Make
from sqlalchemy import orm

from listings.lots import LotState
from listings.parties import Acting, Kind, Organisation, Role
from market import awards, deposits, settlements
from market.auctions import Auction, AuctionState
from market.awards import Award
from market.bids import Bid
from market.deposits import Deposit, DepositState
from market.handovers import Finding, Handover, HandoverLine, HandoverState
from market.settlements import Settlement


@dataclass
class Deal:
    """One award with everybody around it."""

    session: orm.Session
    seller: Organisation
    buyer: Organisation
    operator: Organisation
    recorder: Acting
    confirmer: Acting
    auction: Auction
    award: Award
    settlement: Settlement
    deposit: Deposit | None

    def hand_over(self, packs: list[int] | None = None, *, rejected: tuple[int, ...] = ()):
        """An ended handover of these packs (all by default), with its findings."""
        session = self.session
        idents = packs if packs is not None else [pack.id for pack in self.auction.lot.packs]
        handover = Handover(
            id=uuid.uuid4(),
            number=f"H-{uuid.uuid4()}",
            award_id=self.award.id,
            owner_id=self.seller.id,
            releaser_id=self.seller.id,
            receiver_id=self.buyer.id,
            state=HandoverState.ARRIVED,
            opened_at=NOW,
            released_at=NOW,
        )
        session.add(handover)
        session.flush()
        for ident in idents:
            finding = Finding.REJECTED if ident in rejected else Finding.ACCEPTED
            line = HandoverLine(
                handover_id=handover.id, pack_id=ident, is_open=False, finding=finding
            )
            session.add(line)
        session.flush()
        return handover


def fresh(session: orm.Session) -> None:
    """What follows counts as another transaction, which locks from the beginning."""
    session.info.pop("locks", None)


def place(make: Make, auction: Auction, buyer: Organisation, user_id: int, hammer: int) -> Bid:
    """The winning bid of a sale that is over."""
    bid = Bid(
        auction_id=auction.id,
        number=auction.bid_count + 1,
        bidder_id=buyer.id,
        user_id=user_id,
        maximum_minor=hammer,
        placed_at=NOW,
        price_minor=hammer,
        leader_id=buyer.id,
        ends_at=auction.closes_at,
        form_key=str(uuid.uuid4()),
    )
    make._add(bid)
    auction.leader_id, auction.leader_maximum_minor = buyer.id, hammer
    auction.leading_bid_id, auction.price_minor = bid.id, hammer
    auction.state, auction.bid_count = AuctionState.AWARDED, auction.bid_count + 1
    auction.lot.state = LotState.AWARDED
    return bid


def sell(
    make: Make,
    hammer: int,
    *,
    deposit: int = 0,
    energies: tuple[str, ...] = ("64",),
    seller: Organisation | None = None,
    lot=None,
    **terms,
) -> Deal:
    """A lot of packs of these nameplate energies (kWh), awarded at NOW with the deposit held."""
    fresh(make.session)
    seller = seller or make.organisation(Kind.FLEET_OWNER)
    buyer = make.recycler()
    operator = make.organisation(Kind.OPERATOR)
    person = make.member(buyer)
    make.member(seller)
    if lot is None:
        packs = [
            make.pack(seller, make.pack_type(rated_energy_kwh=Decimal(kwh))) for kwh in energies
        ]
        lot = make.lot(seller, packs)
    auction = make.auction(lot, deposit_minor=deposit, **terms)
    held = None
    if deposit:
        held = make._add(
            Deposit(
                auction_id=auction.id,
                bidder_id=buyer.id,
                amount_minor=deposit,
                reference=f"D{auction.id}-{buyer.id}",
                requested_by=person.user_id,
                requested_at=NOW,
                state=DepositState.REQUIRED,
            )
        )
        deposits.hold(make.session, held.id, at=NOW)
    bid = place(make, auction, buyer, person.user_id, hammer)
    make.session.flush()
    award = awards.make(make.session, auction, bid, at=NOW)
    fresh(make.session)
    return Deal(
        session=make.session,
        seller=seller,
        buyer=buyer,
        operator=operator,
        recorder=make.member(operator, Role.CLERK),
        confirmer=make.member(operator, Role.APPROVER),
        auction=auction,
        award=award,
        settlement=settlements.of(make.session, award.id),
        deposit=held,
    )


LATER = NOW + timedelta(days=1)
OVERDUE = NOW + timedelta(days=6)
