"""What packs' own management systems declared: evidence L4, kept as a claim and never a letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import blobs, days, db, journal
from listings.errors import N_, Conflict, Forbidden, NotFound, Refused
from listings.health.declared import Reading
from listings.health.reports import HealthReport
from listings.packs import Pack
from listings.parties import Acting, Kind, Organisation, by, may

MOST_SOH = Decimal("1.5")
MOST_AH = Decimal(10_000)


class BmsClaim(db.Base):
    """One reading of a pack's management system. Rows are never changed or deleted (trigger).

    ``soh`` is what it calls its state of health (a fraction), ``capacity_ah`` what it calls its
    full capacity; at least one. ``tool`` read it, ``reader`` is who held the tool.
    """

    __tablename__ = "bms_claim"
    __table_args__ = (
        sa.CheckConstraint("soh IS NOT NULL OR capacity_ah IS NOT NULL", name="says_something"),
        sa.CheckConstraint("soh BETWEEN 0 AND 1.5", name="soh"),
        sa.CheckConstraint("capacity_ah >= 0", name="capacity"),
    )

    id: Mapped[int] = db.key()
    pack_id: Mapped[int] = db.refers("pack.id")
    soh: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 6), default=None)
    capacity_ah: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 6), default=None)
    firmware: Mapped[str]
    read_on: Mapped[date]
    tool: Mapped[str]
    reader: Mapped[str]
    blob_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    organisation_id: Mapped[int] = db.refers("organisation.id")
    recorded_at: Mapped[datetime]

    organisation: Mapped[Organisation] = orm.relationship(init=False)

    @property
    def reading(self) -> Reading:
        """Its numbers, for `declared`."""
        soh, capacity_ah = self.soh, self.capacity_ah
        return Reading(
            self.read_on,
            None if soh is None else float(soh),
            None if capacity_ah is None else float(capacity_ah),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is declared, as it is typed in: ``soh`` a fraction, ``capacity_ah`` in Ah."""

    read_on: date
    firmware: str
    tool: str
    reader: str
    soh: Decimal | None = None
    capacity_ah: Decimal | None = None


class NothingDeclared(Refused):
    """A claim of nothing."""

    message = N_("Enter the declared state of health, the declared capacity, or both.")


class SourceMissing(Refused):
    """A number that nobody knows the origin of."""

    message = N_("Say which firmware, which tool and who read it: without them it is no claim.")


class DeclaredOutOfRange(Refused):
    """A number that no management system declares."""

    message = N_("%(value)s is not between 0 and %(most)s.")


class ReadInFuture(Refused):
    """A reading that is still to come."""

    message = N_("The reading on %(day)s is still to come.")


class ClaimKnown(Conflict):
    """The same reading is on record."""

    message = N_("The same reading of %(day)s is on record already.")


def of(session: orm.Session, pack_id: int) -> list[BmsClaim]:
    """The claims about a pack, the oldest reading first."""
    rows = sa.select(BmsClaim).where(BmsClaim.pack_id == pack_id)
    rows = rows.options(orm.joinedload(BmsClaim.organisation))
    return list(session.scalars(rows.order_by(BmsClaim.read_on, BmsClaim.id)))


def may_record(session: orm.Session, acting: Acting, pack: Pack) -> bool:
    """Whether the acting person records for a pack: its owner, its holder, or a lab.

    A lab counts that has signed a report on this pack; a role must allow the writing.
    """
    if acting.organisation_id in {pack.owner_id, pack.holder_id}:
        return may(acting, "register:write")
    if not (acting.is_any(Kind.LAB) and may(acting, "report:write")):
        return False
    signed = sa.select(HealthReport.id).where(
        HealthReport.pack_id == pack.id, HealthReport.lab_id == acting.organisation_id
    )
    return session.scalar(signed.limit(1)) is not None


def record(
    session: orm.Session,
    acting: Acting,
    pack_id: int,
    said: Said,
    *,
    blob_sha256: str | None = None,
    at: datetime,
) -> BmsClaim:
    """Write down what a management system declared; nothing of it becomes a letter.

    Refuses who is neither owner, holder nor a lab of this pack, a claim of nothing or without its
    source, a number out of range, a day to come, and the same reading twice.
    """
    pack = session.get(Pack, pack_id)
    if pack is None:
        raise NotFound
    if not may_record(session, acting, pack):
        raise Forbidden
    _check(said, at)
    claim = BmsClaim(
        pack_id=pack_id,
        soh=said.soh,
        capacity_ah=said.capacity_ah,
        firmware=said.firmware.strip(),
        read_on=said.read_on,
        tool=said.tool.strip(),
        reader=said.reader.strip(),
        blob_sha256=blob_sha256,
        organisation_id=acting.organisation_id,
        recorded_at=at,
    )
    same = sa.select(BmsClaim.id).where(
        *(
            getattr(BmsClaim, name).is_not_distinct_from(getattr(claim, name))
            for name in ("pack_id", "soh", "capacity_ah", "firmware", "read_on", "tool")
        )
    )
    if session.scalar(same.limit(1)) is not None:
        raise ClaimKnown(field="read_on", day=said.read_on)
    if blob_sha256 is not None and session.get(blobs.Blob, blob_sha256) is None:
        raise NotFound
    session.add(claim)
    journal.record(session, "claim:recorded", claim, at=at, **by(acting), pack_id=pack_id)
    return claim


def _check(said: Said, at: datetime) -> None:
    if said.soh is None and said.capacity_ah is None:
        raise NothingDeclared(field="soh")
    for field, value, most in (
        ("soh", said.soh, MOST_SOH),
        ("capacity_ah", said.capacity_ah, MOST_AH),
    ):
        if value is not None and not 0 <= value <= most:
            raise DeclaredOutOfRange(field=field, value=value, most=most)
    for field, text in (("firmware", said.firmware), ("tool", said.tool), ("reader", said.reader)):
        if not text.strip():
            raise SourceMissing(field=field)
    if said.read_on > days.of(at):
        raise ReadInFuture(field="read_on", day=said.read_on)
