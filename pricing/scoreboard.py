"""Each valuer's record against real sales: which lines count, by chemistry, route and quarter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import orm

from listings import days
from pricing import forecasts, score_disputes
from pricing.consensus import Standing
from pricing.forecasts import Forecast, ForecastState
from pricing.guides import Guide
from pricing.score_disputes import Outcome, ScoreDispute
from pricing.scores import Line, Score, charges, charges_before, ranks, score, skill


@dataclass(frozen=True, slots=True)
class Cell:
    """What lines are grouped by; None is all of them together."""

    chemistry: str | None = None
    route: str | None = None
    quarter: str | None = None

    def holds(self, forecast: Forecast) -> bool:
        """Whether a line belongs here."""
        own = cell_of(forecast)
        return all(
            wanted in (None, found)
            for wanted, found in (
                (self.chemistry, own.chemistry),
                (self.route, own.route),
                (self.quarter, own.quarter),
            )
        )


@dataclass(frozen=True)
class Record:
    """One guide's lines in a cell, the newest first, and the disputes of some of them.

    ``counted`` is what the score is made of. ``conflicted`` and ``silent`` are sales of which the
    guide said nothing; ``upheld`` lines were taken out because the valuer was right.
    """

    guide: Guide
    lines: list[Forecast]
    disputes: Mapping[int, ScoreDispute]

    @property
    def counted(self) -> list[Forecast]:
        """The lines that the score is made of."""
        return [line for line in self.lines if counts(line, self.disputes)]

    @property
    def conflicted(self) -> list[Forecast]:
        """Sales that the valuer was no stranger to."""
        return [line for line in self.lines if line.state is ForecastState.CONFLICTED]

    @property
    def silent(self) -> list[Forecast]:
        """Sales of which the guide said nothing for another reason."""
        return [line for line in self.lines if line.state is ForecastState.SILENT]

    @property
    def upheld(self) -> list[Forecast]:
        """Lines taken out after a dispute."""
        said = [line for line in self.lines if line.state is ForecastState.SAID]
        return [line for line in said if not counts(line, self.disputes)]

    @cached_property
    def score(self) -> Score:
        """What the counted lines say."""
        return score(as_lines(self.counted))


def cell_of(forecast: Forecast) -> Cell:
    """Chemistry and route of the sale, and the quarter in which it was sold, such as 2026Q2."""
    sale = forecast.comparable
    on = days.of(sale.sold_at)
    return Cell(sale.chemistry, sale.route.value, f"{on.year}Q{(on.month + 2) // 3}")


def counts(forecast: Forecast, disputes: Mapping[int, ScoreDispute]) -> bool:
    """Whether a line is part of the score: something was said and no dispute took it out."""
    found = disputes.get(forecast.id)
    is_out = found is not None and found.outcome is Outcome.UPHELD
    return forecast.state is ForecastState.SAID and not is_out


def as_lines(found: Iterable[Forecast]) -> list[Line]:
    """The lines as `scores` counts them."""
    return [forecast.line for forecast in found if forecast.line is not None]


def records(
    session: orm.Session,
    cell: Cell = Cell(),
    *,
    at: datetime,
) -> list[Record]:
    """The record of every guide that has any line in a cell at an instant, best rank first, then
    those without a rank by the number of their sales.
    """
    found = of_guides(session, forecasts.known(session, at=at), cell)
    place = ranks({record.guide.id: record.score for record in found})
    last = len(found) + 1
    return sorted(found, key=lambda r: (place.get(r.guide.id, last), -r.score.n, r.guide.id))


def of_guides(session: orm.Session, lines: Sequence[Forecast], cell: Cell) -> list[Record]:
    """The lines of a cell by guide."""
    disputes = score_disputes.newest(session, [line.id for line in lines])
    by_guide: dict[int, list[Forecast]] = {}
    for line in lines:
        if cell.holds(line):
            by_guide.setdefault(line.guide_id, []).append(line)
    return [Record(found[0].guide, found, disputes) for found in by_guide.values()]


def of_guide(session: orm.Session, guide: Guide, *, at: datetime) -> Record:
    """All lines of one guide; none for one that has no sale yet."""
    lines = forecasts.known(session, at=at, guide_ids=[guide.id])
    return Record(guide, lines, score_disputes.newest(session, [line.id for line in lines]))


def by_cell(record: Record) -> list[tuple[Cell, Record]]:
    """A record by chemistry, route and quarter, the newest quarter first."""
    grouped: dict[Cell, list[Forecast]] = {}
    for line in record.lines:
        grouped.setdefault(cell_of(line), []).append(line)
    ordered = sorted(grouped, key=lambda c: (c.chemistry or "", c.route or ""))
    ordered.sort(key=lambda c: c.quarter or "", reverse=True)
    return [(cell, Record(record.guide, grouped[cell], record.disputes)) for cell in ordered]


def standings(
    session: orm.Session, guide_ids: Sequence[int], *, at: datetime
) -> dict[int, Standing]:
    """The skill of each guide and on how many sales it rests: what a consensus weighs by.

    Sales of a first edition have nothing before them and say nothing of skill. The figure is
    rounded to four places, so that the weights rest on one that can be read.
    """
    lines = forecasts.known(session, at=at, guide_ids=guide_ids)
    disputes = score_disputes.newest(session, [line.id for line in lines])
    found = {}
    for guide_id in guide_ids:
        own = as_lines(
            line for line in lines if line.guide_id == guide_id and counts(line, disputes)
        )
        paired = [line for line in own if line.before is not None]
        figure = skill(charges(paired), charges_before(paired))
        found[guide_id] = Standing(len(paired), None if figure is None else round(figure, 4))
    return found
