"""Packs of a table are worth what the same packs are worth anywhere else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing import applied, batch_tables, batches, pack_columns
from pricing.coefficients import FORMATS, family_of
from pricing.columns import PackColumn, PackFacts
from pricing.intervals import GuidePastReview
from pricing.materials import CHEMISTRIES, ERAS
from pricing.valuation import value
from pricing.waterfalls import explain


@pytest.fixture(scope="session")
def packaged():
    return applied.packaged()


@pytest.fixture
def valued(tmp_path, packaged):
    """``valued(csv)``: its blocks, valued by the packaged guide."""

    def call(content: str, name: str = "packs.csv", guide=packaged):
        path = tmp_path / name
        path.write_text(content)
        batch = batches.Batch(path, [guide])
        blocks = list(batch.valued())
        return blocks[0] if len(blocks) == 1 else blocks

    return call


def documents(block) -> list[dict]:
    said = block.amounts[0]
    return [said.document(i) for i in range(len(said))]


def frame(block) -> pl.DataFrame:
    return batch_tables.frame(block, block.amounts[0])


maybe = st.none()
PACKS = st.builds(
    PackFacts,
    energy_kwh=st.floats(0.5, 500),
    chemistry=st.sampled_from(CHEMISTRIES),
    era=st.sampled_from(ERAS),
    soh=maybe | st.floats(0.2, 1.1),
    evidence_level=maybe | st.integers(1, 5),
    age_years=maybe | st.floats(0, 20),
    format=st.sampled_from(FORMATS),
    spread=maybe | st.floats(0, 0.3),
    mass_kg=maybe | st.floats(5, 3000),
    distance_km=maybe | st.floats(0, 3000),
    is_damaged=st.booleans(),
    assay_kg=st.dictionaries(st.sampled_from(["Li", "Ni", "Cu"]), st.floats(0, 100), max_size=2),
)


def csv_of(packs: list[PackFacts]) -> str:
    names = ["energy_kwh", "chemistry", "era", "soh", "evidence_level", "age_years", "format",
             "spread", "mass_kg", "distance_km", "is_damaged"]  # fmt: skip
    assays = ["Li", "Ni", "Cu"]
    head = [*names, *(f"assay_{name.lower()}_kg" for name in assays)]
    lines = [",".join(head)]
    for pack in packs:
        cells = [getattr(pack, name) for name in names] + [pack.assay_kg.get(n) for n in assays]
        lines.append(",".join("" if cell is None else str(cell) for cell in cells))
    return "\n".join(lines)


@given(packs=st.lists(PACKS, min_size=1, max_size=6))
def test_a_row_is_worth_what_the_pack_is_worth_alone(tmp_path_factory, packaged, packs):
    path = tmp_path_factory.mktemp("batch") / "packs.csv"
    path.write_text(csv_of(packs))
    (block,) = batches.Batch(path, [packaged]).valued()
    for pack, found in zip(packs, documents(block), strict=True):
        alone = value(
            PackColumn.of([pack]),
            packaged.coefficients,
            packaged.levels,
            packaged.tables,
            provenance=packaged.provenance,
            stale_days=packaged.stale_days[family_of(pack.chemistry)],
        )
        wanted = explain(alone, 0)
        del wanted["currency"], wanted["index_date"]
        wanted["components"] = [one for one in wanted["components"] if Decimal(one["amount"])]
        assert {name: found[name] for name in wanted} == wanted
        assert sum(Decimal(one["amount"]) for one in found["components"]) == Decimal(found["value"])


def test_the_parts_of_both_routes_sum_to_their_totals_in_the_table(valued):
    table = frame(valued("chemistry,energy_kwh,soh,evidence_level\nLFP,83.3,0.81,2\nNCA,61.7,,\n"))
    for route in ("regeneration", "cascade"):
        parts = [name for name in table.columns if name.startswith(f"{route}.")]
        for row in table.rows(named=True):
            if row[route] is None:
                assert {row[name] for name in parts} == {None}
            else:
                assert sum(row[name] for name in parts) == row[route]


def test_a_pack_without_a_grade_has_an_indicative_second_life_and_a_damaged_one_none(valued):
    table = frame(
        valued(
            "chemistry,energy_kwh,soh,evidence_level,is_damaged\nLFP,50,0.8,L4,\nLFP,50,0.8,L2,yes\n"
        )
    )
    assert table["cascade"].to_list() == [None, None]
    assert table["indicative_low"].is_null().to_list() == [False, True]


def test_a_wrong_cell_spoils_its_own_row_alone(valued):
    block = valued(
        "id,chemistry,energy_kwh,soh\na,LFP,10,0.8\nb,LFP,10,80\nc,unobtainium,10,\nd,LFP,,\n"
    )
    table = frame(block)
    assert table["value"].is_null().to_list() == [False, True, True, True]
    problems = table["problem"].to_list()
    assert problems[0] is None
    for problem, words in zip(problems[1:], (("3", "80", "soh"), ("4", "unobtainium"), ("5", "energy_kwh")), strict=True):  # fmt: skip
        assert all(word in problem for word in words)
    assert [number for number, _ in block.problems] == [3, 4, 5]


def test_a_table_of_wrong_rows_alone_has_no_value(valued):
    table = frame(valued("chemistry,energy_kwh\nx,1\n,2\n"))
    assert table["value"].to_list() == [None, None]
    assert table["problem"].null_count() == 0


def test_blank_rows_do_not_count(valued):
    assert frame(valued("chemistry,energy_kwh\nLFP,1\n,\n \nLFP,2\n"))["row"].to_list() == [2, 5]


@pytest.mark.parametrize(
    ("head", "cell"),
    [
        ("soh", "80 %"),
        ("soh", "８０％"),
        ("SoH%", "80"),
        ("健康状态（%）", "80"),
        ("健康度%", "80"),
    ],
)
def test_a_share_is_read_from_percent(valued, head, cell):
    content = f"chemistry,energy_kwh,evidence_level,{head}\nLFP,100,2,{cell}\n"
    assert documents(valued(content)) == documents(
        valued("chemistry,energy_kwh,evidence_level,soh\nLFP,100,2,0.8\n")
    )


def test_chinese_headers_and_words_mean_the_same(valued):
    chinese = valued(
        "编号,电池类型,额定能量,健康状态,证据等级,外形,是否受损\n一,三元,60,0.9,L3,方形,否\n"
    )
    english = valued(
        "id,chemistry,energy_kwh,soh,evidence_level,format,is_damaged\n一,ternary,60,0.9,3,prismatic,no\n"
    )
    assert documents(chinese) == documents(english)
    assert frame(chinese)["id"].to_list() == ["一"]


def test_a_known_mass_stands_for_an_unknown_energy_and_gives_no_second_life(valued, packaged):
    per_kwh = packaged.coefficients.mass_kg_per_kwh["LFP"].value
    given = frame(valued(f"chemistry,energy_kwh,mass_kg\nLFP,100,{100 * per_kwh}\n"))
    found = frame(valued(f"chemistry,mass_kg,soh,evidence_level\nLFP,{100 * per_kwh},0.8,1\n"))
    assert found["regeneration"].to_list() == given["regeneration"].to_list()
    assert found["cascade"].to_list() == [None]


def test_an_assay_by_percent_is_that_part_of_the_mass(valued):
    by_kg = valued("chemistry,energy_kwh,mass_kg,assay_ni_kg\nNMC622,60,400,30\n")
    by_percent = valued("chemistry,energy_kwh,mass_kg,assay_ni_percent\nNMC622,60,400,7.5\n")
    assert documents(by_kg) == documents(by_percent)
    lacking = frame(valued("chemistry,energy_kwh,assay_ni_percent\nNMC622,60,7.5\n"))
    assert "mass_kg" in lacking["problem"][0]


def test_a_design_year_is_an_era(valued):
    by_year = valued("chemistry,energy_kwh,design_year\nLFP,60,2019\nLFP,60,2020\n")
    by_era = valued("chemistry,energy_kwh,era\nLFP,60,2010s\nLFP,60,2020s\n")
    assert documents(by_year) == documents(by_era)


@pytest.mark.parametrize(
    "header", ["chemistry,colour", "chemistry,energy_kwh,额定能量", "chemistry,soh"]
)
def test_a_table_that_says_too_little_or_the_same_twice_is_refused(valued, header):
    with pytest.raises(
        (pack_columns.ColumnsMissing, pack_columns.SameColumnTwice, batches.sheet_streams.NoHeader)
    ):
        valued(f"{header}\nLFP,1,1\n")


def test_csv_and_parquet_hold_the_same_decimals(valued):
    block = valued("id,chemistry,energy_kwh\n=1+1,LFP,10\nb,x,3\n")
    files = {}
    for kind in ("csv", "parquet"):
        files[kind] = BytesIO()
        with batch_tables.Writer(files[kind], kind, is_marked=kind == "csv") as writer:
            writer.write(frame(block))
            writer.write(frame(block))
        files[kind] = BytesIO(files[kind].getvalue())
    csv = pl.read_csv(files["csv"].getvalue(), infer_schema=False)
    parquet = pl.read_parquet(files["parquet"])
    assert files["csv"].getvalue().startswith(b"\xef\xbb\xbfrow,id,value")
    assert csv["id"].to_list() == ["'=1+1", "b"] * 2, "a spreadsheet would reckon with it"
    assert parquet["id"].to_list() == ["=1+1", "b"] * 2
    assert csv["value"].to_list() == [None if one is None else str(one) for one in parquet["value"]]
    assert isinstance(parquet["value"][0], Decimal)


def test_memory_does_not_grow_with_the_rows(valued, monkeypatch):
    monkeypatch.setattr(batches.sheet_streams, "BLOCK_BYTES", 4096)
    blocks = valued("chemistry,energy_kwh\n" + "LFP,10\n" * 20_000)
    assert max(len(block.table) for block in blocks) < 1000
    assert sum(len(block.table) for block in blocks) == 20_000
    assert [block.done for block in blocks] == sorted(block.done for block in blocks)
    assert blocks[-1].done == 1


def test_the_packaged_guide_speaks_while_its_edition_does(packaged):
    assert packaged.stale_days["LFP"] < applied.packaged(date(2025, 12, 31)).stale_days["LFP"]
    with pytest.raises(GuidePastReview):
        applied.packaged(date(2026, 1, 1))
    with pytest.raises(applied.NothingInForce):
        applied.packaged(date(2025, 11, 20))


def test_every_column_is_documented():
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs" / "value-files.md").read_text()
    assert [key for key in pack_columns.KEYS if f"`{key}`" not in text] == []
