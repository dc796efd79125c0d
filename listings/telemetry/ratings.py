"""What each vehicle's battery is rated at: one figure for all, or a table of vehicles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from listings import sheets
from listings.errors import N_, Refused
from listings.telemetry.columns import NAMES, plain

RATED: Final = ("ratedah", "额定容量", "ratedcapacity", "ratedcapacityah", "标称容量")


class RatedColumnsMissing(Refused):
    """A table of ratings without one of its two columns."""

    message = N_(
        "“%(file)s” needs a column of vehicles (vin, plate or fleet_number) and one named rated_ah."
    )


class RatedCellWrong(Refused):
    """A rating that is no positive number."""

    message = N_("Row %(row)s of “%(file)s” holds “%(value)s”, which is no capacity in Ah above 0.")


class VehicleUnrated(Refused):
    """A vehicle in the telemetry that the table of ratings leaves out."""

    message = N_("The vehicle %(vehicle)s has no rated capacity. Add it to the table of ratings.")


def table(path: Path) -> dict[str, float]:
    """Rated Ah by vehicle, upper case, from a csv or xlsx with two columns.

    Refuses a table without them, a cell that is no number above 0, and what ``sheets.read`` does.
    """
    sheet = sheets.read(path, path.name)
    names = [plain(name) for name in sheet.header]
    spellings = [plain(name) for name in NAMES["vehicle"]]
    who = next((place for place, name in enumerate(names) if name in spellings), None)
    what = next((place for place, name in enumerate(names) if name in RATED), None)
    if who is None or what is None:
        raise RatedColumnsMissing(file=path.name)
    return {
        str(row.cells[who]).strip().upper(): _amount(row.cells[what], row.number, path.name)
        for row in sheet.rows
        if row.cells[who] is not None
    }


def of(vehicle: str, rated: float | Mapping[str, float]) -> float:
    """The rated Ah of one vehicle. Refuses one that the table leaves out (``VehicleUnrated``)."""
    if isinstance(rated, float):
        return rated
    if vehicle not in rated:
        raise VehicleUnrated(vehicle=vehicle)
    return rated[vehicle]


def _amount(cell: sheets.Cell, row: int, file: str) -> float:
    try:
        amount = float(str(cell))
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise RatedCellWrong(row=row, file=file, value=cell)
    return amount
