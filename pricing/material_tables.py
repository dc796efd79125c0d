"""A table of material intensities of one's own, such as the results of a licensed model.

It stands beside the packaged ones for whoever names it; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from listings import sheets
from listings.errors import N_, Refused
from pricing.materials import CHEMISTRIES, ELEMENT_NAMES, ERAS, Row, from_cathode
from pricing.spellings import chemistry, plain

COLUMNS = ("chemistry", "era", "source", "cathode", *ELEMENT_NAMES)
NEEDED = COLUMNS[:3]
MOST = 100.0  # kilograms of anything in a kilowatt hour: a mistaken unit
_ERAS = tuple(era for era in ERAS if era.endswith("s"))


class MaterialColumnMissing(Refused):
    """A column without which a table of materials cannot be read."""

    message = N_("“%(filename)s” needs the columns %(columns)s; “%(column)s” is missing.")


class MaterialFigureWrong(Refused):
    """A cell of a table of materials that cannot be so."""

    message = N_("Row %(row)s: “%(value)s” cannot be its %(name)s: %(wanted)s.")


def read(path: Path) -> list[Row]:
    """The rows of an .xlsx or .csv, in kg per kWh; an empty cell says nothing of its element.

    Where the cathode is given and not its metals, they follow from the formula, as for the packaged
    tables. Refuses what `sheets.read` refuses, an unknown chemistry or era, a row without its
    source, and figures outside of 0 to 100.
    """
    sheet = sheets.read(path, path.name)
    places = {plain(name): place for place, name in enumerate(sheet.header) if name}
    for name in NEEDED:
        if name not in places:
            known = ", ".join(NEEDED)
            raise MaterialColumnMissing("file", filename=path.name, columns=known, column=name)
    at = {name: places[plain(name)] for name in COLUMNS if plain(name) in places}
    return [_row(row, {name: row.cells[place] for name, place in at.items()}) for row in sheet.rows]


def _row(row: sheets.Row, cells: Mapping[str, sheets.Cell]) -> Row:
    found = chemistry(str(cells["chemistry"] or ""))
    era, source = str(cells["era"] or "").strip(), str(cells["source"] or "").strip()
    if found not in CHEMISTRIES[:-1]:
        raise _wrong(row, "chemistry", found, ", ".join(CHEMISTRIES[:-1]))
    if era not in _ERAS:
        raise _wrong(row, "era", era, ", ".join(_ERAS))
    if not source:
        raise _wrong(row, "source", "", N_("where it is from"))
    cathode = _figure(row, "cathode", cells.get("cathode"))
    elements = {} if cathode is None or found == "LTO" else from_cathode(found, cathode)
    for name in ELEMENT_NAMES:
        figure = _figure(row, name, cells.get(name))
        if figure is not None:
            elements[name] = figure
    return Row(found, era, source, cathode, elements)


def _figure(row: sheets.Row, name: str, cell: sheets.Cell) -> float | None:
    if cell is None:
        return None
    try:
        figure = float(str(cell))
    except ValueError:
        figure = -1.0
    if not 0 <= figure <= MOST:
        raise _wrong(row, name, cell, N_("kilograms per kWh from 0 to 100"))
    return figure


def _wrong(row: sheets.Row, name: str, value: object, wanted: str) -> MaterialFigureWrong:
    return MaterialFigureWrong(name, row=row.number, value=value, name=name, wanted=wanted)
