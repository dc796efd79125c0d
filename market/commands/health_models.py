"""``packbourse health rapid`` and ``health life``: what models say, with how far to trust them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from listings.words import gettext as _
from market.commands.menu import Answer, Menu, demand_file, rows, table


def add(group: Menu) -> None:
    """Declare both commands under ``packbourse health``."""
    rapid = group.add("rapid", _("estimate state of health from a table of pulses"), _rapid)
    rapid.add_argument("file", metavar="FILE", type=Path)
    rapid.add_argument(
        "--chemistry", metavar="NAME", required=True, help=_("such as LFP or NMC532")
    )
    life = group.add("life", _("tell the remaining life in a second use, by a model"), _life)
    life.add_argument(
        "--soh", metavar="X", type=float, required=True, help=_("a share, such as 0.82")
    )
    life.add_argument("--chemistry", metavar="NAME", required=True, help=_("LFP only"))
    life.add_argument("--duty", metavar="CODE", help=_("one duty; without it all of them"))
    life.add_argument(
        "--temperature", metavar="C", type=float, default=25.0, help=_("15 to 35 °C (default: 25)")
    )


def _rapid(arguments: argparse.Namespace) -> Answer:
    from listings.health import rapid_tables

    found = rapid_tables.judge(demand_file(arguments.file), arguments.chemistry)
    head = [_("cell"), "SOC %", "SoH %", _("interval"), _("error"), _("said beside it")]
    facts = {
        _("reader"): f"{found['reader']} {found['reader_version']}",
        "SHA-256": found["sha256"],
        _("fitted on"): f"{found['source']['dataset']}, {found['source']['licence']}, "
        f"doi {found['source']['doi']}",
    }
    return Answer(found, f"{table(head, [_cell(one) for one in found['cells']])}\n\n{rows(facts)}")


def _cell(one: dict[str, Any]) -> list[object]:
    found = one["estimate"]
    if found is None:
        return [one["cell"], None, None, None, None, one["refusal"]]
    low, high = found["soh_low"] * 100, found["soh_high"] * 100
    return [
        one["cell"],
        f"{found['soc_percent']:g}",
        f"{found['soh'] * 100:.1f}",
        f"{low:.1f} – {high:.1f}",
        f"{found['leave_out_rmse'] * 100:.1f}",
        ", ".join(found["flags"]),
    ]


def _life(arguments: argparse.Namespace) -> Answer:
    from listings.health import life

    soh, chemistry, warmth = arguments.soh, arguments.chemistry, arguments.temperature
    wanted = life.DUTIES if arguments.duty is None else (life.duty(arguments.duty),)
    lives = [life.remaining(soh, chemistry, one, warmth) for one in wanted]
    document = {
        "chemistry": chemistry,
        "soh": soh,
        "temperature_c": warmth,
        "labels": list(life.LABELS),
        "band": list(life.BAND),
        "pack_factors": list(life.PACK),
        "horizon_years": life.HORIZON_YEARS,
        "duties": [life.document(one, chemistry) for one in lives],
    }
    head = [_("duty"), _("years, cell"), _("years, pack"), _("cycles, pack"), _("ends at SoH")]
    body: list[list[object]] = [
        [
            _(one.duty.name),
            _range(one.cell_years, 1),
            _range(one.pack_years, 1),
            _range(one.pack_cycles, 0),
            f"{one.duty.end_soh * 100:.0f} %",
        ]
        for one in lives
    ]
    return Answer(document, "\n".join([table(head, body), "", *map(_, life.LABELS)]))


def _range(span: Any, places: int) -> str:
    more = "+" if span.is_cut else ""
    if span.low == span.high and more:
        return f"{span.low:.{places}f}{more}"
    return f"{span.low:.{places}f} – {span.high:.{places}f}{more}"
