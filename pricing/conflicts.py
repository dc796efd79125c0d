"""Where a valuer is not independent: it owns, buys, belongs to the group, or declared an interest.

Such a valuer neither values the lot nor is scored on it. Ownership and groups are read from the
register, its group's bids from the evidence that the market pushes, everything else the valuer
declares itself. A declaration ends by a date and counts for the time in which it stood.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, Forbidden, NotFound, Refused
from listings.lots import Lot
from listings.parties import Acting, Kind, Organisation, by, demand
from pricing.evidence import Evidence, EvidenceKind


class Interest(enum.StrEnum):
    """What ties a valuer to a lot or to a party."""

    OWNS = "owns"
    BUYS = "buys"
    AFFILIATED = "affiliated"
    OTHER = "other"


class Declaration(db.Base):
    """A valuer's interest in one organisation or in one lot; ended, never deleted."""

    __tablename__ = "conflict_declaration"
    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(organisation_id, lot_id) = 1", name="one_subject"),
        *(
            sa.Index(
                f"uq_conflict_declaration_{subject}",
                "valuer_id",
                f"{subject}_id",
                "interest",
                unique=True,
                postgresql_where=sa.text("ended_at IS NULL"),
            )
            for subject in ("organisation", "lot")
        ),
    )

    id: Mapped[int] = db.key()
    valuer_id: Mapped[int] = db.refers("organisation.id", index=False)
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    lot_id: Mapped[int | None] = db.refers("lot.id", default=None)
    interest: Mapped[Interest] = db.choice(Interest)
    note: Mapped[str]
    declared_by: Mapped[int] = db.refers("person.id")
    declared_at: Mapped[datetime]
    ended_by: Mapped[int | None] = db.refers("person.id", default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    organisation: Mapped[Organisation | None] = orm.relationship(
        init=False, foreign_keys="Declaration.organisation_id"
    )
    lot: Mapped[Lot | None] = orm.relationship(init=False)


class SubjectMissing(Refused):
    """A declaration names neither an organisation nor a lot, or both."""

    message = N_("Name either the organisation or the lot in which the interest lies.")


class SubjectIsSelf(Refused):
    """A valuer declares an interest in itself."""

    message = N_("What your own organisation owns or sells counts as a conflict without saying so.")


class NoteMissing(Refused):
    """A declaration without a reason."""

    message = N_("Say in a sentence what the interest is: it is published.")


class DeclaredAlready(Refused):
    """The same interest stands already."""

    message = N_("This interest is declared already.")


class DeclarationEnded(Conflict):
    """Somebody ended it first."""

    message = N_("This declaration was ended already.")


@dataclass(frozen=True, slots=True)
class Tie:
    """Why a valuer is not independent.

    ``reason`` is ``group`` (it owns, sells or buys, or its group does), ``bid`` (its group bid on
    the lot), or the `Interest` that it declared.
    """

    reason: str
    declaration: Declaration | None = None


def declare(
    session: orm.Session,
    acting: Acting,
    *,
    organisation_id: int | None = None,
    lot_id: int | None = None,
    interest: Interest,
    note: str,
    at: datetime,
) -> Declaration:
    """Declare the acting valuer's interest in an organisation or in a lot. It is public.

    Refuses none or two subjects, the valuer itself, no reason, and what is declared already.
    """
    demand(acting, "guide:write", Kind.VALUER)
    if (organisation_id is None) == (lot_id is None):
        raise SubjectMissing("organisation_id")
    if organisation_id == acting.organisation_id:
        raise SubjectIsSelf("organisation_id")
    if organisation_id is not None and session.get(Organisation, organisation_id) is None:
        raise NotFound
    if lot_id is not None and session.get(Lot, lot_id) is None:
        raise NotFound
    if not note.strip():
        raise NoteMissing("note")
    subject = (organisation_id, lot_id, interest)
    for other in of_valuer(session, acting.organisation_id):
        if (other.organisation_id, other.lot_id, other.interest) == subject and not other.ended_at:
            raise DeclaredAlready
    row = Declaration(
        valuer_id=acting.organisation_id,
        organisation_id=organisation_id,
        lot_id=lot_id,
        interest=interest,
        note=note.strip(),
        declared_by=acting.user_id,
        declared_at=at,
    )
    session.add(row)
    journal.record(session, "conflict:declared", row, at=at, **by(acting))
    return row


def end(session: orm.Session, acting: Acting, declaration_id: int, *, at: datetime) -> Declaration:
    """The interest is over; it counts for the time in which it stood."""
    demand(acting, "guide:write", Kind.VALUER)
    row = db.lock(session, Declaration, declaration_id)
    if row is None:
        raise NotFound
    if row.valuer_id != acting.organisation_id:
        raise Forbidden
    if row.ended_at is not None:
        raise DeclarationEnded
    row.ended_at, row.ended_by = at, acting.user_id
    journal.record(session, "conflict:ended", row, at=at, **by(acting))
    return row


def tie(
    session: orm.Session,
    valuer_id: int,
    *,
    parties: Iterable[int],
    lot_id: int | None = None,
    at: datetime,
) -> Tie | None:
    """What tied a valuer to a lot or to one of its parties (ids of organisations: seller, owners,
    buyer) at an instant; None where nothing did.
    """
    known = set(parties)
    if any(is_one_group(session, party, valuer_id) for party in known):
        return Tie("group")
    if lot_id is not None and _bid(session, valuer_id, lot_id, at):
        return Tie("bid")
    heads = {head(session, party) for party in known}
    for row in of_valuer(session, valuer_id):
        stood = row.declared_at <= at and (row.ended_at is None or row.ended_at > at)
        is_party = row.organisation_id is not None and (
            row.organisation_id in known or head(session, row.organisation_id) in heads
        )
        if stood and (is_party or (lot_id is not None and row.lot_id == lot_id)):
            return Tie(row.interest.value, row)
    return None


def of_valuer(session: orm.Session, valuer_id: int) -> list[Declaration]:
    """Everything that a valuer declared or the market pushed, newest first, ended ones too."""
    rows = sa.select(Declaration).where(Declaration.valuer_id == valuer_id)
    return list(session.scalars(rows.order_by(Declaration.id.desc())))


def is_one_group(session: orm.Session, one: int, other: int) -> bool:
    """Whether two organisations are the same or of one group."""
    return head(session, one) == head(session, other)


def head(session: orm.Session, organisation_id: int) -> int:
    """The organisation at the top of a group; a circle of parents ends where it began."""
    seen: list[int] = []
    current: int | None = organisation_id
    while current is not None and current not in seen:
        seen.append(current)
        current = session.get_one(Organisation, current).parent_id
    return seen[-1] if current is None else min(seen[seen.index(current) :])


def _bid(session: orm.Session, valuer_id: int, lot_id: int, at: datetime) -> bool:
    """Whether somebody of the valuer's group bid on a lot."""
    bidders = (
        sa.select(Evidence.organisation_id)
        .where(Evidence.lot_id == lot_id, Evidence.kind == EvidenceKind.BID, Evidence.at <= at)
        .distinct()
    )
    return any(is_one_group(session, bidder, valuer_id) for bidder in session.scalars(bidders))
