"""The custody log: signed records in one order, append-only, with signed checkpoints.

One writer at a time appends, under a lock of the database; the leaf, the inner nodes it completes
and the checkpoint over it become durable together or not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.custody import canonical, dump, keys, merkle, receipts, subtrees
from listings.custody import checkpoint as checkpoints
from listings.errors import N_, Conflict, NotFound
from listings.parties import Organisation

# The advisory lock of the log: any number that nothing else in this database locks.
_LOG_LOCK = 0x7061636B
_BATCH = 1_000


class Leaf(db.Base):
    """One signed record, as its bytes were signed. ``sequence`` counts from 0 without a gap."""

    __tablename__ = "leaf"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record: Mapped[bytes]
    leaf_hash: Mapped[bytes] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(index=True)
    handover_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid, index=True, default=None)
    appended_at: Mapped[datetime]


class LeafPack(db.Base):
    """A leaf concerns a pack, so that a pack's chain can be read."""

    __tablename__ = "leaf_pack"

    pack_id: Mapped[int] = db.refers("pack.id", primary_key=True)
    sequence: Mapped[int] = db.refers("leaf.sequence", primary_key=True)


class Checkpoint(db.Base):
    """A signed head of the log: ``note`` is the C2SP signed note over size and root."""

    __tablename__ = "checkpoint"

    tree_size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str]
    signed_at: Mapped[datetime]


class Holding(db.Base):
    """Who held or owned a pack, and from which leaf on. ``since`` is when it became so."""

    __tablename__ = "holding"
    __table_args__ = (
        sa.CheckConstraint("what IN ('owner', 'holder')", name="what"),
        sa.CheckConstraint("until IS NULL OR until >= since", name="period"),
        sa.Index(
            "uq_holding_now",
            "pack_id",
            "what",
            unique=True,
            postgresql_where=sa.text("until IS NULL"),
        ),
    )

    id: Mapped[int] = db.key()
    pack_id: Mapped[int] = db.refers("pack.id")
    what: Mapped[str]
    organisation_id: Mapped[int] = db.refers("organisation.id")
    since: Mapped[datetime]
    until: Mapped[datetime | None] = mapped_column(default=None)
    leaf_sequence: Mapped[int | None] = db.refers("leaf.sequence", default=None)

    organisation: Mapped[Organisation] = orm.relationship(init=False)


class LogNode(db.Base):
    """The hash of a perfect subtree, so that a proof is not made from every leaf again."""

    __tablename__ = "log_node"

    level: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class AlreadyInLog(Conflict):
    """The same bytes were appended before."""

    message = N_("This record stands in the log already, at position %(index)s.")


def append(
    session: orm.Session,
    record: bytes,
    *,
    kind: str,
    handover_id: uuid.UUID | None = None,
    pack_ids: Iterable[int] = (),
    at: datetime,
) -> Leaf:
    """Put a signed record at the end of the log and sign the new head.

    ``record`` are the exact bytes that are kept, handed out and never written again. Takes the
    log's lock, the last in the order. Refuses bytes that are not canonical or whose signatures do
    not hold, and a record that stands there already (`AlreadyInLog`).
    """
    receipts.check_record(record)
    db.note_lock(session, "log")
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOG_LOCK)))
    leaf_hash = merkle.leaf_hash(record)
    known = session.scalar(sa.select(Leaf.sequence).where(Leaf.leaf_hash == leaf_hash))
    if known is not None:
        raise AlreadyInLog(index=known)
    head = latest(session)
    leaf = Leaf(
        sequence=head.tree_size if head else 0,
        record=record,
        leaf_hash=leaf_hash,
        kind=kind,
        handover_id=handover_id,
        appended_at=at,
    )
    session.add(leaf)
    session.flush()
    for pack_id in sorted(set(pack_ids)):
        session.add(LeafPack(pack_id=pack_id, sequence=leaf.sequence))
    _sign_head(session, head, leaf, at=at)
    session.flush()
    return leaf


def latest(session: orm.Session) -> Checkpoint | None:
    """The newest head of the log; None while it is empty."""
    newest = sa.select(Checkpoint).order_by(Checkpoint.tree_size.desc()).limit(1)
    return session.scalar(newest)


def origin(session: orm.Session) -> str:
    """The log's name (`keys.origin`)."""
    head = latest(session)
    return keys.origin(checkpoints.read_unverified(head.note).origin if head else None)


def vkeys(session: orm.Session) -> list[str]:
    """The verifier keys to publish, the standing one first; none before the first leaf."""
    return keys.log_vkeys(session, origin(session))


def vkey(session: orm.Session) -> str:
    """The standing verifier key; `NotFound` before the first leaf."""
    for standing in vkeys(session):
        return standing
    raise NotFound


def inclusion(session: orm.Session, sequence: int, size: int) -> list[bytes]:
    """The inclusion proof of a leaf in the tree of ``size`` leaves."""
    known = _nodes(session, subtrees.needed_for(sequence, size))
    return subtrees.inclusion_path(sequence, size, known)


def receipt(session: orm.Session, sequence: int) -> bytes:
    """The receipt of a leaf against the newest head, as both parties get it."""
    leaf, head = session.get(Leaf, sequence), latest(session)
    if leaf is None or head is None:
        raise NotFound
    path = inclusion(session, sequence, head.tree_size)
    return receipts.make(leaf.record, sequence, path, head.note)


def export(session: orm.Session, stream: BinaryIO) -> int:
    """Write the whole log as a dump and return the number of leaves (docs/custody-formats.md).

    `NotFound` while the log is empty.
    """
    head = latest(session)
    if head is None:
        raise NotFound
    return dump.write(stream, origin(session), records(session, head.tree_size), head.note)


def records(session: orm.Session, size: int) -> Iterator[bytes]:
    """The first ``size`` records in order, fetched in portions."""
    for start in range(0, size, _BATCH):
        portion = sa.select(Leaf.record).where(
            Leaf.sequence >= start,
            Leaf.sequence < min(start + _BATCH, size),
        )
        yield from session.scalars(portion.order_by(Leaf.sequence))


def of_pack(session: orm.Session, pack_id: int) -> list[Leaf]:
    """The leaves that concern a pack, oldest first."""
    joined = sa.select(Leaf).join(LeafPack, LeafPack.sequence == Leaf.sequence)
    return list(session.scalars(joined.where(LeafPack.pack_id == pack_id).order_by(Leaf.sequence)))


def parsed(leaf: Leaf) -> dict[str, object]:
    """The record of a leaf as an object; what is hashed and signed are its bytes alone."""
    return canonical.parse(leaf.record)


def verify(session: orm.Session) -> list[str]:
    """What does not hold in the log as it is stored; empty where all does.

    Rebuilds the tree from the records and holds it against every leaf hash, kept node and signed
    head, and every signature in a record against the register of keys at its time.
    """
    problems: list[str] = []
    frontier = merkle.Frontier()
    trusted = vkeys(session)
    for leaf in _leaves(session):
        if leaf.sequence != frontier.size:
            problems.append(f"leaf {leaf.sequence} stands where {frontier.size} should")
            break
        problems += _leaf_problems(session, leaf)
        frontier.append(merkle.leaf_hash(leaf.record))
        problems += _head_problems(session, frontier, trusted)
    problems += _node_problems(session, frontier)
    beyond = session.scalar(
        sa.select(sa.func.count()).where(Checkpoint.tree_size > frontier.size),
    )
    if beyond:
        problems.append(
            f"{beyond} checkpoints count more leaves than the {frontier.size} there are"
        )
    return problems


def _leaves(session: orm.Session) -> Iterator[Leaf]:
    start = 0
    while True:
        portion = sa.select(Leaf).where(Leaf.sequence >= start).order_by(Leaf.sequence)
        leaves = session.scalars(portion.limit(_BATCH)).all()
        if not leaves:
            return
        yield from leaves
        start = leaves[-1].sequence + 1


def _leaf_problems(session: orm.Session, leaf: Leaf) -> Iterator[str]:
    if leaf.leaf_hash != merkle.leaf_hash(leaf.record):
        yield f"leaf {leaf.sequence}: its hash is not that of its record"
    try:
        proofs = receipts.check_record(leaf.record)
    except receipts.BadReceipt as problem:
        yield f"leaf {leaf.sequence}: {problem}"
        return
    for proof in proofs:
        key = keys.known(session, proof.verification_method)
        # Proofs carry whole seconds; a key made in the same second counts.
        created = datetime.fromisoformat(proof.created) + timedelta(seconds=1)
        if key is None or key.valid_from > created:
            yield f"leaf {leaf.sequence}: signed by {proof.verification_method}, not valid then"
        elif key.revoked_at is not None and created - timedelta(seconds=1) >= key.revoked_at:
            yield f"leaf {leaf.sequence}: signed by {proof.verification_method}, revoked before"
        elif key.use is keys.KeyUse.PERSON and key.is_on_device == proof.attested_by_platform:
            said = "the platform" if proof.attested_by_platform else "a device"
            yield f"leaf {leaf.sequence}: {proof.verification_method} is not a key of {said}"


def _head_problems(
    session: orm.Session, frontier: merkle.Frontier, trusted: list[str]
) -> Iterator[str]:
    size = frontier.size
    head = session.get(Checkpoint, size)
    if head is None:
        yield f"checkpoint {size} is missing"
        return
    try:
        signed = checkpoints.open(head.note, trusted, origin(session))
    except checkpoints.BadCheckpoint as problem:
        yield f"checkpoint {size}: {problem}"
        return
    if (signed.size, signed.root, head.root) != (size, frontier.root(), frontier.root()):
        yield f"checkpoint {size}: its root is not that of the first {size} leaves"


def _node_problems(session: orm.Session, frontier: merkle.Frontier) -> Iterator[str]:
    """The kept nodes at the right edge; those below them are held by receipts' proofs."""
    wanted = subtrees.cover(0, frontier.size)
    known = _nodes(session, wanted)
    if [known.get(node) for node in wanted] != list(frontier.hashes):
        yield "the kept nodes of the tree do not lead to its root"


def _sign_head(session: orm.Session, head: Checkpoint | None, leaf: Leaf, *, at: datetime) -> None:
    size = leaf.sequence
    edge_nodes = subtrees.cover(0, size)
    known = _nodes(session, edge_nodes)
    edge = [known[node] for node in edge_nodes]
    grown = list(subtrees.grown(size, edge, leaf.leaf_hash))
    session.add_all(
        LogNode(level=level, position=position, hash=node) for (level, position), node in grown
    )
    joined = len(grown) - 1
    root = subtrees.fold([*edge[: len(edge) - joined], grown[-1][1]])
    name = keys.origin(checkpoints.read_unverified(head.note).origin if head else None)
    note = checkpoints.sign(name, size + 1, root, keys.log_signer(session, name, at=at))
    session.add(Checkpoint(tree_size=size + 1, root=root, note=note, signed_at=at))


def _nodes(session: orm.Session, wanted: list[subtrees.Node]) -> dict[subtrees.Node, bytes]:
    if not wanted:
        return {}
    rows = session.execute(
        sa.select(LogNode.level, LogNode.position, LogNode.hash).where(
            sa.tuple_(LogNode.level, LogNode.position).in_(wanted),
        ),
    )
    return {(level, position): node for level, position, node in rows}
