"""Acceptances: the receiver signs what it found, possession passes, and the batch is settled."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm

from listings import journal
from listings.custody import events, holdings, log
from listings.custody.events import Found, Weighing
from listings.errors import N_, Refused
from listings.lots import LotPack
from listings.packs import Pack
from listings.parties import Acting, by, demand
from market import amounts, disclosures, handed_over, notices, records, settlements, titles
from market.auctions import PriceBasis
from market.handed_over import (
    Capacity,
    Discrepancy,
    Finding,
    Handover,
    HandoverLine,
    HandoverState,
)
from market.pens import PLATFORM, Pen
from market.releases import OnePersonBothSides
from pricing.comparables import ExclusionKind

ENDED = N_(
    "The receiver recorded handover %(number)s: %(accepted)s of %(declared)s packs accepted."
)
KG_PER_TONNE = 1000
_PLACES = Decimal("0.0001")


class FindingMissing(Refused):
    """A declared pack about which nothing was said, or a pack that was never declared."""

    message = N_(
        "Say for each of the %(declared)s packs whether it is accepted, rejected or missing."
    )


class DiscrepancyMissing(Refused):
    """A rejection without a reason."""

    message = N_("Say what is wrong with pack %(pack)s: a rejection needs its reason.")


class WeighbridgeMissing(Refused):
    """A sale by the tonne without a ticket."""

    message = N_("This sale is settled by the tonne. Enter gross and tare of the accepted packs.")


class WeighbridgeWrong(Refused):
    """Gross below tare, or half a ticket."""

    message = N_("Enter both gross and tare in kg; gross is not below tare.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the receiver says of one pack."""

    finding: Finding
    discrepancy: Discrepancy | None = None
    note: str = ""


def accept(
    session: orm.Session,
    acting: Acting,
    handover_id: uuid.UUID,
    *,
    verdicts: Mapping[int, Verdict],
    gross_kg: Decimal | None = None,
    tare_kg: Decimal | None = None,
    ticket: str = "",
    reservation: str = "",
    at: datetime,
    pen: Pen = PLATFORM,
) -> Handover:
    """The receiver signs its findings, one for each declared pack by its id.

    Accepted packs are the receiver's to hold from now on, the others stay with the releaser. The
    batch is settled by the accepted quantity, and title passes where that is paid. Weights in kg
    from the weighbridge; a sale by the tonne weighs the accepted packs. Refuses open findings, a
    rejection without a reason, and half a ticket. ``pen`` is what the person signs with.
    """
    demand(acting, "handover:sign")
    handover, packs = handed_over.locked_with_goods(session, acting, handover_id)
    handed_over.demand_state(handover, HandoverState.ARRIVED)
    handed_over.demand_capacity(handover, acting, Capacity.RECEIVER)
    handed_over.demand_after(handover, pen.instant(at), handover.released_at, handover.arrived_at)
    weighing = _weighing(handover, gross_kg, tare_kg, ticket)
    _note_findings(handover, verdicts)
    handover.reservation = reservation.strip()
    handover.state, handover.ended_at = _outcome(handover), at
    session.flush()
    quantity = _quantity(session, handover, packs, weighing)
    settlements.accept_batch(session, handover.award_id, handover.id, quantity, at=at)
    leaf = _sign(session, acting, handover, packs, weighing=weighing, at=at, pen=pen)
    handover.acceptance_leaf = leaf.sequence
    accepted = _accepted(handover, packs)
    holdings.pass_on(
        session, accepted, "holder", handover.receiver_id, at=at, leaf_sequence=leaf.sequence
    )
    for pack in accepted:
        pack.site_id = None
    _free(session, handover)
    _dispute(session, handover, len(accepted), at)
    journal.record(
        session,
        "handover:accepted",
        handover,
        at=at,
        **by(acting),
        leaf=leaf.sequence,
        quantity=str(quantity),
    )
    _tell(session, handover, at)
    titles.pass_title(session, handover, at=at)
    session.flush()
    return handover


def _weighing(
    handover: Handover, gross_kg: Decimal | None, tare_kg: Decimal | None, ticket: str
) -> Weighing | None:
    if gross_kg is None and tare_kg is None:
        return None
    if gross_kg is None or tare_kg is None or not 0 <= tare_kg <= gross_kg:
        raise WeighbridgeWrong(field="gross_kg")
    handover.gross_kg, handover.tare_kg = gross_kg, tare_kg
    handover.weighbridge_ticket = ticket.strip()
    return Weighing(gross_kg, tare_kg, handover.weighbridge_ticket)


def _note_findings(handover: Handover, verdicts: Mapping[int, Verdict]) -> None:
    if set(verdicts) != {line.pack_id for line in handover.lines}:
        raise FindingMissing(field="findings", declared=len(handover.lines))
    for line in handover.lines:
        verdict = verdicts[line.pack_id]
        if verdict.finding is Finding.REJECTED and verdict.discrepancy is None:
            raise DiscrepancyMissing(field=f"discrepancy_{line.pack_id}", pack=line.pack.name)
        line.finding, line.is_open = verdict.finding, False
        line.discrepancy = verdict.discrepancy.value if verdict.discrepancy else ""
        line.note = verdict.note.strip()


def _outcome(handover: Handover) -> HandoverState:
    accepted = [line.finding is Finding.ACCEPTED for line in handover.lines]
    if not any(accepted):
        return HandoverState.REJECTED
    if not all(accepted):
        return HandoverState.PART_REJECTED
    if handover.reservation:
        return HandoverState.ACCEPTED_WITH_RESERVATION
    return HandoverState.ACCEPTED


def _accepted(handover: Handover, packs: Sequence[Pack]) -> list[Pack]:
    kept = {line.pack_id for line in handover.lines if line.finding is Finding.ACCEPTED}
    return [pack for pack in packs if pack.id in kept]


def _quantity(
    session: orm.Session, handover: Handover, packs: Sequence[Pack], weighing: Weighing | None
) -> Decimal:
    """What was accepted in the unit of the price: kWh of nameplate, tonnes, packs, share of a lot.

    Tonnes come from the weighbridge where the quantity is settled by it, else from the register.
    """
    accepted = _accepted(handover, packs)
    basis = handover.award.auction.price_basis
    if basis is PriceBasis.PER_PACK:
        return Decimal(len(accepted))
    if basis is PriceBasis.PER_KWH:
        return sum((pack.type.rated_energy_kwh for pack in accepted), Decimal(0))
    if basis is PriceBasis.PER_TONNE:
        return _tonnes(handover, accepted, weighing)
    lot_id = handover.award.lot_id
    count = sa.select(sa.func.count()).select_from(LotPack).where(LotPack.lot_id == lot_id)
    return (Decimal(len(accepted)) / (session.scalar(count) or 1)).quantize(_PLACES)


def _tonnes(handover: Handover, accepted: Sequence[Pack], weighing: Weighing | None) -> Decimal:
    if not accepted:
        return Decimal(0)
    if weighing is not None:
        return (weighing.net_kg / KG_PER_TONNE).quantize(_PLACES)
    if amounts.is_measured(handover.award.auction):
        raise WeighbridgeMissing(field="gross_kg")
    masses = (pack.mass_kg or pack.type.mass_kg for pack in accepted)
    return (sum(masses, Decimal(0)) / KG_PER_TONNE).quantize(_PLACES)


def _sign(
    session: orm.Session,
    acting: Acting,
    handover: Handover,
    packs: Sequence[Pack],
    *,
    weighing: Weighing | None,
    at: datetime,
    pen: Pen,
) -> log.Leaf:
    assert handover.arrived_at is not None
    release = session.get_one(log.Leaf, handover.release_leaf)
    record = events.acceptance(
        records.head(session, handover, at=at, pen=pen),
        records.party(handover.receiver),
        release.leaf_hash.hex(),
        records.goods(session, packs),
        [_found(session, handover, line, pen) for line in handover.lines],
        state=handover.state.value,
        arrived_at=handover.arrived_at,
        weighing=weighing,
        reservation=records.commit_text(session, handover, handover.reservation, pen=pen),
    )
    # The releaser's proof is the first: the taker may be the receiver, who signs again here.
    if records.signers(session, log.parsed(release))[0] == acting.user_id:
        raise OnePersonBothSides
    signed = records.sign(session, record, handover, acting, Capacity.RECEIVER, at=at, pen=pen)
    return records.append(session, signed, handover, [pack.id for pack in packs], at=at)


def _found(session: orm.Session, handover: Handover, line: HandoverLine, pen: Pen) -> Found:
    assert line.finding is not None
    note = records.commit_text(session, handover, line.note, pen=pen)
    return Found(line.pack.name, line.finding.value, line.discrepancy, note)


def _dispute(session: orm.Session, handover: Handover, accepted: int, at: datetime) -> None:
    """Goods that the buyer did not take leave open what was paid for which: no comparable."""
    if accepted < len(handover.lines):
        reason = f"{handover.number}: {accepted} of {len(handover.lines)} packs accepted"
        disclosures.exclude(session, handover.award, ExclusionKind.DISPUTE, reason, at=at)


def _free(session: orm.Session, handover: Handover) -> None:
    """Packs that the buyer did not take may be offered again."""
    left = [line.pack_id for line in handover.lines if line.finding is not Finding.ACCEPTED]
    session.execute(
        sa.update(LotPack)
        .where(LotPack.lot_id == handover.award.lot_id, LotPack.pack_id.in_(left))
        .values(is_open=False),
    )


def _tell(session: orm.Session, handover: Handover, at: datetime) -> None:
    accepted = sum(line.finding is Finding.ACCEPTED for line in handover.lines)
    for organisation_id in {handover.owner_id, handover.releaser_id, handover.receiver_id}:
        notices.tell(
            session,
            organisation_id,
            ENDED,
            at=at,
            link=f"/handovers/{handover.id}",
            number=handover.number,
            accepted=accepted,
            declared=len(handover.lines),
        )
