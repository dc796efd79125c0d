"""Telemetry that organisations sent in: files, how far their reading is, and what they said."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.blobs import Blob
from listings.errors import N_, DomainError, Refused
from listings.imports import OWNERS
from listings.parties import Acting, Kind, demand
from listings.telemetry import matching
from listings.telemetry.examine import by_vehicle
from listings.telemetry.findings import Finding, finding
from listings.telemetry.reading import VERSION, Reading
from listings.telemetry.refusals import TelemetryStopped
from listings.vehicles import Vehicle

SENDERS: Final = (*OWNERS, Kind.LAB)
"""Who sends telemetry in: whoever registers vehicles, and laboratories."""
MOST_FILES: Final = 50
ATTEMPTS: Final = 3
LEASE: Final = timedelta(minutes=2)
"""A reading that said nothing for so long has died with its worker; another one takes it up."""
SCHEMA: Final = 1
"""Of the document ``TelemetryVehicle.facts``."""


class UploadState(enum.StrEnum):
    """waiting -> reading -> done | refused; a reading whose worker died is taken up again."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    REFUSED = "refused"


class TelemetryUpload(db.Base):
    """Files of telemetry that are read together. ``stage``, ``done`` and ``of`` are its progress.

    ``refusal`` is the sentence (msgid and values) of files that could not be read; the files
    themselves are kept whatever they say. ``beat_at`` is when its reader last gave a sign.
    """

    __tablename__ = "telemetry_upload"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "form_key"),
        sa.CheckConstraint("done >= 0 AND done <= of", name="progress"),
    )

    id: Mapped[int] = db.key()
    organisation_id: Mapped[int] = db.refers("organisation.id", index=False)
    user_id: Mapped[int] = db.refers("person.id")
    form_key: Mapped[str]
    state: Mapped[UploadState] = db.choice(
        UploadState, check="state", index=True, default=UploadState.WAITING
    )
    stage: Mapped[str] = mapped_column(default="")
    done: Mapped[int] = mapped_column(default=0)
    of: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    refusal: Mapped[db.Facts] = mapped_column(default_factory=dict)
    version: Mapped[str] = mapped_column(default="")
    uploaded_at: Mapped[datetime]
    beat_at: Mapped[datetime | None] = mapped_column(default=None)
    read_at: Mapped[datetime | None] = mapped_column(default=None)

    files: Mapped[list[TelemetryFile]] = orm.relationship(
        init=False, order_by="TelemetryFile.place", lazy="selectin"
    )

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in {UploadState.DONE, UploadState.REFUSED}


class TelemetryFile(db.Base):
    """One file of an upload under the name that it came with."""

    __tablename__ = "telemetry_file"

    upload_id: Mapped[int] = db.refers("telemetry_upload.id", index=False, primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    blob_sha256: Mapped[str] = db.refers("blob.sha256")
    name: Mapped[str]

    blob: Mapped[Blob] = orm.relationship(init=False, lazy="joined")


class TelemetryVehicle(db.Base):
    """What one upload says of one vehicle. ``name`` is the export's, in upper case.

    ``facts`` has ``schema``, one row ``vehicle`` and one ``recent`` (or None), and the lists
    ``months`` and ``charges``, as ``reading.Reading`` has them.
    """

    __tablename__ = "telemetry_vehicle"
    __table_args__ = (sa.UniqueConstraint("upload_id", "name"),)

    id: Mapped[int] = db.key()
    upload_id: Mapped[int] = db.refers("telemetry_upload.id", index=False)
    name: Mapped[str]
    vehicle_id: Mapped[int | None] = db.refers("vehicle.id", default=None)
    facts: Mapped[db.Facts]

    upload: Mapped[TelemetryUpload] = orm.relationship(init=False)
    vehicle: Mapped[Vehicle | None] = orm.relationship(init=False)

    def finding(self, rated_ah: float) -> Finding:
        """What it says of a battery that is rated so."""
        facts = self.facts
        return finding(facts["vehicle"], facts["recent"], facts["charges"], rated_ah)


class TooManyFiles(Refused):
    """More files than are read together."""

    message = N_("These are %(count)s files; send at most %(most)s at once.")


def add(
    session: orm.Session,
    acting: Acting,
    files: Sequence[tuple[Blob, str]],
    *,
    form_key: str,
    at: datetime,
) -> TelemetryUpload:
    """Take in kept files with their names, to be read together by a worker.

    The same form sent twice is one upload. Refuses who neither registers vehicles nor is a lab, and
    more than ``MOST_FILES`` files.
    """
    demand(acting, "register:write", *SENDERS)
    if len(files) > MOST_FILES:
        raise TooManyFiles(field="files", count=len(files), most=MOST_FILES)
    row = {
        "organisation_id": acting.organisation_id,
        "user_id": acting.user_id,
        "form_key": form_key,
        "uploaded_at": at,
        "refusal": {},
        "state": UploadState.WAITING,
        **dict.fromkeys(("stage", "version"), ""),
        **dict.fromkeys(("done", "of", "attempts"), 0),
    }
    insert = postgresql.insert(TelemetryUpload).values(row).on_conflict_do_nothing()
    ident = session.scalar(insert.returning(TelemetryUpload.id))
    if ident is None:
        return session.scalars(_sent(acting.organisation_id, form_key)).one()
    for place, (blob, name) in enumerate(files):
        session.add(
            TelemetryFile(upload_id=ident, place=place, blob_sha256=blob.sha256, name=name[:200])
        )
    session.flush()
    upload = session.get_one(TelemetryUpload, ident)
    journal.record(
        session,
        "telemetry:uploaded",
        upload,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
    )
    return upload


def sent(session: orm.Session, acting: Acting, form_key: str) -> TelemetryUpload | None:
    """The organisation's upload of a form, where that form was sent before."""
    return session.scalar(_sent(acting.organisation_id, form_key))


def _sent(organisation_id: int, form_key: str) -> sa.Select[TelemetryUpload]:
    return sa.select(TelemetryUpload).where(
        TelemetryUpload.organisation_id == organisation_id, TelemetryUpload.form_key == form_key
    )


def of(session: orm.Session, acting: Acting, most: int = 100) -> list[TelemetryUpload]:
    """The organisation's uploads, the newest first."""
    query = sa.select(TelemetryUpload).where(
        TelemetryUpload.organisation_id == acting.organisation_id
    )
    return list(session.scalars(query.order_by(TelemetryUpload.id.desc()).limit(most)))


def find(session: orm.Session, acting: Acting, upload_id: int) -> TelemetryUpload | None:
    """The upload where it is the organisation's own, else None."""
    upload = session.get(TelemetryUpload, upload_id)
    return upload if upload and upload.organisation_id == acting.organisation_id else None


def vehicles(session: orm.Session, upload_id: int) -> list[TelemetryVehicle]:
    """The vehicles of an upload by name."""
    query = sa.select(TelemetryVehicle).where(TelemetryVehicle.upload_id == upload_id)
    query = query.options(orm.joinedload(TelemetryVehicle.vehicle))
    return list(session.scalars(query.order_by(TelemetryVehicle.name)))


def claim(session: orm.Session, *, at: datetime) -> TelemetryUpload | None:
    """The oldest upload that nobody reads, now being read; None after the last.

    Whoever claims it counts up ``attempts``; what is told under an older count is not heard. After
    ``ATTEMPTS`` it is refused instead.
    """
    died = sa.and_(
        TelemetryUpload.state == UploadState.READING, TelemetryUpload.beat_at < at - LEASE
    )
    free = sa.select(TelemetryUpload).where(
        sa.or_(TelemetryUpload.state == UploadState.WAITING, died)
    )
    query = free.order_by(TelemetryUpload.id).limit(1).with_for_update(skip_locked=True)
    upload = session.scalar(query)
    if upload is None:
        return None
    if upload.attempts >= ATTEMPTS:
        refuse(upload, TelemetryStopped(field="file", detail="worker"), at=at)
        return claim(session, at=at)
    upload.attempts += 1
    upload.state, upload.beat_at = UploadState.READING, at
    upload.stage, upload.done, upload.of = "", 0, 0
    return upload


def claimed(session: orm.Session, upload_id: int, attempt: int) -> TelemetryUpload | None:
    """The upload, locked, where it is still being read by this attempt; else None."""
    upload = session.get(TelemetryUpload, upload_id, with_for_update=True)
    is_ours = upload and upload.state is UploadState.READING and upload.attempts == attempt
    return upload if is_ours else None


def refuse(upload: TelemetryUpload, refusal: DomainError, *, at: datetime) -> None:
    """End it with a sentence; its files stay."""
    values = {
        name: value if isinstance(value, int | float) else str(value)
        for name, value in refusal.values.items()
    }
    upload.refusal = {"message": refusal.message, "values": values}
    upload.state, upload.read_at = UploadState.REFUSED, at


def keep(session: orm.Session, upload: TelemetryUpload, read: Reading, *, at: datetime) -> None:
    """Write down what was read, vehicle by vehicle, matched to the organisation's register."""
    known = matching.Known.of(session, upload.organisation_id)
    recent = {row["vehicle"]: row for row in read.recent.to_dicts()}
    months, charges = by_vehicle(read.months), by_vehicle(read.charges)
    for row in read.vehicles.to_dicts():
        name = row["vehicle"]
        facts: dict[str, Any] = {
            "schema": SCHEMA,
            "vehicle": row,
            "recent": recent.get(name),
            "months": months.get(name, []),
            "charges": charges.get(name, []),
        }
        session.add(
            TelemetryVehicle(
                upload_id=upload.id, name=name, vehicle_id=known.find(name), facts=facts
            )
        )
    upload.state, upload.version, upload.read_at = UploadState.DONE, VERSION, at
