"""Stored health reports: signed by their lab, superseded and never edited."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from listings import days, db, journal
from listings.blobs import Blob
from listings.custody import canonical, keys, signing
from listings.errors import N_, Conflict, NotFound, Refused
from listings.health import policies, records
from listings.health.examinations import Examination, rated
from listings.health.figures import drawn
from listings.health.records import VALIDITY, Draft, Statement, decimal
from listings.packs import Condition, Pack
from listings.parties import Acting, Kind, Organisation, demand

CURVE_SCHEMA: Final = 2
"""Of the document ``HealthReport.curve``; without a number: points (Ah, V) alone."""


_NEXT: Final = sa.select(
    sa.func.nextval(sa.func.pg_get_serial_sequence("health_report", "id"), type_=sa.BigInteger)
)
"""The id of the next row, before it is there: the record that is signed says its number."""


class Subject(enum.StrEnum):
    """What was examined."""

    PACK = "pack"
    MODULE = "module"
    CELL = "cell"


class HealthReport(db.Base):
    """Findings of one examination of a pack, or of a module or cell of it.

    SoH is a fraction of the type's rated capacity (Q) or energy (E). ``grade`` is the letter for
    the subject examined; a cell's letter is not its pack's.
    """

    __tablename__ = "health_report"
    __table_args__ = (
        sa.CheckConstraint("grade IN ('A','B','C','D','R')", name="grade"),
        sa.CheckConstraint("evidence_level IN ('L1','L2','L3','L4','L5')", name="evidence_level"),
        sa.Index(
            "uq_health_report_standing",
            "pack_id",
            "subject",
            "subject_position",
            unique=True,
            postgresql_where=sa.text("superseded_by_id IS NULL"),
        ),
    )

    id: Mapped[int] = db.key()
    pack_id: Mapped[int] = db.refers("pack.id")
    subject: Mapped[Subject] = db.choice(Subject)
    subject_position: Mapped[str] = mapped_column(default="")
    coverage: Mapped[str] = mapped_column(default="")
    lab_id: Mapped[int] = db.refers("organisation.id")
    examined_on: Mapped[date]
    blob_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    reader: Mapped[str] = mapped_column(default="")
    reader_version: Mapped[str] = mapped_column(default="")
    rated_capacity_ah: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    capacity_ah: Mapped[Decimal | None] = mapped_column(sa.Numeric(14, 6), default=None)
    energy_wh: Mapped[Decimal | None] = mapped_column(sa.Numeric(16, 6), default=None)
    soh_q: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 6), default=None)
    soh_e: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 6), default=None)
    rate_c: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 4), default=None)
    temperature_c: Mapped[Decimal | None] = mapped_column(sa.Numeric(6, 2), default=None)
    cutoffs: Mapped[db.Facts] = mapped_column(default_factory=dict)
    grade: Mapped[str | None] = mapped_column(default=None)
    is_provisional: Mapped[bool] = mapped_column(default=False)
    evidence_level: Mapped[str]
    policy_version: Mapped[int] = mapped_column(
        sa.Integer, sa.ForeignKey("grading_policy.version", ondelete="RESTRICT"), index=True
    )
    reasons: Mapped[list[str]] = mapped_column(default_factory=list)
    flags: Mapped[list[str]] = mapped_column(default_factory=list)
    discharges: Mapped[list[db.Facts]] = mapped_column(default_factory=list)
    curve: Mapped[db.Facts] = mapped_column(default_factory=dict)
    record: Mapped[bytes | None] = mapped_column(default=None)
    reported_at: Mapped[datetime]
    valid_until: Mapped[date]
    superseded_by_id: Mapped[int | None] = db.refers("health_report.id", default=None)
    # What the QR code on paper opens: whoever holds the paper may check it.
    public_token: Mapped[str] = mapped_column(
        unique=True, default_factory=lambda: secrets.token_urlsafe(16)
    )
    # The subject was opened or worked on: what was measured before says nothing of it any more.
    opened_on: Mapped[date | None] = mapped_column(default=None)

    pack: Mapped[Pack] = orm.relationship(init=False)
    lab: Mapped[Organisation] = orm.relationship(init=False)

    @property
    def number(self) -> str:
        """The number printed on it: year of the examination and the row's own."""
        return records.number(self.examined_on, self.id)

    def is_valid(self, on: date) -> bool:
        """Whether it stands and counts on that day; `counts` asks the same of rows."""
        is_open = self.opened_on is not None and self.opened_on <= on
        return self.superseded_by_id is None and on <= self.valid_until and not is_open


def counts(on: date | ColumnElement[date]) -> ColumnElement[bool]:
    """The condition on reports that stand, have not expired on a day and were not opened by it."""
    return sa.and_(
        HealthReport.superseded_by_id.is_(None),
        HealthReport.valid_until >= on,
        sa.or_(HealthReport.opened_on.is_(None), HealthReport.opened_on > on),
    )


class NoCapacityFound(Refused):
    """A file without one discharge that counts."""

    message = N_(
        "No discharge in the file counts, so there is no capacity to report. Look at the reason "
        "beside each discharge."
    )


class FileNotExamined(Refused):
    """The examination is of another file, subject or type than the report."""

    message = N_("The examination is not that of this file, subject and type. Examine it again.")


class PositionNeeded(Refused):
    """A module or cell that is not said to be which."""

    message = N_("Say which module or cell was examined, by its position.")


class ExaminedInFuture(Refused):
    """An examination that is still to come."""

    message = N_("The examination on %(day)s is still to come.")


class ExaminedTooLongAgo(Refused):
    """A report that would have expired before it is signed."""

    message = N_("The examination on %(day)s is over 90 days ago, so its report would be expired.")


class NewerReportStands(Conflict):
    """A report of a later examination of the same subject stands."""

    message = N_("A report of a later examination, of %(day)s, already stands.")


@dataclass(frozen=True, slots=True)
class PackGrade:
    """What may be said of a whole pack on a day.

    ``letter`` comes only from a standing, valid report of the pack itself; else it is None, the
    level is L5, and ``hint`` is the best report of a part of it, where there is one.
    """

    letter: str | None
    evidence_level: str
    is_provisional: bool = False
    report: HealthReport | None = None
    hint: HealthReport | None = None


def standing(
    session: orm.Session, pack_ids: Iterable[int], on: date | None = None
) -> dict[int, HealthReport]:
    """The standing report of each pack as a whole, by pack; with ``on`` only those still valid."""
    return {
        report.pack_id: report
        for report in standing_of_all(session, pack_ids, on)
        if report.subject is Subject.PACK
    }


def standing_of_all(
    session: orm.Session, pack_ids: Iterable[int], on: date | None = None
) -> list[HealthReport]:
    """The standing reports of packs, modules and cells, the newest examination first."""
    query = (
        sa.select(HealthReport)
        .where(
            HealthReport.pack_id.in_(list(pack_ids)),
            HealthReport.superseded_by_id.is_(None),
        )
        .order_by(HealthReport.examined_on.desc(), HealthReport.id.desc())
    )
    if on is not None:
        query = query.where(counts(on))
    return list(session.scalars(query))


def pack_grades(session: orm.Session, pack_ids: Iterable[int], on: date) -> dict[int, PackGrade]:
    """The grade of each pack on a day; every pack asked for is in the answer."""
    wanted = list(pack_ids)
    found: dict[int, list[HealthReport]] = {pack_id: [] for pack_id in wanted}
    for report in standing_of_all(session, wanted, on):
        found[report.pack_id].append(report)
    return {pack_id: _graded(reports) for pack_id, reports in found.items()}


def pack_grade(session: orm.Session, pack_id: int, on: date) -> PackGrade:
    """The grade of one pack on a day."""
    return pack_grades(session, [pack_id], on)[pack_id]


def _graded(reports: list[HealthReport]) -> PackGrade:
    whole = next((report for report in reports if report.subject is Subject.PACK), None)
    if whole is not None:
        return PackGrade(whole.grade, whole.evidence_level, whole.is_provisional, whole)
    parts = sorted(reports, key=lambda report: report.subject is Subject.CELL)
    return PackGrade(None, "L5", hint=parts[0] if parts else None)


def store(
    session: orm.Session,
    acting: Acting,
    *,
    pack_id: int,
    examination: Examination,
    blob_sha256: str,
    examined_on: date,
    at: datetime,
    subject: Subject = Subject.PACK,
    subject_position: str = "",
    coverage: str = "",
    capacity_spread: Decimal | None = None,
    safety_check_passed: bool | None = None,
    temperature_c: Decimal | None = None,
) -> HealthReport:
    """Sign a report of the acting lab and let it supersede the standing one of the same subject.

    ``examination`` is that of the stored file against the type's rated values for the subject.
    ``capacity_spread`` is a fraction, (max - min) / mean over the parts; where the examination has
    the capacities of parts, theirs counts and not what is typed. Refuses anybody but a
    lab, an unknown pack, a file without capacity, an examination of another file, subject or
    type, a part without a position, and a day in the future, over 90 days ago, or before that of
    the standing report.
    """
    demand(acting, "report:write", Kind.LAB)
    pack = db.lock(session, Pack, pack_id)
    if pack is None:
        raise NotFound
    statement = Statement(
        subject=subject.value,
        subject_position=subject_position.strip(),
        coverage=coverage.strip(),
        examined_on=examined_on,
        capacity_spread=_spread(examination, capacity_spread),
        safety_check_passed=safety_check_passed,
        temperature_c=temperature_c,
    )
    lab = session.get_one(Organisation, acting.organisation_id)
    policy = policies.in_force(session, days.of(at))
    draft = Draft(pack, lab, statement, examination, at, policy)
    _check(session, draft, blob_sha256)
    older = _standing_of_subject(session, pack_id, subject, statement.subject_position)
    if older is not None and older.examined_on > examined_on:
        raise NewerReportStands(field="examined_on", day=older.examined_on)
    report = _add(session, draft, older)
    if subject is Subject.PACK and safety_check_passed is not None:
        pack.condition = Condition.INTACT if safety_check_passed else Condition.DAMAGED
    journal.record(
        session,
        "report:signed",
        report,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        pack_id=pack_id,
        supersedes=older.id if older else None,
    )
    return report


def _spread(examination: Examination, typed: Decimal | None) -> Decimal | None:
    parts = examination.parts
    return parts.capacity_spread if parts is not None and parts.has_capacities else typed


def _add(session: orm.Session, draft: Draft, older: HealthReport | None) -> HealthReport:
    """The signed row, in the place of the standing one."""
    if older is not None:
        # Out of the way of the unique index until the new row has its number.
        older.superseded_by_id = older.id
        session.flush()
    ident: int = session.scalars(_NEXT).one()
    number = records.number(draft.statement.examined_on, ident)
    record = records.compose(draft, number, older.number if older else None)
    report = _row(draft, record=_signed(session, draft, record))
    report.id = ident
    session.add(report)
    session.flush()
    if older is not None:
        older.superseded_by_id = report.id
    return report


def signer(session: orm.Session, report: HealthReport) -> keys.SigningKey | None:
    """The lab's registered key whose signature on the record holds, or None."""
    if report.record is None:
        return None
    try:
        proofs = signing.verify_proofs(canonical.parse(report.record), signing.resolve_did_key)
    except Refused:
        return None
    key = keys.known(session, proofs[0].verification_method)
    if key is None or key.organisation_id != report.lab_id or not key.is_valid(report.reported_at):
        return None
    return key


def _check(session: orm.Session, draft: Draft, blob_sha256: str) -> None:
    statement, examination = draft.statement, draft.examination
    day, today = statement.examined_on, days.of(draft.at)
    if statement.subject != Subject.PACK and not statement.subject_position:
        raise PositionNeeded(field="subject_position")
    if day > today:
        raise ExaminedInFuture(field="examined_on", day=day)
    if day + VALIDITY < today:
        raise ExaminedTooLongAgo(field="examined_on", day=day)
    same = (
        examination.sha256 == blob_sha256
        and examination.rated.subject == statement.subject
        and examination.rated == rated(draft.pack.type, examination.rated.subject)
        and session.get(Blob, blob_sha256) is not None
    )
    if not same:
        raise FileNotExamined(field="file")
    if examination.assessment.capacity_ah is None and examination.parts is None:
        raise NoCapacityFound(field="file")


def _standing_of_subject(
    session: orm.Session, pack_id: int, subject: Subject, position: str
) -> HealthReport | None:
    return session.scalar(
        sa.select(HealthReport).where(
            HealthReport.pack_id == pack_id,
            HealthReport.subject == subject,
            HealthReport.subject_position == position,
            HealthReport.superseded_by_id.is_(None),
        )
    )


def _signed(session: orm.Session, draft: Draft, record: dict[str, object]) -> bytes:
    key = keys.ensure(session, keys.KeyUse.LAB, organisation_id=draft.lab.id, at=draft.at)
    return canonical.dumps(keys.sign(session, record, key, at=draft.at, attested_by_platform=True))


def _row(draft: Draft, record: bytes) -> HealthReport:
    statement, examination = draft.statement, draft.examination
    found, given = examination.assessment, draft.grade
    return HealthReport(
        pack_id=draft.pack.id,
        subject=Subject(statement.subject),
        subject_position=statement.subject_position,
        coverage=statement.coverage,
        lab_id=draft.lab.id,
        examined_on=statement.examined_on,
        blob_sha256=examination.sha256,
        reader=examination.reader,
        reader_version=examination.reader_version,
        rated_capacity_ah=decimal(examination.rated.capacity_ah, 4) or Decimal(0),
        capacity_ah=decimal(found.capacity_ah),
        energy_wh=decimal(found.energy_wh),
        soh_q=decimal(found.soh),
        soh_e=decimal(found.soh_e),
        rate_c=decimal(found.rate_c, 4),
        temperature_c=decimal(draft.temperature_c, 2),
        cutoffs={
            "low": found.cutoffs.low,
            "high": found.cutoffs.high,
            "source": found.cutoffs.source,
        },
        grade=given.letter,
        is_provisional=given.is_provisional,
        evidence_level=given.evidence_level,
        policy_version=given.policy,
        reasons=list(given.reasons),
        flags=draft.flags,
        discharges=records.discharges(found),
        curve={
            "schema": CURVE_SCHEMA,
            "points": [[round(ah, 6), round(volts, 5)] for ah, volts in found.curve],
            "incremental": [drawn(curve) for curve in examination.measured.curves],
        },
        record=record,
        reported_at=draft.at,
        valid_until=draft.valid_until,
    )
