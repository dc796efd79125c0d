"""Holdings: who held and who owned each pack in every period, exactly one at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings.custody.log import Holding
from listings.packs import Pack


def pass_on(
    session: orm.Session,
    packs: Sequence[Pack],
    what: str,
    organisation_id: int,
    *,
    at: datetime,
    leaf_sequence: int,
) -> None:
    """Make an organisation the holder or the owner of locked packs, by a leaf of the log.

    ``what`` is ``holder`` or ``owner``. A pack whose first holding was never written gets it
    first, from when it was registered.
    """
    for pack in packs:
        before = _standing(session, pack.id, what)
        if before is None:
            before = Holding(
                pack_id=pack.id,
                what=what,
                organisation_id=getattr(pack, f"{what}_id"),
                since=pack.created_at,
            )
            session.add(before)
        before.until = at
        session.flush()
        session.add(
            Holding(
                pack_id=pack.id,
                what=what,
                organisation_id=organisation_id,
                since=at,
                leaf_sequence=leaf_sequence,
            ),
        )
        setattr(pack, f"{what}_id", organisation_id)
        session.flush()
        session.expire(pack, [what])


def of_pack(session: orm.Session, pack_id: int) -> list[Holding]:
    """Every period of a pack, holders and owners, oldest first."""
    rows = sa.select(Holding).where(Holding.pack_id == pack_id)
    return list(session.scalars(rows.order_by(Holding.since, Holding.id)))


def _standing(session: orm.Session, pack_id: int, what: str) -> Holding | None:
    return session.scalar(
        sa.select(Holding).where(
            Holding.pack_id == pack_id,
            Holding.what == what,
            Holding.until.is_(None),
        ),
    )
