from __future__ import annotations

import pytest

from listings import sheets
from pricing import material_tables, seeded
from pricing.materials import intensity


@pytest.fixture
def table(tmp_path):
    def call(content: str):
        path = tmp_path / "own.csv"
        path.write_text(content)
        return material_tables.read(path)

    return call


def test_a_table_of_one_s_own_widens_the_span_and_names_its_source(table):
    own = table("chemistry,era,source,Cu,Al\nNCM622,2020s,My BatPaC run,0.2,0.9\n")
    alone = intensity("NMC622", "unknown", seeded.material_tables())
    found = intensity("NMC622", "unknown", [*seeded.material_tables(), *own])
    assert (found.elements["Cu"].low, found.elements["Al"].high) == (0.2, 0.9)
    assert found.elements["Li"] == alone.elements["Li"], "it says nothing of lithium"
    assert "My BatPaC run" in found.source


def test_the_packaged_table_read_as_one_s_own_is_the_same(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(seeded._text("materials.csv"))
    assert material_tables.read(path) == list(seeded.material_tables())


def test_a_workbook_serves_as_well(tmp_path):
    path = tmp_path / "own.xlsx"
    path.write_bytes(
        sheets.write_xlsx(["Chemistry", "Era", "Source", "Li"], [["LFP", "2020s", "x", 0.09]])
    )
    (row,) = material_tables.read(path)
    assert row.elements == {"Li": 0.09}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("chemistry,era,Li\nLFP,2020s,1\n", ["source"]),
        ("chemistry,era,source,Li\nLFX,2020s,x,1\n", ["2", "LFX"]),
        ("chemistry,era,source,Li\nternary,2020s,x,1\n", ["ternary"]),
        ("chemistry,era,source,Li\nLFP,formula,x,1\n", ["formula", "2020s"]),
        ("chemistry,era,source,Li\nLFP,2020s,,1\n", ["source"]),
        ("chemistry,era,source,Li\nLFP,2020s,x,-1\n", ["-1", "Li"]),
        ("chemistry,era,source,Li\nLFP,2020s,x,89\nLFP,2020s,x,890\n", ["3", "890"]),
        ("chemistry,era,source,Li\nLFP,2020s,x,much\n", ["much"]),
        ("chemistry,era,source,Li\nLFP,2020s,x,nan\n", ["nan"]),
    ],
)
def test_what_cannot_be_is_refused_by_row_and_name(table, content, words):
    with pytest.raises(
        (material_tables.MaterialFigureWrong, material_tables.MaterialColumnMissing)
    ) as refused:
        table(content)
    assert all(word in str(refused.value) for word in words)
