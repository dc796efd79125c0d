"""Contracts between seller and buyer, signed by uploading the sealed scan."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import blobs, db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.parties import Acting, demand
from market import notices
from market.awarded import ZONE, Award

LARGEST_SCAN = 20 * 1024 * 1024
# What a scan may be, by how its bytes begin; the name of the file says nothing.
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)


class Contract(db.Base):
    """The asset transfer contract of one award; in force once both sealed scans are here."""

    __tablename__ = "contract"

    id: Mapped[int] = db.key()
    number: Mapped[str] = mapped_column(unique=True)
    award_id: Mapped[int] = db.refers("award.id", unique=True)
    drawn_up_at: Mapped[datetime]
    seller_scan_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    seller_signed_at: Mapped[datetime | None] = mapped_column(default=None)
    seller_signer_id: Mapped[int | None] = db.refers("person.id", default=None)
    buyer_scan_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    buyer_signed_at: Mapped[datetime | None] = mapped_column(default=None)
    buyer_signer_id: Mapped[int | None] = db.refers("person.id", default=None)
    in_force_at: Mapped[datetime | None] = mapped_column(default=None)

    award: Mapped[Award] = orm.relationship(init=False)


class ScanNotReadable(Refused):
    """The file is neither a PDF nor a JPEG or PNG picture."""

    message = N_("Upload the sealed contract as a PDF, JPEG or PNG file.")


class ScanTooLarge(Refused):
    """The file is larger than the store takes."""

    message = N_("The file has %(size)s MB; at most %(most)s MB are taken.")


class SignedOutOfTime(Refused):
    """The date of signature lies before the award or in the future."""

    message = N_("The contract was signed between %(least)s and %(most)s; correct the date.")


class InForce(Conflict):
    """Both sealed scans are here; nothing about them changes any more."""

    message = N_("Contract %(number)s is in force; its scans cannot be replaced.")


class AwardAnnulled(Conflict):
    """The award no longer stands."""

    message = N_("The award of contract %(number)s was annulled.")


def draw_up(session: orm.Session, award: Award, *, at: datetime) -> Contract:
    """The contract of an award, to be signed by both parties; numbered like the award."""
    contract = Contract(number=f"C{award.number[1:]}", award_id=award.id, drawn_up_at=at)
    session.add(contract)
    journal.record(session, "contract:drawn_up", contract, at=at, award_id=award.id)
    return contract


def of(session: orm.Session, award_id: int) -> Contract:
    """The contract of an award; `NotFound` without one."""
    found = session.scalar(sa.select(Contract).where(Contract.award_id == award_id))
    if found is None:
        raise NotFound
    return found


def is_in_force(session: orm.Session, award_id: int) -> bool:
    """Whether both sealed scans of the award's contract are here."""
    return of(session, award_id).in_force_at is not None


def sniff(content: bytes) -> str:
    """The media type of a scan by its first bytes (`ScanNotReadable`), at most 20 MB."""
    if len(content) > LARGEST_SCAN:
        megabytes = -(-len(content) // (1024 * 1024))
        raise ScanTooLarge(field="scan", size=megabytes, most=LARGEST_SCAN // (1024 * 1024))
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    raise ScanNotReadable(field="scan")


def upload_scan(
    session: orm.Session,
    acting: Acting,
    contract_id: int,
    *,
    content: bytes,
    filename: str,
    signed_on: date,
    at: datetime,
) -> Contract:
    """A party's signer hands in the sealed scan; with both the contract is in force.

    A side may replace its own scan until then. Refuses everybody who is not a party (`NotFound`),
    other files than PDF, JPEG and PNG, and a signature dated before the award or after today.
    """
    demand(acting, "contract:sign")
    contract = db.lock(session, Contract, contract_id)
    if contract is None:
        raise NotFound
    award = contract.award
    if acting.organisation_id not in {award.seller_id, award.buyer_id}:
        raise NotFound
    _demand_open(contract)
    _demand_in_time(award, signed_on, at)
    media_type = sniff(content)
    scan = blobs.store(
        session,
        content,
        name=filename,
        media_type=media_type,
        at=at,
        organisation_id=acting.organisation_id,
    )
    signed_at = datetime.combine(signed_on, time(), ZONE).astimezone(UTC)
    side = "seller" if acting.organisation_id == award.seller_id else "buyer"
    setattr(contract, f"{side}_scan_sha256", scan.sha256)
    setattr(contract, f"{side}_signed_at", signed_at)
    setattr(contract, f"{side}_signer_id", acting.user_id)
    if contract.seller_scan_sha256 and contract.buyer_scan_sha256:
        contract.in_force_at = at
    journal.record(
        session,
        "contract:signed",
        contract,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        side=side,
        sha256=scan.sha256,
        signed_on=signed_on.isoformat(),
    )
    _tell(session, contract, at=at)
    return contract


def _demand_open(contract: Contract) -> None:
    if contract.award.annulled_at is not None:
        raise AwardAnnulled(number=contract.number)
    if contract.in_force_at is not None:
        raise InForce(number=contract.number)


def _demand_in_time(award: Award, signed_on: date, at: datetime) -> None:
    least = award.awarded_at.astimezone(ZONE).date()
    most = at.astimezone(ZONE).date()
    if not least <= signed_on <= most:
        raise SignedOutOfTime(
            field="signed_on",
            least=least.isoformat(),
            most=most.isoformat(),
        )


def _tell(session: orm.Session, contract: Contract, *, at: datetime) -> None:
    """Tell both when it is in force, before that the side that has still to sign."""
    award = contract.award
    sentence = N_("Contract %(number)s waits for your sealed scan.")
    parties = [award.buyer_id if contract.seller_scan_sha256 else award.seller_id]
    if contract.in_force_at is not None:
        sentence = N_("Contract %(number)s is in force.")
        parties = [award.seller_id, award.buyer_id]
    for party in parties:
        notices.tell(
            session,
            party,
            sentence,
            at=at,
            link=f"/awards/{award.id}",
            number=contract.number,
        )
