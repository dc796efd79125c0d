"""Exports as fleets write them: kinds of file, names of columns, forms of time, and refusals."""

from __future__ import annotations

import polars as pl
import pytest
from telemetry_rows import BEGINS, as_text, charge

from listings import confined, sheets
from listings.telemetry import reading, refusals
from listings.telemetry.reading import File

CHINESE = {
    "vehicle": "车架号",
    "time": "采集时间",
    "soc": "SOC(%)",
    "current": "总电流(A)",
    "max_temperature": "最高温度值(℃)",
    "min_temperature": "最低温度值(℃)",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_chinese_headers_are_read_in_the_encodings_of_their_exports(
    computed, tmp_path, encoding, separator
):
    text = as_text(charge(vehicle="京A12345")).rename(CHINESE).write_csv(separator=separator)
    path = tmp_path / "导出.csv"
    path.write_bytes(text.encode(encoding))
    found = computed(path).charges
    assert found["vehicle"].to_list() == ["京A12345"]
    assert found["capacity_ah"].item() == pytest.approx(150)
    assert found["high_celsius"].item() == 30


@pytest.mark.parametrize(
    "pattern",
    [
        "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%-m/%-d %-H:%M:%S", "%Y%m%d%H%M%S",
        "%Y年%m月%d日 %H时%M分%S秒", "%Y年%-m月%-d日%H:%M:%S", "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S.500", "%Y-%m-%dT%H:%M:%S+08:00", "%Y-%m-%d %H:%M:%S+0800",
    ],
)  # fmt: skip
def test_time_is_read_in_the_forms_that_exports_have(computed, tmp_path, pattern):
    path = tmp_path / "export.csv"
    as_text(charge(), pattern).write_csv(path)
    found = computed(path).charges
    assert found["started"].item() == BEGINS
    assert found["capacity_ah"].item() == pytest.approx(150)


@pytest.mark.parametrize(("factor", "whole"), [(1, True), (1000, True), (1, False)])
def test_epoch_seconds_and_milliseconds_are_universal_time(computed, tmp_path, factor, whole):
    path = tmp_path / "export.csv"
    frame = charge().with_columns(time=(pl.col("time") - 8 * 3600) * factor)
    (frame if whole else frame.with_columns(pl.col("time").cast(pl.Float64))).write_csv(path)
    assert computed(path).charges["started"].item() == BEGINS


def test_a_time_of_another_zone_is_told_in_beijing_time(computed, tmp_path):
    path = tmp_path / "export.csv"
    frame = charge().with_columns(time=pl.col("time") - 8 * 3600)
    as_text(frame, "%Y-%m-%dT%H:%M:%SZ").write_csv(path)
    assert computed(path).charges["started"].item() == BEGINS


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_parquet_is_read_with_its_types(computed, tmp_path, zone):
    path = tmp_path / "export.parquet"
    stamp = pl.from_epoch("time", time_unit="s")
    if zone:
        stamp = stamp.dt.offset_by("-8h").dt.replace_time_zone(zone)
    charge().with_columns(time=stamp).write_parquet(path)
    found = computed(path).charges
    assert found["started"].item() == BEGINS
    assert found["capacity_ah"].item() == pytest.approx(150)


def test_a_workbook_is_read_with_a_title_above_its_header(computed, tmp_path):
    frame = as_text(charge()).rename(CHINESE)
    path = tmp_path / "export.xlsx"
    rows = [["7 月车辆数据"], frame.columns, *frame.rows()]
    path.write_bytes(sheets.write_xlsx(rows[0] + [""] * 5, rows[1:]))
    assert computed(path).charges["capacity_ah"].item() == pytest.approx(150)


def test_a_file_without_a_column_of_vehicles_is_one_vehicle_named_by_the_file(computed, tmp_path):
    path = tmp_path / "lzy001.csv"
    as_text(charge().drop("vehicle")).write_csv(path)
    assert computed(path).charges["vehicle"].to_list() == ["LZY001"]


def test_a_charge_that_two_files_divide_is_one(computed, tmp_path):
    frame = as_text(charge())
    first, second = tmp_path / "1.csv", tmp_path / "2.parquet"
    frame.head(250).write_csv(first)
    frame.slice(250).write_parquet(second)
    assert computed(first, second).charges["capacity_ah"].to_list() == pytest.approx([150])


@pytest.mark.parametrize("mark", ["", "--", "NULL", "nan", "无效", " "])
def test_marks_for_missing_values_are_no_error(computed, tmp_path, mark):
    path = tmp_path / "export.csv"
    frame = as_text(charge()).with_columns(pl.col("current").cast(pl.String))
    third = pl.int_range(pl.len()) % 3 == 1
    frame.with_columns(current=pl.when(third).then(pl.lit(mark)).otherwise("current")).write_csv(
        path
    )
    found = computed(path)
    assert found.charges["capacity_ah"].item() == pytest.approx(150)
    assert found.vehicles["invalid_rows"].item() > 100


@pytest.mark.parametrize(
    ("column", "value"), [("current", "12,5"), ("soc", "full"), ("time", "yesterday")]
)
def test_a_cell_that_cannot_be_read_is_named_by_column_row_and_value(
    computed, tmp_path, column, value
):
    path = tmp_path / "export.csv"
    frame = as_text(charge()).with_columns(pl.col(column).cast(pl.String))
    eighth = pl.int_range(pl.len()) == 300
    frame.with_columns(
        pl.when(eighth).then(pl.lit(value)).otherwise(column).alias(column)
    ).write_csv(path)
    with pytest.raises(refusals.ValueUnreadable) as refused:
        computed(path)
    values = refused.value.values
    assert (values["column"], values["row"], values["value"]) == (column, 302, value)


@pytest.mark.parametrize("lost", ["time", "soc", "current"])
def test_a_missing_column_is_named(computed, tmp_path, lost):
    path = tmp_path / "export.csv"
    as_text(charge()).drop(lost).write_csv(path)
    with pytest.raises(refusals.ColumnMissing, match="Give it one named"):
        computed(path)


def test_one_spelling_twice_is_refused(computed, tmp_path):
    path = tmp_path / "export.csv"
    frame = as_text(charge())
    frame.with_columns(frame["soc"].alias("SOC(%)")).write_csv(path)
    with pytest.raises(refusals.ColumnTwice, match="Rename or remove"):
        computed(path)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", refusals.EmptyTelemetry),
        (b"time,soc,current\n", refusals.EmptyTelemetry),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", refusals.NotTelemetry),
        (b"PAR1 and nothing that follows from it PAR1", refusals.TelemetryDamaged),
        (b"PK\x03\x04 no workbook", refusals.TelemetryDamaged),
        (b"one word", refusals.NotTelemetry),
    ],
)
def test_what_is_no_telemetry_is_refused_in_a_sentence(tmp_path, content, refusal):
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(refusal, match="upload"):
        reading.read([File(path, "upload")])


def test_a_row_of_too_many_cells_is_named(computed, tmp_path):
    path = tmp_path / "export.csv"
    lines = as_text(charge()).write_csv().splitlines()
    lines[99] += ",1,2,3"
    path.write_text("\n".join(lines))
    with pytest.raises(refusals.RowMalformed) as refused:
        computed(path)
    assert refused.value.values["row"] == 100


def test_the_confined_process_gives_the_same_and_tells_its_progress(computed, one_charge):
    path = one_charge()
    told: list[str] = []
    read = reading.read([File(path, path.name)], progress=lambda stage, *_: told.append(stage))
    assert read.charges.equals(computed(path).charges)
    assert read.files[0][0] == "export.csv"
    assert len(read.files[0][1]) == 64


def test_too_little_memory_is_a_refusal(one_charge):
    limits = confined.Limits(memory_mb=40, cpu_s=60, wall_s=60)
    with pytest.raises(refusals.TelemetryOutOfMemory, match="Divide"):
        reading.read([File(one_charge(), "export.csv")], limits=limits)


def test_no_statement_reads_a_file_that_was_not_uploaded(work, one_charge, tmp_path):
    import duckdb

    from listings.telemetry.engines import DuckDB

    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    engine = DuckDB(work, [one_charge()])
    for statement in (f"SELECT * FROM '{secret}'", "INSTALL httpfs", "SET memory_limit='9GB'"):
        with pytest.raises(duckdb.Error):
            engine._connection.raw_sql(statement)
