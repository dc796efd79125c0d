"""Remaining life by duty on a page: bars of a model, a table beside them, and what it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from listings.errors import DomainError
from listings.health import life
from listings.health.life import HORIZON_YEARS, Life, Span
from listings.health.reports import HealthReport, Subject
from listings.words import gettext
from market.web.drawing import LINE, WIDTH, Scale, Sheet, plain, ticks

SHOWN_C = 25.0
ROW = 44.0


@dataclass(frozen=True, slots=True)
class Row:
    """One duty in words: years and cycles at 25 °C, and what the duty is taken to be."""

    name: str
    use: str
    end_soh: float
    years: str
    cycles: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Bars and table, or the sentence why there are none; ``labels`` belong beside both."""

    picture: Markup | None
    rows: Sequence[Row]
    labels: Sequence[str]
    refusal: str
    is_pack: bool


def of_report(report: HealthReport) -> Shown | None:
    """What the model says of the subject of a report; nothing where it has no state of health."""
    if report.soh_q is None:
        return None
    soh, chemistry = float(report.soh_q), report.pack.type.chemistry.value
    is_pack = report.subject is not Subject.CELL
    try:
        lives = life.all_duties(soh, chemistry, SHOWN_C)
    except DomainError as refused:
        sentence = gettext(refused.message, **refused.values)
        return Shown(None, (), (), sentence, is_pack)
    table = [_row(found, is_pack=is_pack) for found in lives]
    labels = [gettext(text) for text in life.LABELS]
    return Shown(_picture(lives, is_pack=is_pack), table, labels, "", is_pack)


def _row(found: Life, *, is_pack: bool) -> Row:
    duty = found.duty
    use = gettext(
        "%(cycles)s cycles a year of %(depth)s %%",
        cycles=f"{duty.cycles_per_year:g}",
        depth=f"{duty.dod * 100:.0f}",
    )
    cycles = found.pack_cycles if is_pack else found.cell_cycles
    return Row(
        name=gettext(duty.name),
        use=use.replace("%%", "%"),
        end_soh=duty.end_soh,
        years=_range(_years(found, is_pack=is_pack), 1),
        cycles=_range(cycles, 0),
    )


def _years(found: Life, *, is_pack: bool) -> Span:
    return found.pack_years if is_pack else found.cell_years


def _range(span: Span, places: int) -> str:
    """The band as text; what the horizon cut is marked, because more is not said."""
    low, high = f"{span.low:.{places}f}", f"{span.high:.{places}f}"
    end = gettext("%(value)s or more", value=high) if span.is_cut else high
    return end if low == high else f"{low} – {end}"


def _picture(lives: Sequence[Life], *, is_pack: bool) -> Markup:
    title = gettext("Remaining life by duty in years, as a band of a model")
    sheet = Sheet(title, ROW * len(lives) + 2 * LINE + 8)
    x = Scale(0.0, HORIZON_YEARS, 8, WIDTH - 24)
    bottom = ROW * len(lives) + 4
    for tick in ticks(0, HORIZON_YEARS, about=5):
        sheet.line(x(tick), 4, x(tick), bottom, "pic-grid", opacity="0.15")
        sheet.text(x(tick), bottom + LINE, plain(tick), "pic-tick", at="middle")
    sheet.text(WIDTH - 4, sheet.height - 3, gettext("years at 25 °C"), "pic-axis", at="end")
    for place, found in enumerate(lives):
        _bar(sheet, x, place * ROW, found, _years(found, is_pack=is_pack))
    return sheet.svg("pic-life")


def _bar(sheet: Sheet, x: Scale, top: float, found: Life, span: Span) -> None:
    sheet.text(8, top + 18, gettext(found.duty.name), "pic-key")
    height = top + 26
    sheet.line(x(0), height + 6, x(span.low), height + 6, "pic-base", opacity="0.5")
    sheet.rect(x(span.low), height, x(span.high) - x(span.low), 12, "pic-range", opacity="0.3")
    sheet.rect(x(span.mean) - 1.5, height - 2, 3, 16, "pic-value")
    if span.is_cut:
        tip = x(HORIZON_YEARS)
        sheet.path(f"M{tip + 3} {height} l6 6 l-6 6", "pic-curve")
