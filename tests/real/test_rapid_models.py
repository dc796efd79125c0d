"""The shipped pulse models against the calibrated cells that they were fitted on."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from listings import sheets
from listings.health import rapid, rapid_models
from listings.health.readers import pulses

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fit_rapid", TOP / "tools/fit_rapid.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_fit_of_today_gives_the_shipped_coefficients_and_errors(
    shared: Path, tool: ModuleType
) -> None:
    found, table = tool.table(shared / "pulsebat"), rapid_models.contents()
    assert {name: found[name] for name in found if name != "models"} == {
        name: table[name] for name in table if name != "models"
    }
    for new, old in zip(found["models"], table["models"], strict=True):
        assert {k: new[k] for k in new if k != "levels"} == {
            k: old[k] for k in old if k != "levels"
        }
        for fresh, kept in zip(new["levels"], old["levels"], strict=True):
            sys.stdout.write(
                f"{new['chemistry']} {fresh['soc_percent']:3g} %: left out "
                f"{fresh['rmse'] * 100:.2f} % (shipped {kept['rmse'] * 100:.2f} %), "
                f"mean {fresh['baseline_rmse'] * 100:.2f} %\n"
            )
            for name, value in fresh.items():
                assert value == pytest.approx(kept[name], rel=1e-4, abs=2e-6), name


def test_the_cells_are_as_many_and_as_healthy_as_published(shared: Path) -> None:
    for name, cells, mean, resistance in (
        ("NMC_21", 52, 0.98, 2.845),
        ("LFP_35", 56, 0.849, 3.174),
    ):
        (path,) = (shared / "pulsebat").glob(f"{name}Ah*.xlsx")
        assert pulses.is_table(path)
        sequences = pulses.read_in_child(path)[1]
        model = rapid_models.shipped()[name[:3]]
        assert len({one.cell for one in sequences}) == cells == model.cells
        half = [rapid.responses(one.volts) for one in sequences if one.soc_percent == 50]
        found = [(x[2] + x[7]) / model.rated_ah for x in half]  # onset and rise of +1C
        assert sum(found) / len(found) == pytest.approx(resistance, rel=5e-3)
        assert model.soh_low < mean < model.soh_high


def test_nine_of_ten_fitted_cells_lie_in_their_interval(shared: Path) -> None:
    for name in ("NMC_21", "LFP_35"):
        (path,) = (shared / "pulsebat").glob(f"{name}Ah*.xlsx")
        sheet = sheets.read(path, path.name)
        true = {str(row.cells[3]): float(str(row.cells[6])) for row in sheet.rows}
        by_cell: dict[str, list[rapid.Pulses]] = {}
        for one in pulses.read(path):
            by_cell.setdefault(one.cell, []).append(one)
        inside = 0
        for cell, several in by_cell.items():
            found = rapid.assess_cell(several, name[:3], rapid_models.shipped())
            inside += found.low <= true[cell] <= found.high
        assert inside >= 0.9 * len(by_cell)


def test_a_tester_s_workbook_is_no_pulse_table(shared: Path) -> None:
    (path,) = (shared / "pulsebat").glob("*worksteps.xlsx")
    assert not pulses.is_table(path)
