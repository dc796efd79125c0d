"""Sales elsewhere, entered from public notices with their source, and who judges what counts."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from sqlalchemy import orm

from listings import days, journal, provinces
from listings.errors import N_, Conflict, NotFound, Refused
from listings.lots import Route
from listings.money import Money
from listings.pack_types import Chemistry
from listings.parties import Acting, Kind, by, demand
from pricing import comparables
from pricing.columns import PackFacts
from pricing.comparables import AS_IS, WEAKEST, Comparable, Exclusion, ExclusionKind, SoldPack


class NoticeFormat(enum.StrEnum):
    """How a sale elsewhere found its price."""

    BIDDING = "bidding"
    TENDER = "tender"
    AGREEMENT = "agreement"
    UNSAID = "unsaid"


class NoticeWithoutSource(Refused):
    """Nobody could look it up."""

    message = N_("Say where the sale was made public: who published it, where and when.")


class NoticeKnown(Conflict):
    """The sale stands here already."""

    message = N_("This sale stands here already as %(number)s.")


class SoldInFuture(Refused):
    """A sale that has not happened."""

    message = N_("The sale on %(day)s is still to come.")


class SizeUnknown(Refused):
    """A price of nothing that can be compared."""

    message = N_("Give the nameplate energy or the mass of what was sold.")


class ReasonMissing(Refused):
    """A judgement that nobody can follow."""

    message = N_("Give the reason.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A sale as its notice tells it; ``price`` is for the whole lot, with tax or without it.

    ``energy_kwh`` and ``mass_kg`` are of the whole lot, None where the notice does not say them;
    ``soh`` a fraction where it states one, which is a claim and not evidence.
    """

    source: str
    sold_on: date
    route: Route
    chemistry: Chemistry
    pack_count: int
    price: Money
    is_tax_included: bool
    tax_rate: Decimal = Decimal("0.13")
    energy_kwh: Decimal | None = None
    mass_kg: Decimal | None = None
    province: str = ""
    format: NoticeFormat = NoticeFormat.UNSAID
    soh: Decimal | None = None

    @property
    def number(self) -> str:
        """A number made of day, price and source, so that a notice stands here once."""
        told = f"{self.source.strip()}|{self.sold_on}|{self.price.minor}|{self.pack_count}"
        return f"E-{self.sold_on:%Y%m%d}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def enter(session: orm.Session, acting: Acting, notice: Notice, *, at: datetime) -> Comparable:
    """Keep a sale that somebody else made public; it is marked external.

    The operator and valuers do this. Refuses a notice without a source, one that stands here, a
    day to come, and goods of which neither energy nor mass is known.
    """
    acting = demand(acting, "guide:write", Kind.OPERATOR, Kind.VALUER)
    _check(session, notice, at)
    sold_at = min(datetime.combine(notice.sold_on, time(12), days.ZONE), at)
    kept = comparables.record(
        session,
        Comparable(
            sale_number=notice.number,
            source=comparables.SaleSource.EXTERNAL,
            notice=notice.source.strip(),
            entered_by=acting.user_id,
            priced_at=sold_at,
            sold_at=sold_at,
            format=notice.format.value,
            price_basis="lump_sum",
            quantity=Decimal(1),
            hammer_minor=notice.price.minor,
            total_minor=_gross(notice).minor,
            currency=notice.price.currency,
            is_tax_included=notice.is_tax_included,
            tax_rate=notice.tax_rate,
            route=notice.route,
            chemistry=notice.chemistry.value,
            pack_count=notice.pack_count,
            energy_kwh=notice.energy_kwh,
            mass_kg=notice.mass_kg,
            grade=AS_IS,
            evidence_level=WEAKEST,
            province=provinces.find(notice.province) if notice.province else "",
            snapshot={},
        ),
        [SoldPack(facts=_facts(notice), weight=Decimal(1))],
    )
    journal.record(
        session,
        "sale_notice:entered",
        kept,
        at=at,
        **by(acting),
        number=kept.sale_number,
        source=kept.notice,
    )
    return kept


def judge(
    session: orm.Session,
    acting: Acting,
    comparable_id: int,
    kind: ExclusionKind,
    reason: str,
    *,
    is_lifted: bool = False,
    at: datetime,
) -> Exclusion:
    """The operator learns that a sale is no comparable, or that it is one again.

    Refuses a judgement without a reason; `NotFound` for an unknown sale.
    """
    acting = demand(acting, "operator:decide", Kind.OPERATOR)
    sale = session.get(Comparable, comparable_id)
    if sale is None:
        raise NotFound
    if not reason.strip():
        raise ReasonMissing(field="reason")
    made = comparables.exclude(
        session, sale.sale_number, kind, reason.strip(), at=at, is_lifted=is_lifted
    )
    assert made is not None
    tag = "comparable:restored" if is_lifted else "comparable:excluded"
    journal.record(session, tag, sale, at=at, **by(acting), kind=kind.value, reason=made.reason)
    return made


def _check(session: orm.Session, notice: Notice, at: datetime) -> None:
    if not notice.source.strip():
        raise NoticeWithoutSource(field="source")
    if notice.sold_on > days.of(at):
        raise SoldInFuture(field="sold_on", day=notice.sold_on.isoformat())
    if notice.energy_kwh is None and notice.mass_kg is None:
        raise SizeUnknown(field="energy_kwh")
    if comparables.of_number(session, notice.number) is not None:
        raise NoticeKnown(number=notice.number)


def _gross(notice: Notice) -> Money:
    if notice.is_tax_included:
        return notice.price
    return notice.price + notice.price.times(notice.tax_rate)


def _facts(notice: Notice) -> PackFacts:
    """The whole lot as one pack; an energy of 0 is not known, and no value is computed from it."""
    return PackFacts(
        energy_kwh=float(notice.energy_kwh or 0),
        chemistry=notice.chemistry.value,
        soh=None if notice.soh is None else float(notice.soh),
        evidence_level=int(WEAKEST.removeprefix("L")),
        mass_kg=None if notice.mass_kg is None else float(notice.mass_kg),
    )
