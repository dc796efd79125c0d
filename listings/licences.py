"""Qualification documents, and who may hold or receive which goods."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import days, db, journal, words
from listings.custody.log import Holding
from listings.errors import N_, Conflict, NotFound, Refused
from listings.lots import Route
from listings.pack_types import PackType
from listings.packs import Pack
from listings.parties import Acting, Kind, Organisation, by, demand


class LicenceKind(enum.StrEnum):
    """What a qualification document is."""

    INVESTMENT_FILING = "investment_filing"
    ENVIRONMENTAL_APPROVAL = "environmental_approval"
    DISCHARGE_PERMIT = "discharge_permit"
    DISMANTLING_QUALIFICATION = "dismantling_qualification"
    WORKSHOP_FILING = "workshop_filing"
    SWAP_FILING = "swap_filing"
    OUTLET_FILING = "outlet_filing"
    DANGEROUS_GOODS_TRANSPORT = "dangerous_goods_transport"
    ACCREDITATION = "accreditation"
    INDUSTRY_LIST = "industry_list"


class LicenceState(enum.StrEnum):
    """Where an approval stands."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


class GoodsCategory(enum.StrEnum):
    """What the goods are in the eyes of the rules on possession."""

    WASTE_BATTERY = "waste_battery"
    SCRAP_VEHICLE = "scrap_vehicle"
    REUSE_PRODUCT = "reuse_product"


class Licence(db.Base):
    """A document with its validity, what it covers, and an operator's decision."""

    __tablename__ = "licence"
    __table_args__ = (sa.CheckConstraint("valid_until >= valid_from", name="validity"),)

    id: Mapped[int] = db.key()
    organisation_id: Mapped[int] = db.refers("organisation.id")
    kind: Mapped[LicenceKind] = db.choice(LicenceKind)
    number: Mapped[str]
    issued_by: Mapped[str]
    goods_category: Mapped[GoodsCategory | None] = db.choice(GoodsCategory, default=None)
    yearly_tonnage: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 3), default=None)
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    document_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    state: Mapped[LicenceState] = db.choice(LicenceState, default=LicenceState.SUBMITTED)
    submitted_at: Mapped[datetime]
    decided_by: Mapped[int | None] = db.refers("person.id", default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")


class PossessionRule(db.Base):
    """Possession of ``goods`` may pass from one kind of organisation to another in a period.

    ``is_verified`` is false where nobody could read the rule's text in the original.
    """

    __tablename__ = "possession_rule"

    id: Mapped[int] = db.key()
    goods: Mapped[GoodsCategory] = db.choice(GoodsCategory)
    from_kind: Mapped[Kind] = db.choice(Kind, check="from_kind")
    to_kind: Mapped[Kind] = db.choice(Kind, check="to_kind")
    valid_from: Mapped[date]
    valid_until: Mapped[date | None] = mapped_column(default=None)
    is_verified: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str]


# Art. 18 of the Interim Measures: what a comprehensive-utilization enterprise shows.
UTILIZATION_DOCUMENTS = (
    LicenceKind.INVESTMENT_FILING,
    LicenceKind.ENVIRONMENTAL_APPROVAL,
    LicenceKind.DISCHARGE_PERMIT,
)
KIND_OF_ROUTE = {Route.CASCADE: Kind.SECOND_LIFE, Route.REGENERATION: Kind.REGENERATION}
DOCUMENT_NAMES = {
    LicenceKind.INVESTMENT_FILING: N_("the investment filing"),
    LicenceKind.ENVIRONMENTAL_APPROVAL: N_("the environmental approval"),
    LicenceKind.DISCHARGE_PERMIT: N_("the discharge permit"),
}
_ROUTE_NAMES = {
    Route.CASCADE: N_("second-life firm"),
    Route.REGENERATION: N_("regeneration firm"),
}


@dataclass(frozen=True, slots=True)
class Lack:
    """Why one document does not cover a date, in the language of whoever reads it."""

    kind: LicenceKind
    message: str
    day: date | None = None

    def __str__(self) -> str:
        name = words.gettext(DOCUMENT_NAMES[self.kind])
        return words.gettext(self.message, document=name, day=self.day)


@dataclass(frozen=True, slots=True)
class Lacks:
    """Several of them as one list in a sentence."""

    lacks: tuple[Lack, ...]

    def __str__(self) -> str:
        return words.gettext(N_("; ")).join(str(lack) for lack in self.lacks)


@dataclass(frozen=True, slots=True)
class Name:
    """A word of a sentence, in the language of whoever reads it."""

    message: str

    def __str__(self) -> str:
        return words.gettext(self.message)


class NumberMissing(Refused):
    """A document without its number or issuer."""

    message = N_("Enter what stands on the document: its number and who issued it.")


class ValidityReversed(Refused):
    """It ends before it begins."""

    message = N_("The document ends on %(until)s, before it begins on %(begins)s.")


class LicenceExpired(Refused):
    """It is over already."""

    message = N_("The document expired on %(until)s. Submit the one that follows it.")


class TonnageRefused(Refused):
    """A yearly tonnage of nothing or less."""

    message = N_("The yearly tonnage must be above zero tonnes; %(value)s is not.")


class AlreadyDecided(Conflict):
    """Somebody decided before."""

    message = N_("Document %(number)s was decided already.")


class ReasonMissing(Refused):
    """A rejection that helps nobody."""

    message = N_("Give the reason: the organisation reads it and corrects the document.")


class LicenceMissing(Refused):
    """A buyer's documents do not cover the goods on the date."""

    message = N_("%(organisation)s may not buy this lot on %(on)s: %(lacks)s.")


class RouteNotCovered(LicenceMissing):
    """The buyer is of another kind than the lot's route asks for."""

    message = N_("Only a %(wanted)s may buy this lot, and %(organisation)s is none.")


class PossessionRefused(Refused):
    """No rule lets possession pass between these two."""

    message = N_(
        "No rule in force on %(on)s lets possession of these goods pass from %(releaser)s to "
        "%(receiver)s. Choose a releaser and a receiver whose kinds allow it."
    )


class FleetReleases(PossessionRefused):
    """A fleet owns; it does not hold and release waste batteries."""

    message = N_(
        "%(releaser)s is a fleet owner: it may own waste batteries but not release them. Its filed "
        "workshop, its swap operator or a dismantler releases them."
    )


def submit(
    session: orm.Session,
    acting: Acting,
    *,
    kind: LicenceKind,
    number: str,
    issued_by: str,
    goods_category: GoodsCategory | None = None,
    yearly_tonnage: Decimal | None = None,
    valid_from: date,
    valid_until: date,
    document_sha256: str | None = None,
    at: datetime,
) -> Licence:
    """Show a document of the acting organisation; it counts once the operator approved it.

    ``yearly_tonnage`` in tonnes. Refuses a document without number, issuer or a period that still
    runs.
    """
    acting = demand(acting, "licence:submit")
    for name, value in (("number", number), ("issued_by", issued_by)):
        if not value.strip():
            raise NumberMissing(field=name)
    if valid_until < valid_from:
        raise ValidityReversed(field="valid_until", until=valid_until, begins=valid_from)
    if valid_until < days.of(at):
        raise LicenceExpired(field="valid_until", until=valid_until)
    if yearly_tonnage is not None and yearly_tonnage <= 0:
        raise TonnageRefused(field="yearly_tonnage", value=yearly_tonnage)
    licence = Licence(
        organisation_id=acting.organisation_id,
        kind=kind,
        number=number.strip(),
        issued_by=issued_by.strip(),
        goods_category=goods_category,
        yearly_tonnage=yearly_tonnage,
        valid_from=valid_from,
        valid_until=valid_until,
        document_sha256=document_sha256,
        submitted_at=at,
    )
    session.add(licence)
    journal.record(session, "licence:submitted", licence, at=at, **by(acting), kind=kind.value)
    return licence


def decide(
    session: orm.Session,
    acting: Acting,
    licence_id: int,
    *,
    approve: bool,
    reason: str = "",
    at: datetime,
) -> Licence:
    """The operator approves a document or rejects it with a reason, once."""
    acting = demand(acting, "operator:decide", Kind.OPERATOR)
    licence = db.lock(session, Licence, licence_id)
    if licence is None:
        raise NotFound
    if licence.state is not LicenceState.SUBMITTED:
        raise AlreadyDecided(number=licence.number)
    if not approve and not reason.strip():
        raise ReasonMissing(field="reason")
    if approve and licence.valid_until < days.of(at):
        raise LicenceExpired(until=licence.valid_until)
    licence.state = LicenceState.APPROVED if approve else LicenceState.REJECTED
    licence.decided_by, licence.decided_at = acting.user_id, at
    licence.reason = reason.strip()
    tag = "licence:approved" if approve else "licence:rejected"
    journal.record(session, tag, licence, at=at, **by(acting))
    return licence


def of(session: orm.Session, organisation_id: int) -> list[Licence]:
    """All documents of an organisation, newest first."""
    rows = sa.select(Licence).where(Licence.organisation_id == organisation_id)
    return list(session.scalars(rows.order_by(Licence.id.desc())))


def lacks(
    session: orm.Session, organisation_id: int, kinds: Iterable[LicenceKind], on: date
) -> list[Lack]:
    """Which of these documents do not cover waste batteries on a date, and why."""
    shown = of(session, organisation_id)
    found = (_lack(kind, [one for one in shown if one.kind is kind], on) for kind in kinds)
    return [lack for lack in found if lack is not None]


def _lack(kind: LicenceKind, shown: list[Licence], on: date) -> Lack | None:
    covering = [one for one in shown if one.goods_category in {None, GoodsCategory.WASTE_BATTERY}]
    approved = [one for one in covering if one.state is LicenceState.APPROVED]
    if any(one.valid_from <= on <= one.valid_until for one in approved):
        return None
    over = [one.valid_until for one in approved if one.valid_until < on]
    if any(one.state is LicenceState.SUBMITTED for one in covering):
        return Lack(kind, N_("%(document)s waits for the operator's approval"))
    if over:
        return Lack(kind, N_("%(document)s expires on %(day)s"), max(over))
    if approved:
        begins = min(one.valid_from for one in approved)
        return Lack(kind, N_("%(document)s is valid from %(day)s only"), begins)
    return Lack(kind, N_("%(document)s is missing"))


def demand_buyer(session: orm.Session, organisation_id: int, route: Route, on: date) -> None:
    """Refuses a buyer that is no utilization firm for the route with its documents in order.

    Rule: Interim Measures (six ministries, Order 73), Art. 18, as docs/adr and trade.md read it.
    """
    organisation = session.get_one(Organisation, organisation_id)
    if KIND_OF_ROUTE[route] not in organisation.kinds:
        wanted = Name(_ROUTE_NAMES[route])
        raise RouteNotCovered(organisation=organisation.called, wanted=wanted)
    missing = lacks(session, organisation_id, UTILIZATION_DOCUMENTS, on)
    if missing:
        raise LicenceMissing(organisation=organisation.called, on=on, lacks=Lacks(tuple(missing)))


def rules(session: orm.Session, goods: GoodsCategory, on: date) -> list[PossessionRule]:
    """The rules on possession of some goods that are in force on a date."""
    return list(
        session.scalars(
            sa.select(PossessionRule)
            .where(
                PossessionRule.goods == goods,
                PossessionRule.valid_from <= on,
                sa.or_(PossessionRule.valid_until.is_(None), PossessionRule.valid_until >= on),
            )
            .order_by(PossessionRule.id)
        )
    )


def demand_possession(
    session: orm.Session, releaser_id: int, receiver_id: int, goods: GoodsCategory, on: date
) -> None:
    """Refuses a handover that no rule in force allows; any matching pair of kinds allows it."""
    releaser = session.get_one(Organisation, releaser_id)
    receiver = session.get_one(Organisation, receiver_id)
    for rule in rules(session, goods, on):
        if rule.from_kind in releaser.kinds and rule.to_kind in receiver.kinds:
            return
    is_fleet = Kind.FLEET_OWNER in releaser.kinds and goods is GoodsCategory.WASTE_BATTERY
    refusal = FleetReleases if is_fleet else PossessionRefused
    raise refusal(on=on, releaser=releaser.called, receiver=receiver.called)


def remaining_tonnage(session: orm.Session, organisation_id: int, on: date) -> Decimal | None:
    """Tonnes that may still be received in the year of ``on``; None where no document sets a limit.

    The strictest approved document that is valid on the date, less the mass of the packs that
    handovers brought in the same year (Beijing time). Below zero where the limit was passed.
    """
    limit = session.scalar(
        sa.select(sa.func.min(Licence.yearly_tonnage)).where(
            Licence.organisation_id == organisation_id,
            Licence.kind.in_(UTILIZATION_DOCUMENTS),
            Licence.state == LicenceState.APPROVED,
            Licence.valid_from <= on,
            Licence.valid_until >= on,
        )
    )
    if limit is None:
        return None
    local = sa.func.timezone("Asia/Shanghai", Holding.since)
    received = session.scalar(
        sa.select(sa.func.sum(sa.func.coalesce(Pack.mass_kg, PackType.mass_kg)))
        .select_from(Holding)
        .join(Pack, Pack.id == Holding.pack_id)
        .join(PackType, PackType.id == Pack.type_id)
        .where(
            Holding.organisation_id == organisation_id,
            Holding.what == "holder",
            # Only a handover has a leaf; a first registration brings nothing in.
            Holding.leaf_sequence.is_not(None),
            sa.extract("year", local) == on.year,
        )
    )
    return Decimal(limit) - Decimal(received or 0) / 1000
