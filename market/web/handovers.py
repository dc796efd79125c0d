"""Handovers: who passes which packs to whom, what comes next, and the papers of it."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, render_template, request, url_for
from sqlalchemy import orm

from listings import db, words
from listings.custody import devices, events, log
from listings.errors import N_, Forbidden, NotFound
from listings.parties import Acting, Kind, Organisation, OrganisationKind, may
from listings.words import gettext
from market import documents, handover_papers, handovers, records
from market.awards import Award
from market.handed_over import Capacity
from market.handovers import Finding, Handover, HandoverState
from market.rules import dangerous_goods
from market.rules.dangerous_goods import LARGEST_CHARGE_PERCENT, Check
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("handovers", __name__)

SIDES = (Capacity.RELEASER, Capacity.RECEIVER)


@dataclass(frozen=True, slots=True)
class Step:
    """One station of a handover: what it is called, when it was reached, what it says."""

    label: str
    is_done: bool
    is_now: bool
    at: datetime | None = None
    detail: str = ""


@blueprint.get("/handovers")
@member()
def index() -> Any:
    """The handovers that the organisation takes part in, newest first, and what may be opened."""
    acting = guard.acting()
    with db.transaction() as reading:
        rows = [
            (row, row.releaser, row.receiver, waits_for(row))
            for row in handovers.listed_for(reading, acting)
        ]
        waiting = _waiting(reading, acting) if may(acting, "handover:write") else []
        return render_template("handovers/index.html", rows=rows, waiting=waiting)


@blueprint.get("/handovers/new")
@guarded("handover:write")
def new() -> Any:
    """The form that opens a handover under an award."""
    acting = guard.acting()
    with db.transaction() as reading:
        award = _award(reading, acting)
        waiting = handovers.remaining(reading, award.id)
        entropy = secrets.token_bytes(events.ENTROPY_BYTES)
        return render_template(
            "handovers/new.html",
            award=award,
            packs=waiting,
            holders={pack.holder_id: pack.holder.called for pack in waiting},
            carriers=_carriers(reading),
            ident=events.uuid7(guard.now(), entropy),
        )


@blueprint.post("/handovers/new")
@again(new)
@guarded("handover:write")
def open_one() -> Any:
    """Draft a handover of the chosen packs."""
    form = Form(request.form)
    award_id = form.integer("award", required=True, most=2**62)
    pack_ids = form.identifiers("pack_ids")
    carrier_id = form.integer("carrier_id", most=2**62)
    form.check()
    with db.transaction() as writing:
        handover = handovers.open(
            writing,
            guard.acting(),
            award_id or 0,
            pack_ids=pack_ids,
            carrier_id=carrier_id,
            ident=uuid_of(form.text("ident")),
            at=guard.now(),
        )
    flash(
        gettext(
            N_("Handover %(number)s is drafted. Both sides agree next."), number=handover.number
        )
    )
    return go("handovers.show", handover_id=handover.id)


@blueprint.get("/handovers/<uuid:handover_id>")
@member()
def show(handover_id: uuid.UUID) -> Any:
    """One handover: its stations, the step that comes next, its goods and its signatures."""
    acting = guard.acting()
    with db.transaction() as reading:
        handover = handovers.seen_by(reading, acting, handover_id)
        goods = handover.dangerous_goods
        return render_template(
            "handovers/show.html",
            handover=handover,
            steps=stations(handover),
            waits=waits_for(handover),
            mine=my_step(handover, acting),
            capacities=handover.capacities(acting.organisation_id),
            may_cancel=may(acting, "handover:write") and _may_cancel(handover, acting),
            checks=list(Check),
            largest_charge=LARGEST_CHARGE_PERCENT,
            transport=dangerous_goods.transport(goods) if goods else None,
            leaves=leaves(reading, handover),
            vkey=next(iter(log.vkeys(reading)), ""),
            found={finding: _count(handover, finding) for finding in Finding},
        )


@blueprint.post("/handovers/<uuid:handover_id>/agree")
@again(show)
@guarded("handover:write")
def agree(handover_id: uuid.UUID) -> Any:
    """My side agrees."""
    with db.transaction() as writing:
        handovers.agree(writing, guard.acting(), handover_id, at=guard.now())
    flash(gettext(N_("Your side agreed.")))
    return go("handovers.show", handover_id=handover_id)


@blueprint.post("/handovers/<uuid:handover_id>/cancel")
@again(show)
@guarded("handover:write")
def cancel(handover_id: uuid.UUID) -> Any:
    """Give it up before release."""
    with db.transaction() as writing:
        handovers.cancel(writing, guard.acting(), handover_id, at=guard.now())
    flash(gettext(N_("The handover is cancelled.")))
    return go("handovers.show", handover_id=handover_id)


@blueprint.post("/handovers/<uuid:handover_id>/check")
@again(show)
@guarded("handover:write")
def check(handover_id: uuid.UUID) -> Any:
    """My side confirms the joint safety check."""
    form = Form(request.form)
    answers = {
        one.value: answer == "yes"
        for one in Check
        if (answer := form.text(one.value)) in {"yes", "no"}
    }
    soc_percent = form.decimal("soc_percent", required=True, most=100)
    form.check()
    assert soc_percent is not None
    with db.transaction() as writing:
        handover = handovers.check(
            writing,
            guard.acting(),
            handover_id,
            checklist=answers,
            soc_percent=soc_percent,
            at=guard.now(),
        )
        is_ready = handover.state is HandoverState.READY
    said = N_("Both sides confirmed. The goods may be released.")
    flash(gettext(said if is_ready else N_("Confirmed. The other side confirms the same answers.")))
    return go("handovers.show", handover_id=handover_id)


@blueprint.post("/handovers/<uuid:handover_id>/arrive")
@again(show)
@guarded("handover:write")
def arrive(handover_id: uuid.UUID) -> Any:
    """The goods are at the gate."""
    with db.transaction() as writing:
        handovers.arrive(writing, guard.acting(), handover_id, at=guard.now())
    flash(gettext(N_("The arrival is on record.")))
    return go("handovers.show", handover_id=handover_id)


@blueprint.get("/handovers/<uuid:handover_id>/release")
@guarded("handover:sign")
def confirm_release(handover_id: uuid.UUID) -> Any:
    """The facts of the release once more, before the signature."""
    acting = guard.acting()
    with db.transaction() as reading:
        handover = handovers.seen_by(reading, acting, handover_id)
        if my_step(handover, acting) not in {"sign_release", "sign_taking"}:
            raise Forbidden
        assert handover.dangerous_goods is not None
        return render_template(
            "handovers/release.html",
            handover=handover,
            is_releaser=my_step(handover, acting) == "sign_release",
            transport=dangerous_goods.transport(handover.dangerous_goods),
            usable=devices.usable(reading, acting),
            mass_kg=sum(line.pack.mass_kg or line.pack.type.mass_kg for line in handover.lines),
        )


@blueprint.post("/handovers/<uuid:handover_id>/release")
@again(confirm_release)
@guarded("handover:sign", fresh=True)
def sign_release(handover_id: uuid.UUID) -> Any:
    """My side signs the release."""
    texts = carriage()
    with db.transaction() as writing:
        handover = handovers.sign_release(
            writing, guard.acting(), handover_id, at=guard.now(), **texts
        )
        is_released = handover.state is HandoverState.RELEASED
    said = N_("Signed by both sides: the goods are released.")
    flash(
        gettext(
            said if is_released else N_("Signed. The other side signs when it takes the goods.")
        )
    )
    return go("handovers.show", handover_id=handover_id)


def carriage() -> dict[str, Any]:
    """How the goods travel, as the releaser typed it; raises all its problems at once."""
    form = Form(request.form)
    texts = {name: form.text(name, most=60) for name in ("waybill", "seal", "vehicle_plate")}
    form.check()
    return texts


@blueprint.get("/handovers/<uuid:handover_id>/note.pdf")
@member()
def note(handover_id: uuid.UUID) -> Any:
    """The handover note in Chinese and English."""
    with db.transaction() as reading:
        handover = handovers.seen_by(reading, guard.acting(), handover_id)
        address = url_for("handovers.show", handover_id=handover.id, _external=True)
        document = handover_papers.note(reading, handover, address=address)
        at = handover.ended_at or handover.released_at or handover.opened_at
    return pdf(document, handover.number, at)


@blueprint.get("/handovers/<uuid:handover_id>/labels.pdf")
@member()
def labels(handover_id: uuid.UUID) -> Any:
    """Labels for its packs; their QR codes carry random tokens."""
    with db.transaction() as reading:
        handover = handovers.seen_by(reading, guard.acting(), handover_id)
        packs = [line.pack for line in handover.lines]
        root = url_for("public.short", token="", _external=True).rstrip("/")
        sheet = handover_papers.labels(packs, root=root)
    return pdf(sheet, f"{handover.number}-labels", handover.opened_at)


@blueprint.get("/handovers/<uuid:handover_id>/receipts/<int:sequence>.json")
@member()
def receipt(handover_id: uuid.UUID, sequence: int) -> Any:
    """The receipt of one of its leaves against the newest head, to be kept."""
    with db.transaction() as reading:
        handovers.seen_by(reading, guard.acting(), handover_id)
        leaf = reading.get(log.Leaf, sequence)
        if leaf is None or leaf.handover_id != handover_id:
            raise NotFound
        document = log.receipt(reading, sequence)
    name = f"receipt-{sequence}.json"
    return Response(
        document,
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def pdf(document: documents.Document, name: str, at: datetime) -> Response:
    """A document in the person's language, shown by the browser."""
    return Response(
        documents.render(document, locale=words.locale(), at=at),
        mimetype="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )


def my_step(handover: Handover, acting: Acting) -> str:
    """What the acting person may do now: the name of a step, or "" where others are asked."""
    sides = handover.capacities(acting.organisation_id)
    if handover.state in {HandoverState.DRAFT, HandoverState.AGREED}:
        return _early_step(handover, acting, sides)
    if handover.state is HandoverState.READY and may(acting, "handover:sign"):
        taker = Capacity.CARRIER if handover.carrier_id is not None else Capacity.RECEIVER
        if handover.pending_record is None:
            return "sign_release" if Capacity.RELEASER in sides else ""
        return "sign_taking" if taker in sides else ""
    if handover.state is HandoverState.RELEASED and may(acting, "handover:write"):
        return "arrive" if {Capacity.RECEIVER, Capacity.CARRIER} & sides else ""
    if handover.state is HandoverState.ARRIVED and may(acting, "handover:sign"):
        return "accept" if Capacity.RECEIVER in sides else ""
    return ""


def _early_step(handover: Handover, acting: Acting, sides: frozenset[Capacity]) -> str:
    done, step = "agreed_by", "agree"
    if handover.state is HandoverState.AGREED:
        done, step = "checked_by", "check"
    for side in SIDES:
        if side in sides and getattr(handover, f"{side.value}_{done}") is None:
            return step if may(acting, "handover:write") else ""
    return ""


def waits_for(handover: Handover) -> list[str]:
    """The organisations whose turn it is; none once it has ended."""
    releaser, receiver = handover.releaser.called, handover.receiver.called
    taker = handover.carrier.called if handover.carrier is not None else receiver
    if handover.state is HandoverState.DRAFT:
        done = (handover.releaser_agreed_by, handover.receiver_agreed_by)
    elif handover.state is HandoverState.AGREED:
        done = (handover.releaser_checked_by, handover.receiver_checked_by)
    elif handover.state is HandoverState.READY:
        return [releaser if handover.pending_record is None else taker]
    elif handover.state in handovers.OPEN_STATES:
        return [receiver]
    else:
        return []
    return [name for name, by in zip((releaser, receiver), done, strict=True) if by is None]


def stations(handover: Handover) -> list[Step]:
    """The way from draft to the end, with the station where it stands."""
    order = [
        HandoverState.DRAFT,
        HandoverState.AGREED,
        HandoverState.READY,
        HandoverState.RELEASED,
        HandoverState.ARRIVED,
    ]
    labels_ = [N_("Both sides agree"), N_("Joint safety check"), N_("Release signed by both sides")]
    labels_ += [N_("On the way"), N_("Findings and acceptance")]
    reached = order.index(handover.state) if handover.state in order else len(order)
    instants = [handover.opened_at, None, None, handover.released_at, handover.arrived_at]
    if handover.state is HandoverState.CANCELLED:
        return [Step(gettext(N_("Cancelled")), is_done=True, is_now=True, at=handover.ended_at)]
    steps = [
        Step(gettext(text), is_done=place < reached, is_now=place == reached, at=at)
        for place, (text, at) in enumerate(zip(labels_, instants, strict=True))
    ]
    is_over = handover.state not in handovers.OPEN_STATES
    ended = Step(gettext(N_("Ended")), is_done=is_over, is_now=is_over, at=handover.ended_at)
    return [*steps, ended]


def leaves(session: orm.Session, handover: Handover) -> list[tuple[log.Leaf, list[Any]]]:
    """The leaves of a handover, each with its signatures and the signing organisations."""
    rows = sa.select(log.Leaf).where(log.Leaf.handover_id == handover.id)
    found = []
    for leaf in session.scalars(rows.order_by(log.Leaf.sequence)):
        signed = records.signatures(session, log.parsed(leaf))
        codes = [one.credit_code for one in signed]
        firms = sa.select(Organisation).where(Organisation.credit_code.in_(codes))
        names = {firm.credit_code: firm.called for firm in session.scalars(firms)}
        found.append((leaf, [(one, names.get(one.credit_code, "")) for one in signed]))
    return found


def _may_cancel(handover: Handover, acting: Acting) -> bool:
    early = {HandoverState.DRAFT, HandoverState.AGREED, HandoverState.READY}
    takes_part = handover.capacities(acting.organisation_id) - {Capacity.CARRIER}
    return handover.state in early and bool(takes_part)


def _count(handover: Handover, finding: Finding) -> int:
    return sum(line.finding is finding for line in handover.lines)


def uuid_of(text: str) -> uuid.UUID | None:
    """The UUID that a field holds, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _award(reading: orm.Session, acting: Acting) -> Award:
    """The award of the address or of the form, for seller, buyer and holders of its packs."""
    text = request.values.get("award", "")
    is_number = text.isdecimal() and len(text) < len("9" * 19)
    award = reading.get(Award, int(text)) if is_number else None
    if award is None:
        raise NotFound
    holders = {pack.holder_id for pack in handovers.remaining(reading, award.id)}
    if acting.organisation_id not in {award.seller_id, award.buyer_id, *holders}:
        raise NotFound
    return award


def _waiting(reading: orm.Session, acting: Acting) -> list[tuple[Award, int]]:
    """Awards of mine, or with packs in my hands, that still have packs to hand over."""
    ours = acting.organisation_id
    held = (
        sa.select(Award.id)
        .join(Award.lot)
        .where(
            sa.text(
                "EXISTS (SELECT 1 FROM lot_pack JOIN pack ON pack.id = lot_pack.pack_id "
                "WHERE lot_pack.lot_id = lot.id AND pack.holder_id = :ours)",
            ).bindparams(ours=ours),
        )
    )
    rows = sa.select(Award).where(
        Award.annulled_at.is_(None),
        sa.or_(Award.seller_id == ours, Award.buyer_id == ours, Award.id.in_(held)),
    )
    found = []
    for award in reading.scalars(rows.order_by(Award.id.desc()).limit(100)):
        count = len(handovers.remaining(reading, award.id))
        if count:
            found.append((award, count))
    return found


def _carriers(reading: orm.Session) -> list[tuple[int, str]]:
    rows = (
        sa.select(Organisation)
        .join(OrganisationKind, OrganisationKind.organisation_id == Organisation.id)
        .where(OrganisationKind.kind == Kind.CARRIER)
    )
    named = [(firm.id, firm.called) for firm in reading.scalars(rows)]
    return sorted(named, key=lambda pair: pair[1])
