"""What the rows of a handover say in a custody record, and how a person's signature gets there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings.custody import canonical, commitments, events, keys, log, signing
from listings.custody.events import Goods, Head, Party, Place
from listings.custody.log import Leaf, LeafPack
from listings.packs import Pack
from listings.parties import Acting, Organisation
from listings.sites import Site
from listings.users import User
from market.handed_over import Capacity, Handover
from market.pens import PLATFORM, Pen

_URN = "urn:packbourse"


def head(session: orm.Session, handover: Handover, *, at: datetime, pen: Pen = PLATFORM) -> Head:
    """The opening of a record about a handover, under a fresh id, at the instant of its pen."""
    at = pen.instant(at)
    site = session.get(Site, handover.site_id) if handover.site_id is not None else None
    return Head(
        id=events.uuid7(at, pen.random(events.ENTROPY_BYTES)),
        handover_id=handover.id,
        handover_number=handover.number,
        award_number=handover.award.number,
        occurred_at=at,
        received_at=at,
        place=None if site is None else Place(site.name, site.province),
    )


def party(organisation: Organisation) -> Party:
    """An organisation as a record names it."""
    return Party(organisation.name, organisation.credit_code)


def parties(handover: Handover) -> dict[str, Party]:
    """Everybody named in a handover, by role."""
    named = {
        Capacity.OWNER: handover.owner,
        Capacity.RELEASER: handover.releaser,
        Capacity.RECEIVER: handover.receiver,
        Capacity.CARRIER: handover.carrier,
    }
    return {role.value: party(one) for role, one in named.items() if one is not None}


def goods(session: orm.Session, packs: Sequence[Pack]) -> list[Goods]:
    """Packs as a record declares them, each with the leaf that came before in its chain."""
    newest = _newest_leaves(session, [pack.id for pack in packs])
    return [
        Goods(
            name=pack.name,
            is_coded=pack.code is not None,
            chemistry=pack.type.chemistry.value,
            mass_kg=pack.mass_kg if pack.mass_kg is not None else pack.type.mass_kg,
            energy_kwh=pack.type.rated_energy_kwh,
            previous=newest.get(pack.id),
        )
        for pack in packs
    ]


def _newest_leaves(session: orm.Session, pack_ids: Iterable[int]) -> dict[int, str]:
    newest = (
        sa.select(LeafPack.pack_id, sa.func.max(LeafPack.sequence).label("sequence"))
        .where(LeafPack.pack_id.in_(list(pack_ids)))
        .group_by(LeafPack.pack_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(newest.c.pack_id, Leaf.leaf_hash).join(Leaf, Leaf.sequence == newest.c.sequence),
    )
    return {pack_id: leaf_hash.hex() for pack_id, leaf_hash in rows}


def commit_person(
    session: orm.Session, handover: Handover, user_id: int, *, pen: Pen = PLATFORM
) -> str:
    """A commitment to who a person is: the pseudonymous id and the name at this time."""
    name = session.get_one(User, user_id).name
    return commitments.commit(
        session,
        f"{user_id}\n{name}",
        user_id=user_id,
        handover_id=handover.id,
        random=pen.random,
    )


def commit_text(
    session: orm.Session, handover: Handover, text: str, *, pen: Pen = PLATFORM
) -> str | None:
    """A commitment to free text or a number plate; None where there is none."""
    if not text:
        return None
    return commitments.commit(session, text, handover_id=handover.id, random=pen.random)


def sign(
    session: orm.Session,
    record: dict[str, object],
    handover: Handover,
    acting: Acting,
    capacity: Capacity,
    *,
    at: datetime,
    pen: Pen = PLATFORM,
) -> dict[str, object]:
    """The record with the acting person's proof over everything in it, earlier proofs included.

    The platform signs for the person and says so, unless the pen is that of their device. The
    proof's domain names the capacity, the organisation and a commitment to the person.
    """
    organisation = session.get_one(Organisation, acting.organisation_id)
    person = commit_person(session, handover, acting.user_id, pen=pen)
    return pen.sign(
        session,
        record,
        user_id=acting.user_id,
        previous=[str(proof["id"]) for proof in signing.proofs_of(record)],
        domain=f"{_URN}:{capacity.value}:{organisation.credit_code}:{person}",
        at=at,
    )


def signers(session: orm.Session, record: Mapping[str, object]) -> list[int | None]:
    """Whose keys signed a record, in order: ids of people, None for the platform's own.

    One person has several keys: the one that the platform keeps, and those of devices.
    """
    found = (
        keys.known(session, str(proof["verificationMethod"])) for proof in signing.proofs_of(record)
    )
    return [None if key is None else key.user_id for key in found]


def append(
    session: orm.Session,
    record: dict[str, object],
    handover: Handover,
    pack_ids: Iterable[int],
    *,
    at: datetime,
) -> Leaf:
    """Put a signed record about a handover into the log."""
    return log.append(
        session,
        canonical.dumps(record),
        kind=str(record["kind"]),
        handover_id=handover.id,
        pack_ids=pack_ids,
        at=at,
    )


@dataclass(frozen=True, slots=True)
class Signature:
    """One proof of a leaf as pages and papers tell it.

    ``person`` is the name behind the commitment; None where it was erased or the platform signed.
    """

    capacity: str
    credit_code: str
    signed_at: datetime
    is_by_platform: bool
    person: str | None = None


def signatures(session: orm.Session, record: Mapping[str, object]) -> list[Signature]:
    """Who signed a record in what capacity, in order. What holds is for `log.verify` to say."""
    found = []
    for proof in signing.proofs_of(record):
        capacity, credit_code, commitment = _domain(str(proof.get("domain", "")))
        known = commitments.opened(session, commitment) if commitment else None
        found.append(
            Signature(
                capacity=capacity,
                credit_code=credit_code,
                signed_at=datetime.fromisoformat(str(proof["created"])),
                is_by_platform=bool(proof.get("attestedByPlatform")),
                person=known.partition("\n")[2] if known is not None else None,
            ),
        )
    return found


def _domain(text: str) -> tuple[str, str, str]:
    parts = text.removeprefix(f"{_URN}:").split(":")
    if not text.startswith(_URN) or len(parts) != len(("capacity", "credit code", "person")):
        return "", "", ""
    return parts[0], parts[1], parts[2]
