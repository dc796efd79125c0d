"""The registered panel of a guide: who reports prices to its valuer, and since when.

A panelist is an organisation of the market, which then reports by itself, or a firm outside it,
whose reports the valuer enters. Names are the valuer's and the regulator's to see, nobody else's.
"""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.errors import N_, Conflict, NotFound, Refused
from listings.parties import Acting, Organisation
from pricing import conflicts, guides
from pricing.guides import Guide


class Side(enum.StrEnum):
    """On which side of the trade a panelist stands."""

    SELLS = "sells"
    BUYS = "buys"
    BOTH = "both"
    NEITHER = "neither"


class Panelist(db.Base):
    """One reporting firm of one guide; ended, never deleted."""

    __tablename__ = "panelist"
    __table_args__ = (
        sa.Index(
            "uq_panelist_standing",
            "guide_id",
            "name",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = db.key()
    guide_id: Mapped[int] = db.refers("guide.id", index=False)
    organisation_id: Mapped[int | None] = db.refers("organisation.id", default=None)
    name: Mapped[str]
    side: Mapped[Side] = db.choice(Side)
    registered_by: Mapped[int] = db.refers("person.id")
    registered_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    guide: Mapped[Guide] = orm.relationship(init=False)
    organisation: Mapped[Organisation | None] = orm.relationship(init=False)

    @property
    def called(self) -> str:
        """Its name in the reader's language, where it is of the market."""
        return self.organisation.called if self.organisation else self.name


class PanelistKnown(Refused):
    """The firm is on the panel already."""

    message = N_("“%(name)s” is on the panel of this guide already.")


class PanelistConflicted(Refused):
    """The firm is the valuer itself or of its group."""

    message = N_("“%(name)s” belongs to the valuer's own group and cannot report prices to it.")


class PanelistGone(Conflict):
    """The firm left the panel."""

    message = N_("“%(name)s” is no longer on the panel of this guide.")


def register(
    session: orm.Session,
    acting: Acting,
    guide_id: int,
    *,
    name: str = "",
    organisation_id: int | None = None,
    side: Side,
    at: datetime,
) -> Panelist:
    """Take a firm onto the panel: an organisation of the market, or an outside firm by its name.

    Refuses the valuer and its group, and a firm that is there already.
    """
    guide = guides.own(session, acting, guide_id, "guide:write")
    firm = session.get(Organisation, organisation_id) if organisation_id else None
    if organisation_id and firm is None:
        raise NotFound
    name = firm.name if firm else guides.worded(name, "name", N_("name of the firm"))
    if firm is not None and conflicts.is_one_group(session, firm.id, guide.valuer_id):
        raise PanelistConflicted("organisation_id", name=name)
    if any(one.name == name for one in members(session, guide.id)):
        raise PanelistKnown("name", name=name)
    panelist = Panelist(
        guide_id=guide.id,
        organisation_id=firm.id if firm else None,
        name=name,
        side=side,
        registered_by=acting.user_id,
        registered_at=at,
    )
    session.add(panelist)
    guides.note(session, "panelist:registered", panelist, acting, at)
    return panelist


def end(session: orm.Session, acting: Acting, panelist_id: int, *, at: datetime) -> Panelist:
    """Let a firm leave the panel; what it reported stays."""
    panelist = session.get(Panelist, panelist_id)
    if panelist is None:
        raise NotFound
    guides.own(session, acting, panelist.guide_id, "guide:write")
    session.refresh(panelist)
    if panelist.ended_at is not None:
        raise PanelistGone(name=panelist.name)
    panelist.ended_at = at
    guides.note(session, "panelist:ended", panelist, acting, at)
    return panelist


def members(session: orm.Session, guide_id: int, *, ended: bool = False) -> list[Panelist]:
    """The panel of a guide in the order of registration, with those who left where asked."""
    rows = sa.select(Panelist).where(Panelist.guide_id == guide_id)
    if not ended:
        rows = rows.where(Panelist.ended_at.is_(None))
    return list(session.scalars(rows.order_by(Panelist.id)))


def of_organisation(session: orm.Session, organisation_id: int) -> list[Panelist]:
    """The panels on which an organisation stands."""
    rows = sa.select(Panelist).where(
        Panelist.organisation_id == organisation_id, Panelist.ended_at.is_(None)
    )
    return list(session.scalars(rows.order_by(Panelist.id)))
