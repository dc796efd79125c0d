"""The chain of custody of one pack: every event of the log about it, and whether all of it holds.

It is verified anew each time: that each record stands under the newest signed head, that the
signatures in it hold, and that each names the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from listings.custody import checkpoint as checkpoints
from listings.custody import holdings, log, merkle, receipts
from listings.custody.log import Checkpoint, Holding, Leaf
from listings.errors import DomainError
from listings.names import called
from listings.packs import Pack
from listings.parties import Organisation
from market import records
from market.records import Signature

ROLES = ("owner", "releaser", "carrier", "receiver", "from", "to")


@dataclass(frozen=True, slots=True)
class Node:
    """One event: what happened, when and where, between whom, signed by whom.

    ``parties`` and the signatures' organisations are names by role; ``finding`` is what the
    receiver said of this pack. ``problem`` says why the event does not hold, "" where it does.
    """

    kind: str
    sequence: int
    at: datetime
    handover: str
    place: str
    parties: Mapping[str, str]
    signatures: tuple[tuple[Signature, str], ...]
    finding: str
    problem: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything the log says of a pack, oldest first, and the periods of its holders."""

    nodes: tuple[Node, ...]
    periods: tuple[Holding, ...]
    head: Checkpoint | None
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every event, every link between them and the present holder hold."""
        return not self.problems


def of(session: orm.Session, pack: Pack) -> Chain:
    """The chain of a pack, verified against the newest head of the log."""
    head = log.latest(session)
    problems = [] if head is None else _head_problems(session, head)
    nodes: list[Node] = []
    before: Leaf | None = None
    for leaf in log.of_pack(session, pack.id):
        assert head is not None
        node = _node(session, pack, leaf, head, before)
        nodes.append(node)
        if node.problem:
            problems.append(node.problem)
        before = leaf
    periods = tuple(one for one in holdings.of_pack(session, pack.id) if one.what == "holder")
    problems += _holder_problems(pack, periods)
    return Chain(tuple(nodes), periods, head, tuple(problems))


def _node(
    session: orm.Session, pack: Pack, leaf: Leaf, head: Checkpoint, before: Leaf | None
) -> Node:
    record: dict[str, Any] = log.parsed(leaf)
    names = {
        str(one["credit_code"]): str(one["name"]) for one in record.get("parties", {}).values()
    }
    signed = records.signatures(session, record)
    codes = [*names, *(one.credit_code for one in signed)]
    for firm in session.scalars(sa.select(Organisation).where(Organisation.credit_code.in_(codes))):
        recorded = names.get(firm.credit_code, firm.name)
        names[firm.credit_code] = called(recorded, firm.name_en)
    place = record.get("place") or {}
    return Node(
        kind=leaf.kind,
        sequence=leaf.sequence,
        at=datetime.fromisoformat(str(record["occurred_at"])),
        handover=str(record["handover"]["number"]),
        place=str(place.get("province", "")),
        parties={
            role: names[str(record["parties"][role]["credit_code"])]
            for role in ROLES
            if role in record["parties"]
        },
        signatures=tuple((one, names.get(one.credit_code, "")) for one in signed),
        finding=_finding(record, pack),
        problem=_problem(session, pack, leaf, head, before),
    )


def _problem(
    session: orm.Session, pack: Pack, leaf: Leaf, head: Checkpoint, before: Leaf | None
) -> str:
    try:
        path = log.inclusion(session, leaf.sequence, head.tree_size)
        leaf_hash = merkle.leaf_hash(leaf.record)
        merkle.verify_inclusion(leaf_hash, leaf.sequence, head.tree_size, path, head.root)
        receipts.check_record(leaf.record)
    except (DomainError, KeyError) as problem:
        return f"leaf {leaf.sequence}: {problem}"
    if _named_before(log.parsed(leaf), pack) != (before.leaf_hash.hex() if before else None):
        return f"leaf {leaf.sequence}: it does not follow from the event before it"
    return ""


def _named_before(record: Mapping[str, Any], pack: Pack) -> str | None:
    """The hash of the event before, as a record names it for this pack."""
    if record["kind"] == "acceptance":
        return str(record["release"])
    for one in record["goods"]:
        if one["code"] in {pack.code, pack.provisional_id}:
            previous: str | None = one["previous"]
            return previous
    return None


def _finding(record: Mapping[str, Any], pack: Pack) -> str:
    for one in record.get("findings", []):
        if one["code"] in {pack.code, pack.provisional_id}:
            return str(one["finding"])
    return ""


def _head_problems(session: orm.Session, head: Checkpoint) -> list[str]:
    try:
        signed = checkpoints.open(head.note, log.vkeys(session), log.origin(session))
    except DomainError as problem:
        return [str(problem)]
    if (signed.size, signed.root) != (head.tree_size, head.root):
        return ["the newest checkpoint does not state what it is kept for"]
    return []


def _holder_problems(pack: Pack, periods: tuple[Holding, ...]) -> list[str]:
    if not periods:
        return []
    standing = [one.organisation_id for one in periods if one.until is None]
    return [] if standing == [pack.holder_id] else ["the periods do not lead to the present holder"]
