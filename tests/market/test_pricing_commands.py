"""``packbourse materials`` and ``value`` as somebody types them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from make import NOW, Make

from listings import db
from listings.parties import Kind, Role
from market.cli import main
from pricing import editions, indices, records, values

TOP = Path(__file__).parents[2]
SCHEMAS = TOP / "docs" / "commands"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


def document(text: str, schema: str) -> dict:
    """A printed JSON document, held to its schema."""
    found = json.loads(text)
    jsonschema.validate(found, json.loads((SCHEMAS / f"{schema}.json").read_text()))
    return found


def materials(capsys, *words: str) -> dict:
    assert main(["materials", *words, "--json"]) == 0
    return document(capsys.readouterr().out, "materials")


@pytest.mark.parametrize(
    "chemistry", ["NMC111", "NMC532", "NMC622", "NMC811", "NCA", "LFP", "LMO", "LCO", "LTO"]
)
@pytest.mark.parametrize("era", ["formula", "2010s", "2020s", "unknown"])
def test_every_chemistry_has_a_document_of_the_schema(capsys, chemistry, era):
    found = materials(capsys, chemistry, "--era", era)
    assert (found["chemistry"], found["era"]) == (chemistry, era)
    for amount in found["elements"].values():
        assert amount is None or amount["low"] <= amount["kg"] <= amount["high"]


def test_the_formula_is_silent_on_foils_graphite_and_all_of_lto(capsys):
    found = materials(capsys, "NMC622", "--era", "formula")["elements"]
    assert [name for name, amount in found.items() if amount is None] == ["Cu", "Al", "graphite"]
    assert set(materials(capsys, "LTO", "--era", "formula")["elements"].values()) == {None}


def test_an_unknown_ternary_spans_every_nmc(capsys):
    span = materials(capsys, "三元")["elements"]["Ni"]
    ends = [
        materials(capsys, name)["elements"]["Ni"]
        for name in ("NMC111", "NMC532", "NMC622", "NMC811")
    ]
    assert span["low"] == min(one["low"] for one in ends)
    assert span["high"] == max(one["high"] for one in ends)


def test_chinese_and_lower_case_spellings_mean_the_same(capsys):
    assert materials(capsys, "ncm 523") == materials(capsys, "NMC532")
    assert materials(capsys, "磷酸铁锂") == materials(capsys, "LFP")


def test_materials_for_people_name_interval_and_source(capsys):
    assert main(["materials", "LFP", "--era", "2020s"]) == 0
    said = capsys.readouterr().out
    assert "Copper" in said
    assert "0.5655" in said
    assert "0.8721" in said
    assert "BatPaC" in said


def test_a_table_of_one_s_own_stands_beside_the_packaged_ones(capsys, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("chemistry,era,source,Cu\nLFP,2020s,a model run,1.5\n")
    found = materials(capsys, "LFP", "--table", str(path))
    assert found["elements"]["Cu"]["high"] == 1.5
    assert "a model run" in found["source"]
    assert main(["materials", "LFP", "--table", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


def test_a_chemistry_that_nobody_knows_is_refused_in_a_sentence(capsys):
    assert main(["materials", "NMC955"]) == 1
    assert "NMC955" in capsys.readouterr().err


# packbourse value

KEYS = [
    "value", "low", "high", "route", "indifferent", "components", "guide", "edition",
    "methodology_sha256", "index_date",
]  # fmt: skip
PACK = "id,chemistry,energy_kwh,era,soh,evidence_level,age_years,format,spread\n"
LFP = "A1,LFP,100,2020s,0.8,2,7,prismatic,0.03\n"


@pytest.fixture
def table(tmp_path):
    """``table(row, row)``: a csv of packs."""

    def call(*rows: str, name: str = "packs.csv") -> Path:
        path = tmp_path / name
        path.write_text(PACK + "".join(rows))
        return path

    return call


@pytest.fixture
def said(capsys, tmp_path):
    """``said(word, word)``: status, standard output and standard error of ``packbourse value``."""

    def call(*words: object) -> tuple[int, str, str]:
        status = main(["value", *map(str, words), "--data", str(tmp_path / "data")])
        return status, *capsys.readouterr()

    return call


def test_one_pack_is_the_document_of_the_issue(said, table):
    status, out, _ = said(table(LFP), "--guide", "packaged", "--json")
    found = document(out, "value")
    assert status == 0
    assert list(found) == KEYS
    assert (found["route"], found["value"]) == ("cascade", "11128.64")
    assert sum(Decimal(one["amount"]) for one in found["components"]) == Decimal(found["value"])
    assert {one["route"] for one in found["components"]} == {"cascade"}
    assert found["index_date"] == "2025-11-10"


def test_one_pack_for_people_is_its_waterfall(said, table):
    _, out, _ = said(table(LFP), "--guide", "packaged")
    assert "12580.00" in out
    assert "11128.64" in out
    assert "second life" in out


def test_many_packs_are_one_document_with_every_row(said, table):
    status, out, _ = said(table(LFP, "B,x,1,,,,,,\n", LFP), "--guide", "packaged", "--json")
    found = document(out, "value")
    assert status == 0
    assert [one["row"] for one in found["values"]] == [2, 3, 4]
    assert "problem" in found["values"][1]
    assert (found["valued"], found["refused"], found["total"]) == (2, 1, "22257.28")


def test_many_packs_for_people_are_a_table_with_its_sum(said, table):
    _, out, _ = said(table(*[LFP] * 30), "--guide", "packaged")
    assert "333859.20" in out
    assert out.count("A1") == 20


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_goes_to_standard_output_or_to_a_new_file(said, table, tmp_path, kind):
    out = tmp_path / f"out.{kind}"
    path = table(LFP, LFP)
    status, printed, _ = said(path, "--guide", "packaged", "--output", out, "--json")
    assert status == 0
    assert document(printed, "value")["total"] == "22257.28"
    read = pl.read_parquet if kind == "parquet" else pl.read_csv
    assert [str(one) for one in read(out)["value"]] == ["11128.64", "11128.64"]
    assert said(path, "--guide", "packaged", "--output", out)[0] == 1, "it is not replaced"
    assert not list(tmp_path.glob("*.part"))


def test_csv_on_standard_output_has_no_mark_and_tells_the_rest_apart(said, table):
    _, out, err = said(table(LFP), "--guide", "packaged", "--csv")
    head, row = out.splitlines()
    assert head.startswith("row,id,value,")
    assert row.startswith("2,A1,11128.64,")
    assert "11128.64" in err


def test_a_file_that_is_refused_leaves_nothing_behind(said, tmp_path):
    (tmp_path / "x.csv").write_text("colour\nred\n")
    status, _, err = said(tmp_path / "x.csv", "--guide", "packaged", "--output", tmp_path / "o.csv")
    assert status == 1
    assert "x.csv" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "--guide"),
        (("--guide", "somebody's"), "packaged"),
        (("--consensus",), "at least 3"),
        (("--guide", "packaged", "--at", "2026-03-01"), "reviewed by 2025-12-31"),
        (("--guide", "packaged", "--at", "2025-11-01"), "2025-11-01"),
        (("--guide", "packaged", "--output", "there.txt"), "--csv"),
    ],
)
def test_what_cannot_be_said_is_refused_in_a_sentence(said, table, words, sentence):
    status, _, err = said(table(LFP), *words)
    assert status == 1
    assert sentence in err


def test_a_single_row_that_is_wrong_is_refused_with_its_reason(said, table):
    status, _, err = said(table("A,LFP,-4,,,,,,\n"), "--guide", "packaged", "--json")
    assert status == 1
    assert "-4" in err


def test_columns_that_nobody_knows_are_told(said, tmp_path):
    path = tmp_path / "packs.csv"
    path.write_text("chemistry,energy_kwh,colour\nLFP,10,red\nLFP,10,red\n")
    assert "colour" in said(path, "--guide", "packaged")[1]


# A market with guides


@contextmanager
def connected(url: str):
    """Connections of the test's own: a command closes those that it opened."""
    engine = db.connect(url)
    try:
        with db.transaction() as session:
            yield session
    finally:
        engine.dispose()


@pytest.fixture
def guides_here(database, monkeypatch):
    """``guides_here(n)``: the data of a market in which n valuers publish the seeded guide."""

    def call(count: int) -> None:
        with connected(database) as session:
            make = Make(session)
            indices.seed(session, at=NOW)
            for _ in range(count):
                valuer = make.organisation(Kind.VALUER)
                people = {
                    "assessor": make.member(valuer),
                    "approver": make.member(valuer, Role.APPROVER),
                }
                editions.seed(session, valuer_id=valuer.id, at=NOW, **people)

    monkeypatch.setenv("DATABASE_URL", database)
    return call


def test_a_guide_of_the_market_goes_by_its_number_and_says_what_its_page_says(
    said, table, guides_here
):
    guides_here(1)
    on = ("--at", "2026-06-02", "--json")
    by_name = said(table(LFP), "--guide", editions.SEEDED_NAME, *on)
    found = document(by_name[1], "value")
    assert said(table(LFP), "--guide", "1", *on)[1] == by_name[1]
    packaged = document(said(table(LFP), "--guide", "packaged", "--json")[1], "value")
    assert found["value"] == packaged["value"]
    assert Decimal(found["low"]) < Decimal(packaged["low"]), "its levels are months older"


def test_a_day_without_an_edition_is_refused(said, table, guides_here):
    guides_here(1)
    status, _, err = said(table(LFP), "--guide", "1", "--at", "2026-05-31")
    assert status == 1
    assert "no edition in force on 2026-05-31" in err


def test_as_of_a_day_forgets_what_was_entered_later(said, table, guides_here, database):
    guides_here(1)
    with connected(database) as session:
        given = {"basis": "Cu", "unit": "t", "is_tax_included": True, "source": "test"}
        day = date(2026, 6, 2)
        later = NOW + timedelta(days=9)
        indices.enter(
            session, None, series="Cu", on_date=day, value=Decimal(70000), at=later, **given
        )
    on = (table("A,LCO,100,,,,,,\n"), "--guide", "1", "--at", "2026-06-03", "--json")
    corrected, known = (document(said(*on, *more)[1], "value") for more in ((), ("--as-of",)))
    assert corrected["value"] != known["value"]


def test_a_consensus_of_two_is_refused_and_of_three_told_with_its_voices(said, table, guides_here):
    guides_here(2)
    words = (table(LFP, LFP), "--consensus", "--at", "2026-06-02")
    status, _, err = said(*words)
    assert status == 1
    assert "2 valuers" in err
    guides_here(1)
    found = document(said(*words, "--json")[1], "value")["values"][0]
    assert len(found["voices"]) == 3
    assert len({voice["valuer"] for voice in found["voices"]}) == 3
    assert {voice["value"] for voice in found["voices"]} == {found["value"]}
    assert sum(Decimal(voice["weight"]) for voice in found["voices"]) == pytest.approx(Decimal(1))
    status, csv, _ = said(*words, "--csv")
    assert status == 0
    assert csv.splitlines()[1].count(found["value"]) == 4, "the median and three voices"


def test_a_stored_value_is_computed_again_to_the_same_bytes(said, tmp_path, guides_here, database):
    guides_here(1)
    with connected(database) as session:
        make = Make(session)
        seller = make.organisation(Kind.FLEET_OWNER)
        lot = make.lot(seller, [make.pack(seller, make.pack_type())])
        kept = values.for_lot(session, lot.id, at=NOW)
        record, published = records.of_value(session, kept), bytes(kept.result)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record, ensure_ascii=False))
    status, out, err = said(path, "--as-of")
    assert (status, out.encode()) == (0, published)
    assert "the same bytes" in err
    assert json.loads(out) == document(said(path, "--as-of", "--json")[1], "value")
    record["inputs"]["packs"][0]["facts"]["energy_kwh"] += 1
    path.write_text(json.dumps(record))
    status, out, err = said(path, "--as-of")
    assert status == 1
    assert out.encode() != published
    assert "not what was published" in err


def test_a_pack_of_the_register_is_worth_the_same_in_a_file(said, tmp_path, guides_here, database):
    guides_here(1)
    with connected(database) as session:
        make = Make(session)
        seller = make.organisation(Kind.FLEET_OWNER)
        lot = make.lot(seller, [make.pack(seller, make.pack_type())])
        kept = values.for_lot(session, lot.id, at=NOW)
        facts = json.loads(kept.inputs)["packs"][0]["facts"]
        bounds = [Decimal(kept.low_minor) / 100, Decimal(kept.high_minor) / 100]
        worth, route = Decimal(kept.value_minor) / 100, kept.route
    known = {k: v for k, v in facts.items() if v is not None and k != "assay_kg"}
    path = tmp_path / "packs.csv"
    path.write_text("\n".join([",".join(known), ",".join(map(str, known.values()))]))
    found = document(said(path, "--guide", "1", "--at", "2026-06-01", "--json")[1], "value")
    assert (Decimal(found["value"]), found["route"]) == (worth, route)
    assert [Decimal(found["low"]), Decimal(found["high"])] == bounds


def test_a_reader_who_has_enough_ends_it_quietly(tmp_path):
    path = tmp_path / "packs.csv"
    path.write_text("chemistry,energy_kwh\n" + "LFP,10\n" * 20_000)
    words = [sys.executable, "-m", "market", "value", str(path), "--guide", "packaged", "--csv"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=TOP) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.readline()
        run.stdout.close()
        assert b"Traceback" not in run.stderr.read()
        assert run.wait() == 1
