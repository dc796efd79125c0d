"""Made-up tests of a battery and the files that testers would have written of them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import xlsxwriter

BEGIN = datetime(2026, 3, 1, 8, 0, 0)  # noqa: DTZ001 - testers write the time of their wall


@dataclass(frozen=True)
class Row:
    """One record: total and step seconds, V, A (charging positive), counters of its step."""

    total: float
    seconds: float
    volts: float
    amperes: float
    cycle: int
    step: int
    kind: str
    ah: float
    wh: float


def log(
    *, amperes: float = 5.0, hours: float = 1.8, cycles: int = 2, points: int = 40
) -> list[Row]:
    """Rest, then cycles of CC charge, CV charge down to C/20 and a full discharge."""
    rows: list[Row] = []
    total, step = 0.0, 0
    for cycle in range(1, cycles + 1):
        for kind, length, volts, current in (
            ("R", 0.1, (3.5, 3.5), (0.0, 0.0)),
            ("C", hours * 0.9, (3.1, 4.2), (amperes, amperes)),
            ("C", 0.5, (4.2, 4.2), (amperes, amperes / 25)),
            ("D", hours, (4.1, 3.0), (-amperes, -amperes)),
        ):
            step += 1
            ah = wh = 0.0
            for number in range(points + 1):
                share = number / points
                seconds = round(share * length * 3600, 3)
                now = current[0] + share * (current[1] - current[0])
                at = volts[0] + share * (volts[1] - volts[0])
                if number:
                    before = rows[-1]
                    part = (seconds - before.seconds) / 3600
                    ah += (abs(before.amperes) + abs(now)) / 2 * part
                    wh += (abs(before.amperes) * before.volts + abs(now) * at) / 2 * part
                rows.append(
                    Row(round(total + seconds, 3), seconds, at, now, cycle, step, kind, ah, wh)
                )
            total = rows[-1].total
    return rows


def steps(rows: Iterable[Row]) -> list[list[Row]]:
    return [list(group) for _, group in groupby(rows, key=lambda row: row.step)]


def clock(seconds: float) -> str:
    whole, part = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{part:03}"


def instant(seconds: float) -> str:
    return (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def bdf(rows: list[Row]) -> bytes:
    head = "test_time_second,voltage_volt,current_ampere,cycle_count,step_count,step_capacity_ah\n"
    return (
        head
        + "".join(
            f"{r.total},{r.volts!r},{r.amperes!r},{r.cycle},{r.step},{r.ah!r}\n" for r in rows
        )
    ).encode()


def bdf_labels(rows: list[Row]) -> bytes:
    head = "Test Time / min,Voltage / mV,Current / mA,Cycle Count / 1,Discharging Capacity / mAh\n"
    return (
        head
        + "".join(
            f"{r.total / 60!r},{r.volts * 1e3!r},{r.amperes * 1e3!r},{r.cycle},{r.ah * 1e3!r}\n"
            for r in rows
        )
    ).encode()


STATES = {"R": "Rest", "C": "CC Chg", "D": "CC DChg"}
CHINESE_STATES = {"R": "搁置", "C": "恒流充电", "D": "恒流放电"}


def neware_flat(rows: list[Row]) -> bytes:
    head = (
        "DataPoint,Cycle Index,Step Index,Step Type,Time,Cumulative Time,Current(A),Voltage(V),"
        "Capacity(Ah),Spec. Cap.(mAh/g),Energy(Wh),Date\n"
    )
    return (
        head
        + "\n".join(
            f"{i},{r.cycle},{r.step},{STATES[r.kind]},{clock(r.seconds)},{clock(r.total)},"
            f"{r.amperes:.9f},{r.volts:.9f},{r.ah:.9f},0,{r.wh:.9f},{instant(r.total)}"
            for i, r in enumerate(rows, start=1)
        )
    ).encode()


def neware_flat_chinese(rows: list[Row]) -> bytes:
    """As an older BTSDA in Chinese: GB18030, step time only, milliamperes without a sign."""
    head = "数据序号,循环号,工步号,工步类型,时间,电流(mA),电压(V),充电容量(mAh),放电容量(mAh),绝对时间\r\n"
    return (
        head
        + "".join(
            f"{i},{r.cycle},{r.step},{CHINESE_STATES[r.kind]},{clock(r.seconds)},"
            f"{abs(r.amperes) * 1000:.6f},{r.volts:.9f},{r.ah * 1000 if r.kind == 'C' else 0:.6f},"
            f"{r.ah * 1000 if r.kind == 'D' else 0:.6f},{instant(r.total)}\r\n"
            for i, r in enumerate(rows, start=1)
        )
    ).encode("gb18030")


def neware_nested(rows: list[Row]) -> bytes:
    lines = [
        "Cycle ID,Cap_Chg(mAh),Cap_DChg(mAh),Time(h:min:s.ms),,,,",
        ",Step ID,Step Name,Step Time(h:min:s.ms),Capacity(mAh),Start Voltage(V),,",
        ",,Record ID,Time(h:min:s.ms),Voltage(V),Current(mA),Capacity(mAh),Realtime",
    ]
    cycle = 0
    for group in steps(rows):
        if group[0].cycle != cycle:
            cycle = group[0].cycle
            lines.append(f"{cycle},0,0,0:00:00.000,,,,")
        last = group[-1]
        name, length = STATES[last.kind], clock(last.seconds)
        lines.append(f",{last.step},{name},{length},{last.ah * 1e3:.3f},{last.volts},,")
        lines += [
            f",,{i},{clock(r.seconds)},{r.volts:.9f},{abs(r.amperes) * 1000:.6f},"
            f"{r.ah * 1000:.6f},{instant(r.total)}"
            for i, r in enumerate(group, start=1)
        ]
    return ("\n".join(lines) + "\n").encode()


def maccor(rows: list[Row]) -> bytes:
    head = (
        "Today's Date 03/02/2026  Date of Test:\t03/01/2026\t Filename:\tC:\\A.001\n"
        "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\n"
    )
    return _tabs(head, rows, lambda r: f"{r.total:.4f}\t{r.seconds:.4f}")


def maccor_plain(rows: list[Row]) -> bytes:
    head = (
        "Rec\tCycle C\tStep\tTestTime\tStepTime\tCap. [Ah]\tEner. [Wh]\tCurrent [A]\tVoltage [V]\t"
        "Md\tES\tDPT Time\n"
    )
    return _tabs(head, rows, lambda r: f"0d {clock(r.total)}\t0d {clock(r.seconds)}")


def _tabs(head: str, rows: list[Row], times: Callable[[Row], str]) -> bytes:
    lines = [
        f"{i}\t{r.cycle - 1}\t{r.step}\t{times(r)}\t{r.ah:.10f}\t{r.wh:.10f}\t"
        f"{abs(r.amperes):.10f}\t{r.volts:.8f}\t{r.kind}\t1\t03/01/2026 08:00:00"
        for i, r in enumerate(rows, start=1)
    ]
    return (head + "\n".join(lines) + "\n").encode("cp1252")


def pec(rows: list[Row], *, cells: tuple[str, ...] = ("SBT1",)) -> bytes:
    head = (
        "Request Year:,2026\nTest:,187\nNumber Of Cells:,1\nStart Time:,03/01/2026 08:00:00\n"
        "#RESULTS CHECK\nReqYear,Test,CellNr,Type,Value,Reason,\n2026,187,1,1,3272,3,\n"
        "#END RESULTS CHECK\n"
        "Test,Cell,Step,Cycle,Total Time (Seconds),Step Time (Seconds),Real Time,Voltage (mV),"
        "Current (mA),Charge Capacity (mAh),Discharge Capacity (mAh),Charge Capacity (mWh),"
        "Discharge Capacity (mWh),Ambient temperature (°C),Cell surface temperature (°C),\n"
    )
    lines = [
        f"187,{cell},{r.step},{r.cycle},{r.total:.3f},{r.seconds:.3f},03/01/2026 08:00:00,"
        f"{r.volts * 1e3:.6f},{r.amperes * 1e3:.6f},{r.ah * 1e3 if r.kind == 'C' else 0:.6f},"
        f"{r.ah * 1e3 if r.kind == 'D' else 0:.6f},0,0,25.8,24.9,"
        for cell in cells
        for r in rows
    ]
    return (head + "\n".join(lines) + "\n").encode("cp1252")


NEBULA = (
    *(
        "工步序号",
        "循环",
        "通道",
        "工步类型",
        "状态",
        "绝对时间",
        "起始电压(V)",
        "最大电压(V)",
        "结束电压(V)",
    ),
    *("起始电流(A)", "结束电流(A)", "充电容量(Ah)", "放电容量(Ah)", "充电能量(Wh)", "放电能量(Wh)"),
    *("持续时间(h:min:s:ms)", "开始温度1(℃)", "结束温度1(℃)"),
)
NEBULA_KINDS = {"R": "其它", "C": "充电", "D": "放电"}


def nebula(rows: list[Row]) -> bytes:
    """One row a step; discharges stored negative."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = workbook.add_worksheet("Sheet1")
    sheet.write_row(0, 0, NEBULA)
    for number, group in enumerate(steps(rows), start=1):
        first, last = group[0], group[-1]
        charge, discharge = last.kind == "C", last.kind == "D"
        kind = NEBULA_KINDS[last.kind]
        sheet.write_row(
            number,
            0,
            [
                *(number, first.cycle, 25, kind, kind, instant(first.total)),
                *(first.volts, 4.2, last.volts, first.amperes, last.amperes),
                *(last.ah * charge, -last.ah * discharge, last.wh * charge, -last.wh * discharge),
                *(clock(last.seconds), 24.0, 26.0),
            ],
        )
    workbook.close()
    return target.getvalue()


NDA_TYPES = {"R": 4, "C": 1, "D": 2}


def nda(rows: list[Row], *, version: int = 29) -> bytes:
    """As BTS 7 writes it: records of 86 bytes in 0.1 mV, 0.1 mA, 0.1 mAs and ms."""
    head = bytearray(512)
    head[:6] = b"NEWARE"
    head[14] = version
    head[16:20] = struct.pack("<I", 128)
    body = b"".join(
        struct.pack(
            "<BBIIHBBQii8sqqqqHBBBBBBi4s",
            *(85, 0, i, r.cycle - 1, r.step, NDA_TYPES[r.kind], r.step % 256),
            *(round(r.seconds * 1000), round(r.volts * 10000), round(r.amperes * 10000), b""),
            *(round(r.ah * 36e6) * (r.kind == "C"), round(r.ah * 36e6) * (r.kind == "D")),
            *(round(r.wh * 36e6) * (r.kind == "C"), round(r.wh * 36e6) * (r.kind == "D")),
            *(2026, 3, 1, 8, 0, 0, 0, 6000, b""),
        )
        for i, r in enumerate(rows, start=1)
    )
    return bytes(head) + body


SERIES: dict[str, Callable[[list[Row]], bytes]] = {
    "bdf": bdf,
    "bdf with labels": bdf_labels,
    "neware flat": neware_flat,
    "neware flat in Chinese": neware_flat_chinese,
    "neware nested": neware_nested,
    "maccor": maccor,
    "maccor without notes": maccor_plain,
    "pec": pec,
}
"""Every text format that holds a series of measurements."""
READERS = {
    "bdf": "bdf-csv",
    "bdf with labels": "bdf-csv",
    "neware flat": "neware-csv",
    "neware flat in Chinese": "neware-csv",
    "neware nested": "neware-csv",
    "maccor": "maccor-text",
    "maccor without notes": "maccor-text",
    "pec": "pec-csv",
}


def saved(folder: Path, content: bytes, name: str = "upload") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
