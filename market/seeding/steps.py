"""Steps of a sale from publication to payout, each by the people who would take it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from listings import days, lots
from listings.lots import Route
from listings.money import Money
from listings.parties import Acting
from market import (
    auctions,
    bank,
    bids,
    claims,
    contracts,
    deposits,
    documents,
    handovers,
    papers,
    settlements,
)
from market.bank import Direction, Purpose
from market.handovers import Finding, Verdict
from market.rules.dangerous_goods import Check
from market.seeding.stage import Stage
from market.terms import Terms
from pricing import values

CHARGE: Final = Decimal(20)
"""State of charge [%] at which goods of the seed leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A lot to be: its packs, its words and the people of the seller."""

    seller: str
    title: str
    route: Route
    packs: Sequence[int]
    description: str = ""
    vehicles: Sequence[int] = ()
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class Carriage:
    """How goods leave: by a carrier's mailbox, or collected where that is empty."""

    carrier: str = ""
    waybill: str = ""
    seal: str = ""
    plate: str = ""


def draft(stage: Stage, offer: Offer, *, at: datetime) -> int:
    """Group packs into a lot; its id."""
    with stage.begin() as session:
        lot = lots.draft(
            session,
            stage.by(offer.seller),
            title=offer.title,
            route=offer.route,
            pack_ids=offer.packs,
            vehicle_ids=offer.vehicles,
            site_id=offer.site_id,
            description=offer.description,
            at=at,
        )
        return lot.id


def publish(stage: Stage, lot_id: int, seller: str, terms: Terms, *, at: datetime) -> int:
    """Put a lot on sale and let the valuer's guide say what it is worth; the sale's id."""
    with stage.begin() as session:
        auction = auctions.publish(session, stage.by(seller), lot_id, terms, at=at)
        session.flush()
        auction_id = auction.id
    with stage.begin() as session:
        values.for_lot(session, lot_id, at=at)
    return auction_id


def put_down(stage: Stage, auction_id: int, bidder: str, *, at: datetime) -> int:
    """Ask for a deposit, and let the operator find it on the statement; its id."""
    acting = stage.by(bidder)
    with stage.begin() as session:
        deposit = deposits.request(session, acting, auction_id, at=at)
        session.flush()
        amount, ident = Money(deposit.amount_minor, deposit.currency), deposit.id
    transfer(stage, Purpose.DEPOSIT, ident, acting.organisation_id, amount, at=at)
    return ident


def transfer(
    stage: Stage,
    purpose: Purpose,
    subject_id: int,
    party_id: int,
    amount: Money,
    *,
    at: datetime,
    is_confirmed: bool = True,
) -> int:
    """Record a line of the bank's statement, and confirm it by another person; its id."""
    with stage.begin() as session:
        recorded = bank.record(
            session,
            stage.by("cashier"),
            direction=Direction.IN if purpose in bank.INWARD else Direction.OUT,
            purpose=purpose,
            subject_id=subject_id,
            account_number=stage.accounts[party_id],
            amount=amount,
            statement_line=f"{days.of(at):%Y%m%d}-{purpose.value}-{subject_id}",
            booked_on=days.of(at),
            at=at,
        )
        session.flush()
        ident = recorded.id
    if is_confirmed:
        with stage.begin() as session:
            bank.decide(
                session,
                stage.by("controller"),
                ident,
                confirm=True,
                at=at + timedelta(minutes=10),
            )
    return ident


def bid(stage: Stage, auction_id: int, bidder: str, yuan: str, *, at: datetime) -> bids.Placed:
    """Bid up to so many yuan for each unit of the price basis."""
    with stage.begin() as session:
        return bids.place(
            session,
            stage.by(bidder),
            auction_id,
            Money.parse(yuan, "CNY"),
            clock=lambda: at,
            form_key=uuid.uuid4().hex,
        )


def claim(stage: Stage, auction_id: int, people: tuple[str, str], *, at: datetime) -> int:
    """Claim a lot at its fixed price: one person prepares, another approves; the award's id."""
    first, second = map(stage.by, people)
    with stage.begin() as session:
        proposal = claims.prepare(session, first, auction_id, at=at)
        session.flush()
        ident = proposal.id
    approved_at = at + timedelta(minutes=25)
    with stage.begin() as session:
        return claims.approve(session, second, ident, clock=lambda: approved_at).id


def close(stage: Stage, auction_id: int, *, at: datetime) -> int | None:
    """End a sale; the id of its award, or None where the lot passed."""
    with stage.begin() as session:
        award = auctions.close(session, auction_id, clock=lambda: at)
        return award.id if award is not None else None


def sign(stage: Stage, award_id: int, *, at: datetime) -> None:
    """Both parties hand in the contract as their scan of it, the seller first."""
    with stage.begin() as session:
        contract = contracts.of(session, award_id)
        ident = contract.id
        parties = (contract.award.seller_id, contract.award.buyer_id)
        paper = papers.contract(session, contract.award)
    for minutes, party in enumerate(parties):
        signed_at = at + timedelta(minutes=minutes)
        content = documents.render(paper, locale="zh_Hans_CN", at=signed_at)
        with stage.begin() as session:
            contracts.upload_scan(
                session,
                stage.signer(party),
                ident,
                content=content,
                filename="contract.pdf",
                signed_on=days.of(at),
                at=signed_at,
            )


def pay(stage: Stage, award_id: int, *, at: datetime, is_confirmed: bool = True) -> Money:
    """The payer transfers what is outstanding; the amount."""
    with stage.begin() as session:
        settlement = settlements.of(session, award_id)
        amount = Money(settlement.outstanding_minor, settlement.currency)
        ident, payer = settlement.id, settlement.payer_id
    if amount.minor:
        transfer(stage, Purpose.PRICE, ident, payer, amount, at=at, is_confirmed=is_confirmed)
    return amount


def pay_out(stage: Stage, award_id: int, *, at: datetime) -> Money:
    """The operator sends refunds, the seller's money and its own fee on their way; the payout."""
    with stage.begin() as session:
        settlement = settlements.of(session, award_id)
        refund = Money(settlement.refund_due_minor, settlement.currency)
        payout = Money(settlement.payout_due_minor, settlement.currency)
        ident, payer, payee = settlement.id, settlement.payer_id, settlement.payee_id
    if refund.minor:
        transfer(stage, Purpose.PRICE_REFUND, ident, payer, refund, at=at)
    if payout.minor:
        transfer(stage, Purpose.PAYOUT, ident, payee, payout, at=at)
    return payout


def prepare_handover(
    stage: Stage,
    award_id: int,
    packs: Sequence[int],
    sides: tuple[str, str],
    carriage: Carriage,
    *,
    at: datetime,
) -> uuid.UUID:
    """Open a handover, agree to it and check the goods, releaser and receiver; its id."""
    giving, taking = stage.by(sides[0]), stage.by(sides[1])
    carrier = stage.by(carriage.carrier).organisation_id if carriage.carrier else None
    with stage.begin() as session:
        opened = handovers.open(
            session, giving, award_id, pack_ids=packs, carrier_id=carrier, at=at
        )
        ident = opened.id
    for minutes, acting in ((5, giving), (15, taking)):
        with stage.begin() as session:
            handovers.agree(session, acting, ident, at=at + timedelta(minutes=minutes))
    for minutes, acting in ((60, giving), (70, taking)):
        with stage.begin() as session:
            handovers.check(
                session,
                acting,
                ident,
                checklist={one.value: True for one in Check},
                soc_percent=CHARGE,
                at=at + timedelta(minutes=minutes),
            )
    return ident


def release(
    stage: Stage, ident: uuid.UUID, signers: tuple[str, str], carriage: Carriage, *, at: datetime
) -> None:
    """Releaser and taker sign, and the goods leave."""
    giving, taking = stage.by(signers[0]), stage.by(signers[1])
    with stage.begin() as session:
        handovers.sign_release(
            session,
            giving,
            ident,
            waybill=carriage.waybill,
            seal=carriage.seal,
            vehicle_plate=carriage.plate,
            at=at,
        )
    with stage.begin() as session:
        handovers.sign_release(session, taking, ident, at=at + timedelta(minutes=5))


def accept(
    stage: Stage,
    ident: uuid.UUID,
    packs: Sequence[int],
    signer: str,
    *,
    weighed: tuple[str, str] | None = None,
    at: datetime,
) -> None:
    """The receiver says that the goods are there, weighs them and accepts every pack."""
    acting: Acting = stage.by(signer)
    gross, tare = (Decimal(kg) for kg in weighed) if weighed else (None, None)
    with stage.begin() as session:
        handovers.arrive(session, acting, ident, at=at)
    with stage.begin() as session:
        handovers.accept(
            session,
            acting,
            ident,
            verdicts={pack_id: Verdict(Finding.ACCEPTED) for pack_id in packs},
            gross_kg=gross,
            tare_kg=tare,
            ticket=f"GB-{days.of(at):%Y%m%d}-01" if weighed else "",
            at=at + timedelta(hours=2),
        )
