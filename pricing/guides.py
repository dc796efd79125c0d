"""A valuer's guide, its methodology versions and editions, and the values computed from them."""

from __future__ import annotations

import enum
import hashlib
from datetime import date, datetime

import rfc8785
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Forbidden, NotFound, Refused
from listings.parties import Acting, Kind, Organisation, demand
from pricing.parameters import Parameters
from pricing.rhythms import Rhythm


class EditionState(enum.StrEnum):
    """draft -> consultation -> announced -> effective -> superseded."""

    DRAFT = "draft"
    CONSULTATION = "consultation"
    ANNOUNCED = "announced"
    EFFECTIVE = "effective"
    SUPERSEDED = "superseded"


class Guide(db.Base):
    """A named series of editions published by one valuer."""

    __tablename__ = "guide"
    __table_args__ = (sa.UniqueConstraint("valuer_id", "name"),)

    id: Mapped[int] = db.key()
    valuer_id: Mapped[int] = db.refers("organisation.id")
    name: Mapped[str]
    rhythm: Mapped[Rhythm] = db.choice(Rhythm, default=Rhythm.MONTHLY)
    created_at: Mapped[datetime]

    valuer: Mapped[Organisation] = orm.relationship(init=False)


class Methodology(db.Base):
    """An immutable version of how a guide is made; its hash stands in every value.

    ``parameters`` is the plain form of `Parameters`, None where none were stated.
    """

    __tablename__ = "methodology"
    __table_args__ = (sa.UniqueConstraint("guide_id", "version"),)

    id: Mapped[int] = db.key()
    guide_id: Mapped[int] = db.refers("guide.id")
    version: Mapped[int] = mapped_column(sa.Integer)
    text: Mapped[str]
    parameters: Mapped[db.Facts | None] = mapped_column(JSONB, default=None)
    sha256: Mapped[str]
    announced_at: Mapped[datetime]


class Edition(db.Base):
    """A dated, immutable set of coefficients on an index; assessed and approved by two people."""

    __tablename__ = "edition"
    __table_args__ = (
        sa.UniqueConstraint("guide_id", "number"),
        sa.CheckConstraint("approver_id IS NULL OR approver_id <> assessor_id", name="four_eyes"),
        sa.CheckConstraint(
            "state IN ('draft', 'consultation') OR approver_id IS NOT NULL",
            name="approved",
        ),
        sa.Index(
            "uq_edition_effective",
            "guide_id",
            unique=True,
            postgresql_where=sa.text("state = 'effective'"),
        ),
    )

    id: Mapped[int] = db.key()
    guide_id: Mapped[int] = db.refers("guide.id")
    methodology_id: Mapped[int] = db.refers("methodology.id")
    number: Mapped[str]
    state: Mapped[EditionState] = db.choice(EditionState, default=EditionState.DRAFT)
    coefficients: Mapped[db.Facts]
    explanation: Mapped[str]
    review_due_on: Mapped[date]
    assessor_id: Mapped[int] = db.refers("person.id")
    approver_id: Mapped[int | None] = db.refers("person.id", default=None)
    created_at: Mapped[datetime]
    announced_at: Mapped[datetime | None] = mapped_column(default=None)
    effective_from: Mapped[datetime | None] = mapped_column(default=None)
    priced_on: Mapped[date | None] = mapped_column(default=None)
    prices: Mapped[db.Facts] = mapped_column(default_factory=dict)

    guide: Mapped[Guide] = orm.relationship(init=False)
    methodology: Mapped[Methodology] = orm.relationship(init=False)


class GuideValue(db.Base):
    """What one edition says a lot is worth, with its inputs, so that it can be computed again.

    ``inputs`` and ``result`` are canonical JSON bytes: computing again gives the same bytes.
    """

    __tablename__ = "guide_value"
    __table_args__ = (sa.Index("ix_guide_value_lot_id_id", "lot_id", "id"),)

    id: Mapped[int] = db.key()
    lot_id: Mapped[int] = db.refers("lot.id", index=False)
    edition_id: Mapped[int] = db.refers("edition.id")
    computed_at: Mapped[datetime]
    index_date: Mapped[date]
    inputs: Mapped[bytes]
    result: Mapped[bytes]
    value_minor: Mapped[int]
    low_minor: Mapped[int]
    high_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    route: Mapped[str]
    is_indifferent: Mapped[bool] = mapped_column(default=False)

    edition: Mapped[Edition] = orm.relationship(init=False)


class NameTaken(Refused):
    """A guide, or an edition of it, of this name is there already."""

    message = N_("There is already a %(what)s called “%(value)s”. Choose another name.")


class TextMissing(Refused):
    """A guide, methodology or edition lacks the words that it must have."""

    message = N_("Write the %(what)s: it is published with the guide.")


class MethodologyUnchanged(Refused):
    """The text is that of the newest version."""

    message = N_("This is word for word version %(version)s of the methodology. Nothing changed.")


def create(
    session: orm.Session,
    acting: Acting,
    *,
    name: str,
    rhythm: Rhythm = Rhythm.MONTHLY,
    at: datetime,
) -> Guide:
    """Open a guide of the acting valuer. Refuses an empty name and one it has already."""
    demand(acting, "guide:write", Kind.VALUER)
    name = worded(name, "name", N_("name of the guide"))
    same = sa.select(Guide.id).where(Guide.valuer_id == acting.organisation_id, Guide.name == name)
    if session.scalar(same) is not None:
        raise NameTaken("name", what=N_("guide"), value=name)
    guide = Guide(valuer_id=acting.organisation_id, name=name, rhythm=rhythm, created_at=at)
    session.add(guide)
    note(session, "guide:created", guide, acting, at)
    return guide


def methodology(
    session: orm.Session,
    acting: Acting,
    guide_id: int,
    *,
    text: str,
    parameters: Parameters | None = None,
    at: datetime,
) -> Methodology:
    """Publish the next version of a guide's methodology; it never changes after that.

    Without ``parameters`` those of the version before stay. Its SHA-256 (`hash_of`) stands in
    every value made under it. Refuses an empty text, and a version that changes nothing.
    """
    guide = own(session, acting, guide_id, "guide:write")
    text = worded(text.replace("\r\n", "\n"), "text", N_("methodology"))
    last = newest_methodology(session, guide_id)
    stated = parameters.to_json() if parameters else last.parameters if last else None
    sha256 = hash_of(text, stated)
    if last is not None and last.sha256 == sha256:
        raise MethodologyUnchanged("text", version=last.version)
    version = Methodology(
        guide_id=guide.id,
        version=last.version + 1 if last else 1,
        text=text,
        parameters=stated,
        sha256=sha256,
        announced_at=at,
    )
    session.add(version)
    note(session, "methodology:published", version, acting, at, sha256=sha256)
    return version


def hash_of(text: str, parameters: db.Facts | None) -> str:
    """What a methodology is known by: the SHA-256 of its text where it states no parameters, else
    of the canonical JSON (RFC 8785) of ``{"parameters": ..., "text": ...}``.
    """
    said = text.encode()
    if parameters is not None:
        said = rfc8785.dumps({"parameters": parameters, "text": text})
    return hashlib.sha256(said).hexdigest()


def methodologies(session: orm.Session, guide_id: int) -> list[Methodology]:
    """All versions of a guide's methodology, newest first."""
    of_guide = sa.select(Methodology).where(Methodology.guide_id == guide_id)
    return list(session.scalars(of_guide.order_by(Methodology.version.desc())))


def newest_methodology(session: orm.Session, guide_id: int) -> Methodology | None:
    """The version of the methodology that was published last."""
    return next(iter(methodologies(session, guide_id)), None)


def own(session: orm.Session, acting: Acting, guide_id: int, act: str) -> Guide:
    """A guide of the acting valuer, locked; `NotFound` where there is none, `Forbidden` where it
    is another valuer's.
    """
    demand(acting, act, Kind.VALUER)
    guide = db.lock(session, Guide, guide_id)
    if guide is None:
        raise NotFound
    if guide.valuer_id != acting.organisation_id:
        raise Forbidden
    return guide


def worded(text: str, field: str, what: str) -> str:
    """The text without its margins; refuses an empty one, naming ``what`` is missing."""
    if not text.strip():
        raise TextMissing(field, what=what)
    return text.strip()


def note(
    session: orm.Session,
    tag: str,
    row: db.Base,
    acting: Acting,
    at: datetime,
    **facts: object,
) -> None:
    """Write down an act of a valuer's person about one of its rows."""
    journal.record(
        session,
        tag,
        row,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        **facts,
    )
