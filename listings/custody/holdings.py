"""Holdings: who held and who owned each pack in every period, exactly one at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from listings.custody.log import Holding, Leaf
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


def verify(session: orm.Session) -> list[str]:
    """Packs whose periods and present holder or owner disagree; empty where all agree.

    Each pack has exactly one holder and one owner at any instant since its first period, and each
    change of holder comes from a leaf of kind ``acceptance``, of owner from one of kind ``title``.
    """
    problems: list[str] = []
    for what, column in (("holder", Pack.holder_id), ("owner", Pack.owner_id)):
        standing = sa.and_(
            Holding.pack_id == Pack.id, Holding.what == what, Holding.until.is_(None)
        )
        rows = session.execute(
            sa.select(Pack.id, column, Holding.organisation_id)
            .join(Holding, standing, isouter=True)
            .where(Holding.organisation_id.is_distinct_from(column))
            .order_by(Pack.id),
        )
        problems += [
            f"pack {pack_id}: its {what} is {now}, its periods say {kept}"
            for pack_id, now, kept in rows
        ]
    return problems + _breaks(session)


def _breaks(session: orm.Session) -> list[str]:
    """Periods that do not begin where the one before ended, or begin without their leaf."""
    of_one = (Holding.pack_id, Holding.what)
    periods = sa.select(
        Holding.pack_id,
        Holding.what,
        Holding.since,
        Leaf.kind,
        sa.func.lag(Holding.until).over(partition_by=of_one, order_by=Holding.id).label("before"),
        sa.func.row_number().over(partition_by=of_one, order_by=Holding.id).label("position"),
    ).join(Leaf, Leaf.sequence == Holding.leaf_sequence, isouter=True)
    rows = periods.subquery()
    wanted = sa.case((rows.c.what == "owner", "title"), else_="acceptance")
    broken = session.execute(
        sa.select(rows.c.pack_id, rows.c.what, rows.c.since).where(
            rows.c.position > 1,
            sa.or_(
                rows.c.since.is_distinct_from(rows.c.before), rows.c.kind.is_distinct_from(wanted)
            ),
        ),
    )
    return [
        f"pack {pack_id}: its {what} from {since.isoformat()} on does not follow from the last"
        for pack_id, what, since in broken
    ]


def _standing(session: orm.Session, pack_id: int, what: str) -> Holding | None:
    return session.scalar(
        sa.select(Holding).where(
            Holding.pack_id == pack_id,
            Holding.what == what,
            Holding.until.is_(None),
        ),
    )
