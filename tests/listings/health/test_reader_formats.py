"""Every tester's format: what was measured comes out the same whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tester_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listings.health.capacity import assess
from listings.health.readers import READERS, frames, knower, read
from listings.health.readers.limits import Upload
from listings.health.recording import DamagedFile, FileRefused, SeveralTests, UnknownFile
from listings.health.segments import INVALID, cut

ROWS = tester_files.log()


def ah_of(rows: list[tester_files.Row]) -> list[float]:
    return [group[-1].ah for group in tester_files.steps(rows) if group[-1].kind == "D"]


@pytest.mark.parametrize("form", tester_files.SERIES)
@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    # What testers write for "invalid" is no current of a test.
    amperes=st.floats(0.5, 400).filter(lambda a: round(a, 6) not in INVALID),
    hours=st.floats(0.2, 12),
    cycles=st.integers(1, 3),
)
def test_a_test_written_in_any_format_gives_the_same_ampere_hours(
    tmp_path: Path, form: str, amperes: float, hours: float, cycles: int
) -> None:
    rows = tester_files.log(amperes=amperes, hours=hours, cycles=cycles, points=12)
    found = read(tester_files.saved(tmp_path, tester_files.SERIES[form](rows)))
    assert found.reader == tester_files.READERS[form]
    pieces = [s for s in cut(found.frame, amperes).segments if s.sign < 0]
    assert [s.ah for s in pieces] == pytest.approx(ah_of(rows), rel=1e-6)
    assert [s.tester_ah for s in pieces] == pytest.approx(ah_of(rows), rel=1e-6)


@pytest.mark.parametrize("form", tester_files.SERIES)
def test_every_format_says_which_discharges_count(tmp_path: Path, form: str) -> None:
    frame = read(tester_files.saved(tmp_path, tester_files.SERIES[form](ROWS))).frame
    assert set(frame.dtypes) == {pl.Float64}
    found = assess(frame, 10.0, cutoffs=(3.0, 4.2))
    assert [d.complete for d in found.discharges] == [True, True]
    assert found.capacity_ah == pytest.approx(9.0, rel=1e-6)
    assert found.tester_difference is not None
    assert found.tester_difference < 1e-6
    assert found.flags == ()
    assert frame["test_time_second"].is_sorted()


@pytest.mark.parametrize("form", tester_files.SERIES)
def test_a_last_line_that_was_cut_off_is_refused(tmp_path: Path, form: str) -> None:
    whole = tester_files.SERIES[form](ROWS).rstrip(b"\r\n")
    cut_off = whole[: whole.rindex(b"\n") + 12]
    with pytest.raises(DamagedFile, match="last line is cut off"):
        read(tester_files.saved(tmp_path, cut_off))


@pytest.mark.parametrize("form", tester_files.SERIES)
def test_text_where_a_number_should_stand_is_refused(tmp_path: Path, form: str) -> None:
    lines = tester_files.SERIES[form](ROWS).split(b"\n")
    middle = lines[len(lines) // 2]
    separator = b"\t" if b"\t" in middle else b","
    cells = middle.split(separator)
    lines[len(lines) // 2] = separator.join(
        b"drei" if cell.count(b".") == 1 and b":" not in cell else cell for cell in cells
    )
    with pytest.raises(DamagedFile, match="drei"):
        read(tester_files.saved(tmp_path, b"\n".join(lines)))


def test_no_two_readers_know_the_same_content(tmp_path: Path) -> None:
    import importlib

    for form, write in {**tester_files.SERIES, "nebula": tester_files.nebula}.items():
        content = write(ROWS)
        upload = Upload(tester_files.saved(tmp_path, content), content[:65536], 10**9)
        modules = [importlib.import_module(f"listings.health.readers.{name}") for name in READERS]
        assert sum(module.knows(upload) for module in modules) == 1, form
        assert knower(upload) is not None


def test_an_unsigned_current_gets_its_sign_from_the_state_letter() -> None:
    current = pl.Series([1.0, 1.0, 0.0, 2.0, -3.0])
    for letters in (["C", "D", "R", "S", "S"], ["CC Chg", "CCCV DChg", "Rest", "Pulse", "SIM"]):
        signs = frames.signed(current, pl.Series(letters)).to_list()
        assert signs == [1.0, -1.0, 0.0, 2.0, -3.0]
    chinese = pl.Series(["恒流恒压充电", "放电 DC", "静置", "脉冲", "脉冲"])
    assert frames.signed(current, chinese).to_list() == [1.0, -1.0, 0.0, 2.0, -3.0]


def test_a_discharge_stored_negative_and_one_stored_positive_are_the_same(tmp_path: Path) -> None:
    text = tester_files.bdf(ROWS).decode()
    head, *lines = text.splitlines()
    turned = [head]
    for line in lines:
        seconds, volts, amperes, *rest = line.split(",")
        turned.append(",".join([seconds, volts, str(-float(amperes)), *rest]))
    frame = read(tester_files.saved(tmp_path, "\n".join(turned).encode())).frame
    found = assess(frame, 10.0, cutoffs=(3.0, 4.2))
    assert found.capacity_ah == pytest.approx(9.0, rel=1e-6)
    assert found.flags == ("current_sign_turned",)


def test_the_mark_65535_is_no_voltage(tmp_path: Path) -> None:
    lines = tester_files.bdf(ROWS).decode().splitlines()
    cells = lines[30].split(",")
    lines[30] = ",".join([cells[0], "65535", *cells[2:]])
    found = assess(read(tester_files.saved(tmp_path, "\n".join(lines).encode())).frame, 10.0)
    assert "invalid_rows" in found.flags
    assert found.cutoffs.high == pytest.approx(4.2)


def test_a_clock_that_jumps_back_is_flagged_and_counts_nothing(tmp_path: Path) -> None:
    lines = tester_files.maccor(ROWS).decode("cp1252").splitlines()
    for number in range(100, len(lines)):
        cells = lines[number].split("\t")
        cells[3] = f"{float(cells[3]) - 5000:.4f}"
        lines[number] = "\t".join(cells)
    frame = read(tester_files.saved(tmp_path, "\n".join(lines).encode())).frame
    assert "clock_jumped_back" in cut(frame, 10.0).flags
    assert all(s.ah >= 0 for s in cut(frame, 10.0).segments)


def test_a_cycle_column_that_holds_no_whole_numbers_is_ignored(tmp_path: Path) -> None:
    lines = tester_files.bdf(ROWS).decode().splitlines()
    odd = [
        ",".join([*(c := line.split(","))[:3], "6.283185307179586", *c[4:]]) for line in lines[1:]
    ]
    frame = read(tester_files.saved(tmp_path, "\n".join([lines[0], *odd]).encode())).frame
    assert [d.cycle for d in assess(frame, 10.0, cutoffs=(3.0, 4.2)).discharges] == [1, 2]


def test_a_column_named_soh_is_never_taken_for_it(tmp_path: Path) -> None:
    lines = tester_files.bdf(ROWS).decode().splitlines()
    odd = [lines[0] + ",soh", *(line + ",0.5" for line in lines[1:])]
    frame = read(tester_files.saved(tmp_path, "\n".join(odd).encode())).frame
    assert "soh" not in frame.columns
    assert assess(frame, 10.0, cutoffs=(3.0, 4.2)).soh == pytest.approx(0.9)


def test_a_last_discharge_cut_short_does_not_halve_the_capacity(tmp_path: Path) -> None:
    rows = [row for row in ROWS if not (row.step == 8 and row.seconds > 3000)]
    frame = read(tester_files.saved(tmp_path, tester_files.pec(rows))).frame
    found = assess(frame, 10.0, cutoffs=(3.0, 4.2))
    assert [d.reason for d in found.discharges] == [None, "ended_above_cutoff"]
    assert found.capacity_ah == pytest.approx(9.0)


def test_a_first_discharge_from_a_part_charge_does_not_count(tmp_path: Path) -> None:
    rows = [row for row in ROWS if row.step > 3]
    frame = read(tester_files.saved(tmp_path, tester_files.neware_nested(rows))).frame
    found = assess(frame, 10.0, cutoffs=(3.0, 4.2))
    assert [d.reason for d in found.discharges] == ["no_charge_before", None]


def test_the_tester_s_own_cycle_numbers_are_kept(tmp_path: Path) -> None:
    maccor = read(tester_files.saved(tmp_path, tester_files.maccor(ROWS))).frame
    neware = read(tester_files.saved(tmp_path, tester_files.neware_flat(ROWS))).frame
    assert maccor["cycle"].unique().sort().to_list() == [0.0, 1.0]
    assert neware["cycle"].unique().sort().to_list() == [1.0, 2.0]


def test_pec_tells_the_temperature_of_the_cell_and_not_of_the_room(tmp_path: Path) -> None:
    frame = read(tester_files.saved(tmp_path, tester_files.pec(ROWS))).frame
    assert frame["temperature_celsius"].unique().to_list() == [24.9]


def test_two_cells_in_one_pec_file_are_refused(tmp_path: Path) -> None:
    content = tester_files.pec(ROWS, cells=("SBT1", "SBT2"))
    with pytest.raises(SeveralTests, match="tests of 2 test objects"):
        read(tester_files.saved(tmp_path, content))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_headers_are_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = tester_files.neware_flat_chinese(ROWS).decode("gb18030")
    found = read(tester_files.saved(tmp_path, text.encode(encoding)))
    assert assess(found.frame, 10.0, cutoffs=(3.0, 4.2)).capacity_ah == pytest.approx(9.0)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1"])
def test_a_micro_sign_and_a_degree_sign_are_read_in_western_encodings(
    tmp_path: Path, encoding: str
) -> None:
    text = tester_files.neware_flat(ROWS).decode().replace("Current(A)", "Current(µA)")
    text = text.replace("Spec. Cap.(mAh/g)", "Temperature(°C)")
    found = read(tester_files.saved(tmp_path, text.encode(encoding)))
    assert found.frame["current_ampere"].max() == pytest.approx(5e-6)
    assert "temperature_celsius" in found.frame.columns


def test_a_quantity_without_a_unit_is_not_guessed(tmp_path: Path) -> None:
    text = tester_files.neware_flat(ROWS).decode()
    with pytest.raises(UnknownFile):
        read(tester_files.saved(tmp_path, text.replace("Voltage(V)", "Voltage").encode()))
    lines = text.replace("Cumulative Time", "Total Time").splitlines()
    plain = [lines[0]]
    for number, line in enumerate(lines[1:]):
        cells = line.split(",")
        plain.append(",".join([*cells[:4], str(number), str(number), *cells[6:]]))
    with pytest.raises(DamagedFile, match="names no unit of time"):
        read(tester_files.saved(tmp_path, "\n".join(plain).encode()))


def test_an_nda_file_gives_the_same_to_its_own_resolution(tmp_path: Path) -> None:
    found = read(tester_files.saved(tmp_path, tester_files.nda(ROWS)))
    assert (found.reader, found.reader_version[-6:]) == ("neware-nda", "nda 29")
    assert assess(found.frame, 10.0, cutoffs=(3.0, 4.2)).capacity_ah == pytest.approx(9.0, rel=1e-5)
    with pytest.raises(DamagedFile, match="not yet supported"):
        read(tester_files.saved(tmp_path, tester_files.nda(ROWS, version=99)))


def test_a_step_sheet_gives_the_tester_s_sums_and_says_so(tmp_path: Path) -> None:
    found = read(tester_files.saved(tmp_path, tester_files.nebula(ROWS)))
    assert found.is_sums
    given = assess(found.frame, 10.0, sums=found.is_sums)
    assert [d.ah for d in given.discharges] == pytest.approx([9.0, 9.0])
    assert [d.complete for d in given.discharges] == [True, True]
    assert [d.wh for d in given.discharges] == pytest.approx(
        [group[-1].wh for group in tester_files.steps(ROWS) if group[-1].kind == "D"]
    )
    assert given.tester_difference is None
    assert given.temperature == 25.0
    assert given.flags == ("cutoffs_assumed", "tester_sums")


def test_the_integral_of_a_step_sheet_s_two_rows_is_never_given(tmp_path: Path) -> None:
    """A CC-CV charge from 5 to 0.2 A would read 1.3 Ah by its ends, whatever it took."""
    frame = read(tester_files.saved(tmp_path, tester_files.nebula(ROWS))).frame
    doubled = frame.with_columns(pl.col("tester_ah") * 2)
    ahs = [s.ah for s in cut(doubled, 10.0, sums=True).segments if s.sign > 0]
    assert ahs == pytest.approx([16.2, 2.6, 16.2, 2.6])


def test_fuzzed_bytes_end_in_a_refusal(tmp_path: Path) -> None:
    @settings(max_examples=150, deadline=None)
    @given(content=st.binary(min_size=1, max_size=2000), start=st.sampled_from(STARTS))
    def fuzz(content: bytes, start: bytes) -> None:
        path = tester_files.saved(tmp_path, start + content)
        with pytest.raises(FileRefused):
            read(path)

    fuzz()


STARTS = [
    b"",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"NEWARE",
    b"NEWARE" + bytes(8) + b"\x1d",
    b"\x00\x01\x00\x00Standard Jet DB\x00\x01",
    b"\x00\x01\x00\x00Standard ACE DB\x00\x02",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
]


@pytest.mark.parametrize("form", [*tester_files.SERIES, "nebula", "nda"])
def test_files_with_changed_bytes_are_read_or_refused(tmp_path: Path, form: str) -> None:
    forms = {**tester_files.SERIES, "nebula": tester_files.nebula, "nda": tester_files.nda}
    whole = forms[form](tester_files.log(points=8))

    @settings(max_examples=40, deadline=None)
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        content = bytearray(whole)
        last = len(content) - 1
        changes = st.tuples(
            st.one_of(st.integers(0, 700), st.integers(0, last)), st.integers(0, 255)
        )
        for place, byte in data.draw(st.lists(changes, min_size=1, max_size=6)):
            content[min(place, last)] = byte
        length = data.draw(st.one_of(st.just(last + 1), st.integers(1, last)))
        path = tester_files.saved(tmp_path, bytes(content[:length]))
        try:
            frame = read(path).frame
        except FileRefused:
            return
        assert np.isfinite(frame["voltage_volt"].drop_nulls().to_numpy()).size <= frame.height

    fuzz()


def test_decimal_commas_are_refused_and_never_read_as_thousands(tmp_path: Path) -> None:
    text = tester_files.maccor(ROWS).decode("cp1252")
    head, *lines = text.rsplit("DPt Time\n", 1)
    commas = head + "DPt Time\n" + lines[0].replace(".", ",")
    with pytest.raises(DamagedFile, match="is no number"):
        read(tester_files.saved(tmp_path, commas.encode()))
