"""Whether a raw file gives again what a signed report says of it; no database is asked.

The record names the rated values, so that anyone who has it and the file can compute every number
again. The same file must give the same bytes of the record. Another file of the same test (the same
measurements, exported anew) has another hash, and gives its numbers within 0.1 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from listings.confined import Limits
from listings.custody import canonical
from listings.errors import Refused
from listings.health import examinations, grade, records, signed_parts
from listings.health.examinations import Examination, Rated
from listings.health.grade import Findings, Policy
from listings.health.readers import MAX_BYTES, child
from listings.health.recording import FileRefused

TOLERANCE: Final = 0.001
Verdict = Literal["reproduced", "not_reproduced", "same_test", "other"]
TOP: Final = ("capacity_ah", "energy_wh", "soh_q", "soh_e", "rate_c")


@dataclass(frozen=True, slots=True)
class Line:
    """One number: a code, of which discharge or measure it is, as stored, and as found again.

    ``is_close`` is within 0.1 % of the stored one, or the same where there is no number.
    """

    code: str
    of: str
    stored: str | None
    found: str | None
    is_same: bool
    is_close: bool


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What a file gives beside what the record says.

    ``is_same_file`` compares the SHA-256, ``is_same_record`` the canonical bytes of the record
    composed again. ``network_isolated`` says whether the recomputing ran without a network.
    """

    verdict: Verdict
    is_same_file: bool
    is_same_record: bool
    lines: tuple[Line, ...]
    network_isolated: bool = False


def rated_of(record: Mapping[str, Any]) -> Rated:
    """The rated values that a record was made against.

    A record of version 1 does not say the type's cut-offs; they are those used, where the type
    gave them.
    """
    used, energy = record["cutoffs"], record.get("rated_energy_wh")
    said = record.get("rated_cutoffs_v")
    if said is None and used["source"] == "given":
        said = [used["low_v"], used["high_v"]]
    estimate = record.get("rapid") or {}
    return Rated(
        record["subject"],
        float(record["rated_capacity_ah"]),
        None if energy is None else float(energy),
        None if said is None else (float(said[0]), float(said[1])),
        record.get("chemistry") or estimate.get("chemistry") or "",
    )


def recompose(
    record: Mapping[str, Any], examination: Examination, policy: Policy | None
) -> dict[str, Any]:
    """The record without its proof, with everything that follows from the file put in anew.

    What the lab states stays. ``policy`` is that of the record's version; without it the letter
    stays too.
    """
    examination = signed_parts.recombined(record, rated_of(record), examination)
    stated = {name: value for name, value in record.items() if name != "proof"}
    found: dict[str, Any] = {
        name: value
        for name, value in records.found(examination).items()
        if name in stated or name == "rapid"
    }
    if record["version"] == 1:
        found["discharges"] = [
            {name: value for name, value in facts.items() if name != "in_run"}
            for facts in found["discharges"]
        ]
    flags = [
        *examination.assessment.flags,
        *(flag for flag in record["flags"] if flag in records.FLAGS),
    ]
    measured = records.text(examination.assessment.temperature)
    is_stated = "temperature_stated" in record["flags"]
    temperature = record["temperature_c"] if is_stated and measured is None else measured
    letter = {} if policy is None else _letter(record, examination, policy)
    return {**stated, **found, "flags": flags, "temperature_c": temperature, **letter}


def _letter(
    record: Mapping[str, Any], examination: Examination, policy: Policy
) -> dict[str, object]:
    spread = record["capacity_spread"]
    has_origin = record.get("has_origin", "origin_missing" not in record["reasons"])
    given = grade.grade(
        Findings(
            soh=examination.assessment.soh,
            evidence_level=examination.evidence_level,
            subject=examination.covered,
            graded=examination.rated.subject,
            capacity_spread=None if spread is None else float(spread),
            safety_check_passed=record["safety_check_passed"],
            has_origin=True if has_origin else None,
            sums_only="tester_sums" in examination.assessment.flags,
        ),
        policy,
    )
    return records.letter(given)


def compare(
    record: Mapping[str, Any], examination: Examination, policy: Policy | None = None
) -> Reproduction:
    """Put what was found again beside a record."""
    again = recompose(record, examination, policy)
    signed = {name: value for name, value in record.items() if name != "proof"}
    lines = tuple(_lines(signed, again))
    is_same_file = record["file"]["sha256"] == examination.sha256
    is_same_record = canonical.dumps(signed) == canonical.dumps(again)
    return Reproduction(
        _verdict(lines, is_same_file=is_same_file), is_same_file, is_same_record, lines
    )


def _verdict(lines: tuple[Line, ...], *, is_same_file: bool) -> Verdict:
    if is_same_file:
        return "reproduced" if all(line.is_same for line in lines) else "not_reproduced"
    return "same_test" if all(line.is_close for line in lines) else "other"


def _lines(stored: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Line]:
    for code in TOP:
        yield _line(code, "", stored[code], again[code])
    for code in ("low_v", "high_v"):
        yield _line(code, "", stored["cutoffs"][code], again["cutoffs"][code])
    for code in ("temperature_c", "grade"):
        yield _line(code, "", stored[code], again[code])
    before, after = stored["discharges"], again["discharges"]
    for place in range(max(len(before), len(after))):
        one = before[place] if place < len(before) else {}
        other = after[place] if place < len(after) else {}
        name = str(one.get("cycle", other.get("cycle")))
        for code in ("ah", "wh", "complete"):
            yield _line(code, name, one.get(code), other.get(code))
    yield from _measure_lines(stored.get("measures", []), again.get("measures", []))


def _measure_lines(stored: list[dict[str, Any]], again: list[dict[str, Any]]) -> Iterator[Line]:
    for place in range(max(len(stored), len(again))):
        one = stored[place] if place < len(stored) else {}
        other = again[place] if place < len(again) else {}
        if one.get("value") is None and other.get("value") is None:
            continue
        name = str(one.get("code", other.get("code")))
        yield _line("measure", name, one.get("value"), other.get("value"))


def _line(code: str, of: str, stored: object, found: object) -> Line:
    return Line(
        code,
        of,
        None if stored is None else str(stored),
        None if found is None else str(found),
        stored == found,
        stored == found or _is_close(stored, found),
    )


def _is_close(stored: object, found: object) -> bool:
    if stored is None or found is None or isinstance(stored, bool) or isinstance(found, bool):
        return False
    try:
        one, other = float(str(stored)), float(str(found))
    except ValueError:
        return False
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-6)


def check(
    record: Mapping[str, Any],
    path: Path,
    *,
    policy: Policy | None = None,
    limits: Limits | None = None,
    max_bytes: int = MAX_BYTES,
) -> Reproduction:
    """Compute a record's numbers again from a stranger's file, all of it in a confined process.

    Refuses what ``readers.child`` refuses of a file. A file that can be read and gives no such
    report (of another size of battery, of another kind) is ``other`` without lines.
    """
    order: dict[str, object] = {
        "path": str(path.resolve()),
        "max_bytes": max_bytes,
        "record": {name: value for name, value in record.items() if name != "proof"},
        "policy": None if policy is None else asdict(policy),
    }
    answer = child.called("listings.health.reproduction:answer", order, limits or Limits())
    told = answer.value
    return Reproduction(
        told["verdict"],
        told["is_same_file"],
        told["is_same_record"],
        tuple(Line(**line) for line in told["lines"]),
        answer.network_isolated,
    )


def answer(order: dict[str, Any]) -> dict[str, object]:
    """Do what ``check`` ordered. Runs in the confined process only."""
    record, policy = order["record"], order["policy"]
    path = Path(order["path"])
    against = signed_parts.file_rated(record, rated_of(record))
    try:
        found = compare(
            record,
            examinations.examine_here(path, against, max_bytes=order["max_bytes"]),
            None if policy is None else Policy(**policy),
        )
    except FileRefused as refusal:
        return child.refusal_document(refusal)
    except Refused:
        found = Reproduction("other", False, False, ())
    return asdict(found)
