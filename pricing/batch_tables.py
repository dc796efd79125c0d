"""What a guide says of the packs of a table, as a table again: csv or Parquet, of any length.

One line for each row that holds anything, in its order. Amounts are decimals of the guide's
currency; a row that could not be valued has none, and says why.
"""

from __future__ import annotations

import codecs
import io
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, Self

import numpy as np

from listings import words
from listings.money import MINOR_DIGITS
from pricing.batch_consensus import Agreed
from pricing.batches import Amounts, Valued
from pricing.coefficients import ROUTES
from pricing.pack_tables import PackTable
from pricing.roundings import Whole

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["csv", "parquet"]
DIGITS: Final = 20
_CHOSEN: Final = {"value": "total", "low": "low", "high": "high"}
_FORMULA: Final = r"^('*[=+\-@\t\r])"


def frame(valued: Valued, said: Amounts | Agreed) -> pl.DataFrame:
    """A block as a table by what a guide says, or several agree on; blank rows are left out.

    Columns: row, id, value, low, high, currency, route, indifferent; by one guide a total for each
    route, the indicative range of the second life, the parts of each route and where the figures
    come from; by several the value of each; and what is wrong with the row.
    """
    import polars as pl

    table = valued.table
    columns = _columns(said) | (_one(said) if isinstance(said, Amounts) else _several(said))
    rows = pl.DataFrame({"row": np.asarray(table.numbers, dtype=np.int64), "id": table.ids})
    found = _spread(pl.DataFrame(columns).with_columns(_decimals(said.currency)), table)
    problem = pl.lit(None, pl.String)
    if table.problems:
        told = {place: words.say(error) for place, error in table.problems.items()}
        problem = pl.lit(pl.Series([told.get(i) for i in range(len(table))], dtype=pl.String))
    whole = pl.concat([rows, found], how="horizontal").with_columns(problem=problem)
    return whole.filter(pl.Series(~table.blank)) if table.blank.any() else whole


def _spread(found: pl.DataFrame, table: PackTable) -> pl.DataFrame:
    """What was found of the good rows over all rows, null where nothing was."""
    import polars as pl

    good = table.good
    if len(good) == len(table):
        return found
    if not len(good):
        return found.clear(len(table))
    place = np.zeros(len(table), dtype=np.uint32)
    place[good] = np.arange(len(good))
    is_good = np.zeros(len(table), dtype=np.bool_)
    is_good[good] = True
    return found[place].select(
        pl.when(pl.lit(pl.Series(is_good))).then(pl.all()).otherwise(None).name.keep()
    )


def _columns(said: Amounts | Agreed) -> dict[str, Any]:
    import polars as pl

    chosen = (
        {name: said.chosen(total) for name, total in _CHOSEN.items()}
        if isinstance(said, Amounts)
        else {name: getattr(said, name) for name in _CHOSEN}
    )
    return chosen | {
        "currency": _same(said.currency, len(said)),
        "route": pl.Series(list(ROUTES))[said.is_cascade.astype(np.uint32)],
        "indifferent": said.is_indifferent,
    }


def _one(said: Amounts) -> dict[str, Any]:
    import polars as pl

    dates = pl.Series([day.isoformat() for day in said.index_dates])
    bounds = zip(("indicative_low", "indicative_high"), said.indicative, strict=True)
    return {
        **{name: _where(route.total, route.is_known) for name, route in said.routes.items()},
        **{name: _where(bound, said.is_indicative) for name, bound in bounds},
        **{
            f"{name}.{part}": _where(amounts, route.is_known)
            for name, route in said.routes.items()
            for part, amounts in route.parts.items()
        },
        "guide": _same(said.provenance.guide, len(said)),
        "edition": _same(said.provenance.edition, len(said)),
        "methodology_sha256": _same(said.provenance.methodology_sha256, len(said)),
        "index_date": dates[said.family.astype(np.uint32)],
    }


def _several(said: Agreed) -> dict[str, Any]:
    return {
        f"{one.valuer}: {one.provenance.guide} {one.provenance.edition}": one.chosen("total")
        for one, _ in said.voices
    }


def _same(text: str, count: int) -> pl.Series:
    import polars as pl

    return pl.repeat(text, count, dtype=pl.String, eager=True)


def _where(amounts: Whole, is_known: Any) -> pl.Series:
    import polars as pl

    known = pl.Series(amounts)
    return known if is_known.all() else known.set(pl.Series(~is_known), None)


def _decimals(currency: str) -> pl.Expr:
    """Whole minor units as decimals of the currency."""
    import polars as pl

    digits = MINOR_DIGITS[currency]
    whole = pl.col(pl.Int64).cast(pl.Decimal(DIGITS, 0))
    return (whole * pl.lit(Decimal(1).scaleb(-digits))).cast(pl.Decimal(DIGITS, digits))


def totals(said: Amounts | Agreed) -> Whole:
    """The value of each pack in minor units."""
    return said.chosen("total") if isinstance(said, Amounts) else said.value


class Writer:
    """Blocks written one after the other to an open file, as one table.

    csv is UTF-8; ``is_marked`` puts the mark in front that spreadsheets need to see Chinese, and
    guards texts that one would take for formulas.
    """

    def __init__(self, file: BinaryIO, kind: Kind, *, is_marked: bool = False) -> None:
        self._file, self._kind, self._is_marked = file, kind, is_marked
        self._parquet: Any = None
        self._is_begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._parquet is not None:
            self._parquet.close()

    def write(self, block: pl.DataFrame) -> None:
        """Append a block; the first one decides on the columns."""
        if self._kind == "csv":
            self._csv(block)
        else:
            self._rows(block)
        self._is_begun = True

    def _csv(self, block: pl.DataFrame) -> None:
        import polars as pl

        if self._is_marked:
            if not self._is_begun:
                self._file.write(codecs.BOM_UTF8)
            guarded = pl.col("id", "problem").str.replace(_FORMULA, "'$1")
            block = block.with_columns(guarded)
        text = io.BytesIO()  # a pipe that its reader closed says so only to a plain write
        block.write_csv(text, include_header=not self._is_begun)
        left = text.getbuffer()
        while left:  # a file without a buffer may take a part
            left = left[self._file.write(left) :]

    def _rows(self, block: pl.DataFrame) -> None:
        from pyarrow import parquet

        rows = block.to_arrow()
        if self._parquet is None:
            self._parquet = parquet.ParquetWriter(
                self._file, rows.schema, use_dictionary=False, write_statistics=False
            )
        self._parquet.write_table(rows)
