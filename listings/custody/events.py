"""Custody events as records: what is written into the log when goods and title pass. Pure.

Each builder returns an object for `canonical.dumps`: measurements are decimal strings, instants
carry an offset, organisations their unified social credit code, and people and free text only
salted commitments. The members are described in docs/custody-formats.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from listings import days
from listings.errors import N_, Refused

FORMAT = "packbourse-custody-v1"
RULES = "interim-measures-2026-04-01"
"""The rule set that judged the event: who may hold, which class, which deadlines."""
SIGNIFICANT_MASS_SHARE = Decimal("0.10")
ENTROPY_BYTES = 10


class CountsDiffer(Refused):
    """Findings that do not name each declared pack exactly once."""

    message = N_("Find each of the %(declared)s declared packs accepted, rejected or missing.")


class InstantWithoutZone(Refused):
    """An instant that could mean several."""

    message = N_("The instant %(value)s has no time zone.")


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation in a record, by its unified social credit code."""

    name: str
    credit_code: str

    def facts(self) -> dict[str, object]:
        """As it stands in a record."""
        return {"name": self.name, "credit_code": self.credit_code}


@dataclass(frozen=True, slots=True)
class Goods:
    """One declared pack. ``previous`` is the hash (hex) of the leaf before it in its chain."""

    name: str
    is_coded: bool
    chemistry: str
    mass_kg: Decimal
    energy_kwh: Decimal
    previous: str | None = None

    def facts(self) -> dict[str, object]:
        """As it stands in a record."""
        return {
            "code": self.name,
            "code_kind": "gbt34014" if self.is_coded else "provisional",
            "level": "pack",
            "chemistry": self.chemistry,
            "mass_kg": decimal(self.mass_kg),
            "nameplate_energy_kwh": decimal(self.energy_kwh),
            "previous": self.previous,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happened: the name of a yard and its province."""

    name: str
    province: str

    def facts(self) -> dict[str, object]:
        """As it stands in a record."""
        return {"name": self.name, "province": self.province}


@dataclass(frozen=True, slots=True)
class Head:
    """What every event states: its own id, the handover it belongs to, when and where.

    ``occurred_at`` is told in China's time with its offset, ``received_at`` in UTC.
    """

    id: uuid.UUID
    handover_id: uuid.UUID
    handover_number: str
    award_number: str
    occurred_at: datetime
    received_at: datetime
    place: Place | None = None

    def facts(self, kind: str) -> dict[str, object]:
        """The members that open a record of this kind."""
        return {
            "format": FORMAT,
            "kind": kind,
            "id": str(self.id),
            "handover": {"id": str(self.handover_id), "number": self.handover_number},
            "award": self.award_number,
            "rules": RULES,
            "occurred_at": local(self.occurred_at),
            "received_at": utc(self.received_at),
            "place": None if self.place is None else self.place.facts(),
        }


@dataclass(frozen=True, slots=True)
class Safety:
    """The joint check as both sides confirmed it, and the class that follows from it."""

    checklist: Mapping[str, bool]
    soc_percent: Decimal
    dangerous_goods: str
    un_number: str
    special_provision: str
    packing: str
    persons: Mapping[str, str]

    def facts(self) -> dict[str, object]:
        """As it stands in a record; ``persons`` are commitments by role."""
        return {
            "checklist": dict(sorted(self.checklist.items())),
            "checked_by": dict(self.persons),
            "soc_percent": decimal(self.soc_percent),
            "dangerous_goods": {
                "class": "9",
                "condition": self.dangerous_goods,
                "un_number": self.un_number,
                "special_provision": self.special_provision,
                "packing": self.packing,
            },
        }


@dataclass(frozen=True, slots=True)
class Carriage:
    """How the goods travel. ``plate`` is a commitment: a number plate leads to a person."""

    waybill: str = ""
    seal: str = ""
    plate: str | None = None

    def facts(self) -> dict[str, object]:
        """As it stands in a record."""
        return {"waybill": self.waybill, "seal": self.seal, "plate": self.plate}


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one declared pack. ``note`` is a commitment to what the receiver wrote."""

    name: str
    finding: str
    discrepancy: str = ""
    note: str | None = None

    def facts(self) -> dict[str, object]:
        """As it stands in a record."""
        return {
            "code": self.name,
            "finding": self.finding,
            "discrepancy": self.discrepancy or None,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Weighing:
    """A weighbridge ticket in kg."""

    gross_kg: Decimal
    tare_kg: Decimal
    ticket: str = ""

    @property
    def net_kg(self) -> Decimal:
        """Gross less tare."""
        return self.gross_kg - self.tare_kg

    def facts(self) -> dict[str, object]:
        """As it stands in a record."""
        return {
            "gross_kg": decimal(self.gross_kg),
            "tare_kg": decimal(self.tare_kg),
            "net_kg": decimal(self.net_kg),
            "ticket": self.ticket,
        }


def release(
    head: Head,
    parties: Mapping[str, Party],
    goods: Sequence[Goods],
    safety: Safety,
    carriage: Carriage,
) -> dict[str, object]:
    """The record that releaser and taker sign when goods leave.

    ``parties`` by role: owner, releaser, receiver and, where there is one, carrier. The taker is
    the carrier or else the receiver.
    """
    return {
        **head.facts("release"),
        "parties": {role: party.facts() for role, party in parties.items()},
        "taker": "carrier" if "carrier" in parties else "receiver",
        "declared": {
            "count": len(goods),
            "mass_kg": decimal(sum((one.mass_kg for one in goods), Decimal(0))),
        },
        "goods": [one.facts() for one in goods],
        "safety": safety.facts(),
        "carriage": carriage.facts(),
    }


def acceptance(
    head: Head,
    receiver: Party,
    release_hash: str,
    goods: Sequence[Goods],
    findings: Sequence[Found],
    *,
    state: str,
    arrived_at: datetime,
    weighing: Weighing | None = None,
    reservation: str | None = None,
) -> dict[str, object]:
    """The record that the receiver signs: the release it answers, and what was found.

    ``reservation`` is a commitment. Refuses findings that do not cover the declared goods.
    """
    if sorted(one.name for one in findings) != sorted(one.name for one in goods):
        raise CountsDiffer(declared=len(goods))
    return {
        **head.facts("acceptance"),
        "release": release_hash,
        "parties": {"receiver": receiver.facts()},
        "state": state,
        "arrived_at": local(arrived_at),
        "counts": counts(findings),
        "findings": [one.facts() for one in findings],
        "weighbridge": None if weighing is None else weighing.facts(),
        "discrepancies": discrepancies(goods, findings, weighing),
        "reservation": reservation,
    }


def title(
    head: Head, acceptance_hash: str, giver: Party, taker: Party, goods: Sequence[Goods]
) -> dict[str, object]:
    """The record that the platform signs when paid goods change their owner."""
    return {
        **head.facts("title"),
        "acceptance": acceptance_hash,
        "parties": {"from": giver.facts(), "to": taker.facts()},
        "goods": [one.facts() for one in goods],
    }


def counts(findings: Sequence[Found]) -> dict[str, int]:
    """How many packs were declared, accepted, rejected and missing."""
    words = [one.finding for one in findings]
    parts = {word: words.count(word) for word in ("accepted", "rejected", "missing")}
    return {"declared": sum(parts.values()), **parts}


def discrepancies(
    goods: Sequence[Goods], findings: Sequence[Found], weighing: Weighing | None
) -> list[dict[str, object]]:
    """What differs from the declaration. Counts are always significant, mass above a tenth is.

    The weighbridge is held against the declared mass of the packs that are not missing.
    """
    found: list[dict[str, object]] = []
    tally = counts(findings)
    if tally["missing"]:
        there = tally["declared"] - tally["missing"]
        found.append(_discrepancy("item_missing", str(tally["declared"]), str(there)))
    found.extend(
        _discrepancy(one.discrepancy, one.name, one.finding)
        for one in findings
        if one.discrepancy and one.finding != "missing"
    )
    missing = {one.name for one in findings if one.finding == "missing"}
    declared = sum((one.mass_kg for one in goods if one.name not in missing), Decimal(0))
    if weighing is not None and weighing.net_kg != declared:
        difference = abs(weighing.net_kg - declared)
        is_significant = difference > SIGNIFICANT_MASS_SHARE * declared
        stated = (decimal(declared), decimal(weighing.net_kg))
        found.append(_discrepancy("mass", *stated, is_significant=is_significant))
    return found


def _discrepancy(
    kind: str, declared: str, found: str, *, is_significant: bool = True
) -> dict[str, object]:
    return {"type": kind, "declared": declared, "found": found, "significant": is_significant}


def decimal(value: Decimal) -> str:
    """A measurement as its shortest plain decimal string."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def utc(instant: datetime) -> str:
    """An instant in UTC, to the second."""
    return _zoned(instant).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def local(instant: datetime) -> str:
    """An instant in China's time with its offset, to the second."""
    return _zoned(instant).astimezone(days.ZONE).isoformat(timespec="seconds")


def uuid7(at: datetime, entropy: bytes) -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): milliseconds of ``at``, then ten random bytes."""
    milliseconds = int(_zoned(at).timestamp() * 1000)
    raw = bytearray(milliseconds.to_bytes(6, "big") + entropy[:ENTROPY_BYTES])
    raw[6], raw[8] = raw[6] & 0x0F | 0x70, raw[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(raw))


def _zoned(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise InstantWithoutZone(value=instant.isoformat())
    return instant
