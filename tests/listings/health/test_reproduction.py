"""A record's numbers from its raw file again: the same bytes, a close file, and another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from make import NOW

from listings.custody import canonical
from listings.health import examinations, grade, records, reproduction
from listings.health.examinations import Rated
from listings.health.recording import FileRefused
from listings.health.records import Draft, Statement
from listings.health.synthetic import write_bdf

CELL = Rated("cell", 5.0, 18.0, (2.5, 4.2), "NMC622")


def write(path, **more):
    write_bdf(path, **({"rated_ah": 5, "soh": 0.85} | more))
    return path


def composed(path, rated=CELL, **stated):
    statement = Statement(
        subject=rated.subject,
        subject_position="1",
        coverage="the cell",
        examined_on=date(2026, 6, 1),
        **stated,
    )
    pack = SimpleNamespace(
        code="C", provisional_id="", warnings=[], origin=None, owner_id=1, holder_id=1,
        type=SimpleNamespace(maker="M", model="T", revision=1),
    )  # fmt: skip
    lab = SimpleNamespace(
        id=2, name="L", credit_code="1", accreditation_number="CNAS L1", accreditation_scope="all",
        accreditation_until=None,
    )  # fmt: skip
    draft = Draft(pack, lab, statement, examinations.examine(path, rated), NOW, grade.policy())
    # As a reader of the file has it.
    return canonical.parse(canonical.dumps(records.compose(draft, "HR-2026-000001", None)))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write(tmp_path_factory.mktemp("raw") / "synthetic-one.bdf.csv")


@pytest.mark.parametrize("temperature_c", [None, Decimal("24.5")])
def test_the_same_file_gives_the_same_bytes_again(path, temperature_c):
    record = composed(path, temperature_c=temperature_c, safety_check_passed=True)
    again = reproduction.recompose(
        record, examinations.examine(path, reproduction.rated_of(record)), grade.policy()
    )
    assert canonical.dumps(again) == canonical.dumps(record)
    found = reproduction.check(record, path, policy=grade.policy())
    assert (found.verdict, found.is_same_file, found.is_same_record) == ("reproduced", True, True)
    assert all(line.is_same for line in found.lines)
    assert {line.code for line in found.lines} >= {"capacity_ah", "soh_q", "grade", "ah"}


def test_a_number_that_somebody_changed_is_named(path):
    record = composed(path) | {"capacity_ah": "4.300000"}
    found = reproduction.check(record, path)
    assert (found.verdict, found.is_same_record) == ("not_reproduced", False)
    assert [line.code for line in found.lines if not line.is_same] == ["capacity_ah"]


def test_another_file_of_the_same_test_is_close(path, tmp_path):
    header, *lines = path.read_text().splitlines()
    other = tmp_path / "synthetic-again.csv"
    other.write_text("\n".join([header, *lines, ""]) + "\n")
    found = reproduction.check(composed(path), other)
    assert (found.verdict, found.is_same_file) == ("same_test", False)


@pytest.mark.parametrize("more", [{"soh": 0.84}, {"cycles": 2}])
def test_the_file_of_another_test_is_another(path, tmp_path, more):
    other = write(tmp_path / "synthetic-other.csv", **more)
    assert reproduction.check(composed(path), other).verdict == "other"


def test_the_file_of_another_size_of_battery_is_another(path, tmp_path):
    other = write(tmp_path / "synthetic-large.csv", rated_ah=50)
    found = reproduction.check(composed(path), other)
    assert (found.verdict, found.lines) == ("other", ())


def test_a_file_that_is_none_is_refused(path, tmp_path):
    other = tmp_path / "x.csv"
    other.write_text("nothing of a tester")
    with pytest.raises(FileRefused):
        reproduction.check(composed(path), other)


def test_a_file_over_the_limit_is_refused(path):
    with pytest.raises(FileRefused):
        reproduction.check(composed(path), path, max_bytes=1000)


def test_a_module_of_unknown_cutoffs_is_found_again(path):
    module = replace(CELL, subject="module", energy_wh=None, cutoffs=None)
    record = composed(path, module)
    assert record["rated_cutoffs_v"] is None
    assert reproduction.check(record, path).is_same_record


def test_a_record_of_version_1_is_found_again(path):
    record = composed(path)
    for name in ("measures", "rated_cutoffs_v", "chemistry", "number", "supersedes"):
        del record[name]
    for discharge in record["discharges"]:
        del discharge["in_run"]
    record["version"] = 1
    assert reproduction.check(record, path).is_same_record
