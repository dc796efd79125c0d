"""``packbourse materials`` and ``value``: what a battery holds, and what a guide says of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from listings.words import gettext as _
from market.commands.menu import Answer, Menu, demand_file, rows, table

if TYPE_CHECKING:
    from pricing.materials import Amount, Intensity


def add(menu: Menu) -> None:
    """Declare the commands."""
    purpose = _("tell what a kilowatt hour of a battery holds")
    parser = menu.add("materials", purpose, _materials)
    parser.add_argument(
        "chemistry", metavar="CHEMISTRY", help=_("such as LFP, NMC622, or ternary for any NMC")
    )
    help_era = _("formula, 2010s, 2020s or unknown (default: %(default)s)")
    parser.add_argument("--era", metavar="E", default="unknown", help=help_era)
    parser.add_argument(
        "--table",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help=_("a table of your own beside the packaged ones (.csv, .xlsx)"),
    )


def _materials(arguments: argparse.Namespace) -> Answer:
    from pricing import material_tables, materials, seeded, spellings

    chemistry = spellings.chemistry(arguments.chemistry)
    tables = [*seeded.material_tables()]
    for path in arguments.table:
        tables += material_tables.read(demand_file(path))
    found = materials.intensity(chemistry, arguments.era, tables)
    return Answer(materials.document(found), _text(found))


def _text(found: Intensity) -> str:
    from pricing.waterfalls import LABELS

    body = [[_("cathode"), *_figures(found.cathode)]]
    body += [[_(LABELS[name]), *_figures(amount)] for name, amount in found.elements.items()]
    head = [f"{found.chemistry}, {found.era}", "kg/kWh", _("least"), _("greatest")]
    source = rows({_("source"): found.source})
    return f"{table(head, body)}\n\n{source}"


def _figures(amount: Amount | None) -> list[object]:
    if amount is None:
        return [None, None, None]
    return [f"{figure:.4f}" for figure in (amount.kg, amount.low, amount.high)]
