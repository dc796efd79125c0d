"""The pulse model: what it answers, and what it refuses to answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings import sheets
from listings.health import rapid, rapid_models
from listings.health.grade import Findings, grade, policy
from listings.health.rapid import Pulses
from listings.health.readers import pulses as reader
from listings.health.recording import FileRefused

MODELS = rapid_models.shipped()


def sequence(x: np.ndarray, rest: float) -> tuple[float, ...]:
    """Voltages that have exactly the responses ``x`` [mOhm·Ah] around ``rest`` [V]."""
    onset, rise, residue = (part * np.asarray(rapid.RATES_C) / 1000 for part in x.reshape(3, 5))
    volts = [rest]
    for k in range(5):
        before = volts[-1]
        volts += [before + onset[k], before + onset[k] + rise[k]]
        volts += [before + rise[k], before + residue[k]]
    return tuple(float(value) for value in volts)


def middle(chemistry: str, soc: float, share: float = 0.5) -> Pulses:
    """Pulses whose responses stand at ``share`` of their fitted ranges."""
    model = MODELS[chemistry]
    level = next(one for one in model.levels if one.soc_percent == soc)
    low, high = np.asarray(level.low), np.asarray(level.high)
    return Pulses(
        "C1",
        model.rated_ah,
        soc,
        model.pulse_width_s,
        sequence(low + share * (high - low), 3.3),
        25.0,
    )


def test_responses_are_the_voltage_changes_over_the_rate() -> None:
    x = np.arange(1.0, 16.0)
    assert rapid.responses(sequence(x, 3.3)) == pytest.approx(x)
    assert len(rapid.names()) == 15
    assert rapid.names()[2] == "onset_+1C"


@given(st.floats(3.0, 3.6))
def test_the_open_circuit_voltage_itself_changes_nothing(rest: float) -> None:
    x = np.linspace(50, 90, 15)
    assert rapid.responses(sequence(x, rest)) == pytest.approx(x, abs=1e-6)


def test_an_estimate_carries_the_error_of_cells_left_out() -> None:
    found = rapid.assess(middle("LFP", 35), "LFP", MODELS)
    level = next(one for one in MODELS["LFP"].levels if one.soc_percent == 35)
    assert (found.rmse, found.max_error) == (level.rmse, level.max_error)
    assert found.high - found.soh == pytest.approx(level.half_width)
    assert found.low < found.soh < found.high
    assert found.evidence_level == "L2"
    assert {"model_estimate", "soc_from_empty"} <= set(found.flags)
    letter = grade(Findings(soh=found.soh, evidence_level="L2", subject="cell"), policy())
    assert letter.label is not None
    assert letter.label.endswith("-L2")


def test_of_several_sequences_the_one_with_the_smallest_error_counts() -> None:
    several = [middle("NMC", 15), middle("NMC", 50), middle("NMC", 45)]
    found = rapid.assess_cell(several, "NMC", MODELS)
    assert found.soc_percent == 50
    with pytest.raises(rapid.NoBetterThanMean):
        rapid.assess_cell([middle("LFP", 20)], "LFP", MODELS)
    assert rapid.assess_cell([middle("LFP", 20), middle("LFP", 50)], "LFP", MODELS).cell == "C1"


@pytest.mark.parametrize(
    ("chemistry", "change", "refusal"),
    [
        ("LTO", {}, rapid.ChemistryNotFitted),
        ("LMO", {}, rapid.ChemistryNotFitted),
        ("LFP", {"rated_ah": 36.0}, rapid.RatedCapacityNotFitted),
        ("NMC532", {"rated_ah": 35.0}, rapid.RatedCapacityNotFitted),
        ("LFP", {"pulse_width_s": 3.0}, rapid.PulseWidthNotFitted),
        ("LFP", {"soc_percent": 37.5}, rapid.SocNotFitted),
        ("LFP", {"soc_percent": 60.0}, rapid.SocNotFitted),
        ("LFP", {"soc_percent": float("nan")}, rapid.SocNotFitted),
        ("LFP", {"soc_percent": 20.0}, rapid.NoBetterThanMean),
        ("LFP", {"temperature_c": 10.0}, rapid.TemperatureNotFitted),
        ("LFP", {"volts": (3.3,) * 20}, rapid.VoltagesWrong),
        ("LFP", {"volts": (3300.0,) * 21}, rapid.VoltagesWrong),
        ("LFP", {"volts": (float("nan"),) * 21}, rapid.VoltagesWrong),
        ("LFP", {"volts": (3.3, 4.9) + (3.3,) * 19}, rapid.FarFromFitted),
    ],
)
def test_what_the_model_was_not_fitted_on_is_refused(
    chemistry: str, change: dict[str, object], refusal: type[rapid.RapidRefused]
) -> None:
    with pytest.raises(refusal) as caught:
        rapid.assess(replace(middle("LFP", 35), **change), chemistry, MODELS)
    assert "%(" not in str(caught.value)


def test_an_estimate_outside_the_fitted_range_says_so() -> None:
    inside = rapid.assess(middle("NMC", 50), "NMC622", MODELS)
    outside = rapid.assess(middle("NMC", 50, share=1.1), "NMC622", MODELS)
    assert "outside_features" not in inside.flags
    assert "outside_features" in outside.flags
    assert "nickel_not_known" in inside.flags
    unknown = replace(middle("NMC", 50), temperature_c=None)
    assert "temperature_not_given" in rapid.assess(unknown, "NMC", MODELS).flags


def test_a_level_is_published_where_half_of_the_variance_is_explained() -> None:
    for model in MODELS.values():
        for level in model.levels:
            assert level.is_published == (level.rmse**2 <= 0.5 * level.baseline_rmse**2)
    assert [one.soc_percent for one in MODELS["LFP"].levels if not one.is_published]


def test_a_fit_leaves_each_cell_out_and_finds_noise_worthless() -> None:
    chance = np.random.default_rng(7)
    x, soh = chance.normal(size=(40, 15)), 0.8 + 0.05 * chance.normal(size=40)
    noise = rapid.fit_level(50, x, soh)
    assert not noise.is_published
    assert noise.rmse > float(np.std(soh)) * 0.95
    told = rapid.fit_level(50, x, 0.8 + x[:, 0] * 0.05)
    assert told.is_published
    assert told.rmse < 0.2 * told.baseline_rmse
    assert told.half_width <= told.max_error


def test_the_template_is_read_back_in_a_child_process(tmp_path: Path) -> None:
    made = middle("LFP", 35)
    path = tmp_path / "table"
    path.write_bytes(reader.template(["C1", 35, 35, 5, 25, *made.volts]))
    assert reader.is_table(path)
    sha256, (found,) = reader.read_in_child(path)
    assert len(sha256) == 64
    assert found.volts == pytest.approx(made.volts)
    assert (found.cell, found.temperature_c) == ("C1", 25.0)


def test_a_csv_with_the_published_names_is_read_too(tmp_path: Path) -> None:
    made = middle("LFP", 35)
    path = tmp_path / "table.csv"
    header = ["ID", "Qn", "SOC", "Pt", *reader.VOLTAGES]
    path.write_bytes(sheets.write_csv(header, [["C1", 35, 35, 5, *made.volts]]))
    assert reader.is_table(path)
    (found,) = reader.read(path)
    assert found.temperature_c is None
    assert rapid.assess(found, "LFP", MODELS).soh > 0.5


@pytest.mark.parametrize(
    ("header", "cells", "sentence"),
    [
        (reader.HEADER[1:], ["35", "35", "5", "25", *["3.3"] * 21], "no column “cell”"),
        (reader.HEADER, ["C1", "35", "half", "5", "25", *["3.3"] * 21], "Row 2"),
        (reader.HEADER, ["C1", "35", "35", "5", "25", *["3.3"] * 20], "“U21”"),
    ],
)
def test_a_table_that_says_too_little_is_refused(
    tmp_path: Path, header: list[str], cells: list[str], sentence: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"{','.join(header)}\n{','.join(cells)}\n", "utf-8")
    with pytest.raises(FileRefused) as caught:
        reader.read_in_child(path)
    assert sentence in str(caught.value)


def test_other_workbooks_and_texts_are_no_pulse_tables(tmp_path: Path) -> None:
    wide = sheets.write_xlsx([f"column {i}" for i in range(30)], [[1] * 30] * 30)
    for content in (wide, b"test_time_second,voltage_volt\n1,2\n", b"", b"PK\x03\x04 cut off"):
        path = tmp_path / "other"
        path.write_bytes(content)
        assert not reader.is_table(path)


def test_a_damaged_workbook_ends_in_one_refusal(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(reader.template()[:-200])
    with pytest.raises(FileRefused):
        reader.read_in_child(path)
