"""Which registered vehicle an export means by a name: its VIN, plate or fleet number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import orm

from listings import vehicles
from listings.vehicles import Vehicle

_SIGNS = re.compile(r"[\s·•・.\-]")


def plain(name: str) -> str:
    """A name in upper case, without the blanks, dots and dashes that plates are written with."""
    return _SIGNS.sub("", name).upper()


@dataclass(frozen=True, slots=True)
class Known:
    """The vehicles of one organisation by each kind of name; VINs count before plates and numbers.

    A plate or number that two vehicles share names neither.
    """

    tables: tuple[dict[str, int], ...]

    @classmethod
    def of(cls, session: orm.Session, organisation_id: int) -> Known:
        """Everything that the organisation has registered."""
        found = vehicles.of(session, organisation_id)
        return cls(
            (
                _table((one.vin, one) for one in found),
                _table((one.plate, one) for one in found),
                _table((one.fleet_number, one) for one in found),
            )
        )

    def find(self, name: str) -> int | None:
        """The id of the vehicle of that name, or None."""
        wanted = plain(name)
        return next((table[wanted] for table in self.tables if wanted in table), None)


def _table(pairs: Iterable[tuple[str | None, Vehicle]]) -> dict[str, int]:
    named = [(plain(name), one.id) for name, one in pairs if name and plain(name)]
    counts = Counter(name for name, _ in named)
    return {name: ident for name, ident in named if counts[name] == 1}
