"""Reports on packs with parts: what was sent, what decides, what is missing, what verifies."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from make import NOW

from listings import blobs, sheets
from listings.custody import canonical
from listings.errors import Refused
from listings.health import combined, policies, reports, reproduction, signed_parts
from listings.health.combined import Sent
from listings.health.synthetic import write_bdf
from listings.parties import Kind
from market import verify

TODAY = date(2026, 6, 1)
MODULE, PACK = (5.0, 8.4), (10.0, 16.8)
SOH = {"M1": 0.87, "M2": 0.82}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One file of each of two modules, and one of the whole pack."""
    folder = tmp_path_factory.mktemp("testers")
    for name, soh in SOH.items():
        write_bdf(folder / f"{name} synthetic.csv", rated_ah=5, soh=soh, cycles=1, cutoffs=MODULE)
    write_bdf(folder / "synthetic pack.csv", rated_ah=5, soh=0.8, cycles=1, cutoffs=PACK)
    return folder


@pytest.fixture
def pack_type(make):
    """Four cells in series of one string, in two modules."""
    return make.pack_type(
        rated_capacity_ah=Decimal(5),
        rated_voltage_v=Decimal("14.4"),
        rated_energy_kwh=Decimal("0.072"),
        cell_rated_capacity_ah=Decimal(5),
        lower_cutoff_v=Decimal("2.5"),
        upper_cutoff_v=Decimal("4.2"),
        cells_in_series=4,
        modules_in_series=2,
    )


@pytest.fixture
def kept(session):
    """Put a file into the store under its name."""

    def kept(content, name):
        blob = blobs.store(session, content, name=name, media_type="text/csv", at=NOW)
        return Sent(blobs.path(blob.sha256), name)

    return kept


@pytest.fixture
def modules(folder, kept):
    return [kept((folder / f"{n} synthetic.csv").read_bytes(), f"{n} synthetic.csv") for n in SOH]


@pytest.fixture
def whole(folder, kept):
    return kept((folder / "synthetic pack.csv").read_bytes(), "pack.csv").path


@pytest.fixture
def table(kept):
    def table(*rows):
        header = ["Position", "Capacity (Ah)", "Rest voltage (V)"]
        return kept(sheets.write_csv(header, rows), "parts.csv")

    return table


@pytest.fixture
def store(session, make, pack_type):
    lab = make.member(make.organisation(Kind.LAB, accreditation_number="CNAS L0001"))
    pack = make.pack(make.organisation(Kind.FLEET_OWNER), pack_type)

    def store(examination, **more):
        return reports.store(
            session, lab, pack_id=pack.id, examination=examination,
            blob_sha256=examination.sha256, examined_on=TODAY, at=NOW, coverage="整包",
            **({"safety_check_passed": True} | more),
        )  # fmt: skip

    return store


def sent(pack_type, **more):
    return combined.of_files(pack_type, "pack", **({"whole": None, "today": TODAY} | more))


def problems(session):
    return list(verify.health_reports(session))


def test_a_pack_is_as_good_as_its_weakest_module(session, pack_type, modules, store):
    report = store(sent(pack_type, modules=modules))
    assert float(report.soh_q) == pytest.approx(0.82, abs=0.004)
    assert (report.grade, report.evidence_level) == ("B", "L1")
    record = canonical.parse(report.record)
    (level,) = record["composition"]["levels"]
    assert level["weakest"][0] == {"group": "M2", "capacity_ah": record["capacity_ah"]}
    assert float(record["capacity_spread"]) == pytest.approx(0.05 / 0.845, abs=0.002)
    assert report.reasons == ["spread_over_5"]
    assert [part["is_recomputed"] for part in record["parts"]] == [True, True]
    assert record["pack"]["type_revision"] == pack_type.revision
    assert problems(session) == []


def test_the_file_of_the_weakest_module_gives_the_report_again(session, pack_type, modules, store):
    report = store(sent(pack_type, modules=modules))
    record = canonical.parse(report.record)
    policy = policies.in_force(session, TODAY)
    again = reproduction.check(record, modules[1].path, policy=policy)
    assert (again.verdict, again.is_same_record) == ("reproduced", True)
    assert reproduction.check(record, modules[0].path, policy=policy).verdict == "other"


def test_a_missing_module_is_named_and_the_pack_has_no_letter(session, pack_type, modules, store):
    report = store(sent(pack_type, modules=modules[:1]))
    assert (report.grade, report.soh_q, report.reasons) == (None, None, ["part_examined"])
    assert "positions_missing" in report.flags
    record = canonical.parse(report.record)
    assert record["composition"]["levels"][0]["missing"] == ["M2"]
    assert problems(session) == []


def test_the_spread_of_the_cells_lowers_a_pack_tested_at_its_terminals(
    session, pack_type, whole, table, store
):
    cells = table(["S1", 4.5, 3.3], ["S2", 4.4, 3.3], ["S3", 4.1, 3.29], ["S4", 4.3, 3.3])
    report = store(sent(pack_type, whole=whole, table=cells), capacity_spread=Decimal("0.01"))
    assert float(report.soh_q) == pytest.approx(0.8, abs=0.004)
    record = canonical.parse(report.record)
    assert record["capacity_spread"] == "0.092486"
    assert (report.grade, report.reasons) == ("D", ["spread_over_8"])
    assert "parts_stated" in report.flags
    assert problems(session) == []


def test_rows_never_raise_what_the_terminals_gave_and_a_weaker_cell_lowers_it(
    session, pack_type, whole, table, store
):
    cells = table(*([f"S{i}", 3.5 if i == 3 else 3.55, 3.3] for i in (1, 2, 3, 4)))
    report = store(sent(pack_type, whole=whole, table=cells))
    assert (report.capacity_ah, report.soh_q) == (Decimal("3.5"), Decimal("0.7"))
    assert "weakest_group_decides" in report.flags
    policy = policies.in_force(session, TODAY)
    again = reproduction.check(canonical.parse(report.record), whole, policy=policy)
    assert (again.verdict, again.is_same_record) == ("reproduced", True)
    assert problems(session) == []


def test_cells_left_out_beside_a_test_of_the_whole_leave_the_spread_unknown(
    pack_type, whole, table, store
):
    report = store(
        sent(pack_type, whole=whole, table=table(["S1", 4.5, ""], ["S2", 4.4, ""])),
        capacity_spread=Decimal("0.01"),
    )
    assert report.is_provisional
    assert report.reasons == ["spread_missing"]
    assert canonical.parse(report.record)["composition"]["levels"][0]["missing"] == ["S3", "S4"]


def test_a_table_alone_is_the_labs_word_and_earns_no_letter(session, pack_type, table, store):
    report = store(sent(pack_type, table=table(["M1", 4.5, 6.6], ["M2", 4.2, 6.6])))
    assert (report.evidence_level, report.grade) == ("L5", None)
    assert report.reasons == ["indicative_only"]
    assert report.soh_q == Decimal("0.84")
    assert problems(session) == []


def test_verify_finds_parts_that_do_not_give_the_signed_figure(pack_type, modules, store):
    record = canonical.parse(store(sent(pack_type, modules=modules)).record)
    assert signed_parts.holds(record)
    record["parts"][1]["capacity_ah"] = "4.900000"
    assert not signed_parts.holds(record)


@pytest.mark.parametrize(
    ("subject", "rows", "refusal"),
    [
        ("pack", [["M1", "", 6.6]], combined.NothingOfParts),
        ("cell", [["S1", 5, ""]], combined.NoPartsOfCell),
    ],
)
def test_what_says_nothing_of_the_subject_is_refused(pack_type, table, subject, rows, refusal):
    with pytest.raises(refusal):
        combined.of_files(pack_type, subject, whole=None, table=table(*rows), today=TODAY)


def test_files_are_told_apart_by_the_module_that_their_names_begin_with(pack_type, modules):
    first = modules[0].path
    for names, refusal in [
        (["cell.csv"], combined.ModuleUnnamed),
        (["M1 a.csv", "模组01.csv"], combined.ModuleTwice),
        (["M3.csv"], Refused),
    ]:
        with pytest.raises(refusal):
            sent(pack_type, modules=[Sent(first, name) for name in names])


def test_a_table_that_contradicts_a_file_is_refused(pack_type, modules, table):
    with pytest.raises(combined.TableDiffersFromFile):
        sent(pack_type, modules=modules, table=table(["M1", 4.9, 6.6]))
