"""[pure] Remaining life in a second use: a model of fade by time and cycles, and no measurement.

Formula, sources, placing and worked example: docs/method/remaining-life.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from listings.errors import N_, NotFound, Refused

COOLEST_C: Final = 15.0
WARMEST_C: Final = 35.0
BAND: Final = (0.7, 2.0)
"""The band about the model's years, as factors."""
PACK: Final = (0.7, 0.8)
"""A pack lives shorter than its cells: factors on its years."""
HORIZON_YEARS: Final = 10.0
"""No figure is carried beyond (house assumption: longer than any test behind the model)."""
DAYS_PER_YEAR: Final = 365.25
ZERO_C: Final = 273.15
HIGHEST_SOH: Final = 1.1
LABELS: Final[tuple[str, ...]] = (
    N_("Model, not measured."),
    N_("The model has no knee: a cell may fail sooner and suddenly."),
    N_("Its coefficients are unverified: they are those of one 250 Ah LFP cell, new, in a lab."),
)
"""What stands beside every figure of this module."""


class LifeRefused(Refused):
    """A question that the model does not answer."""


class ChemistryWithoutModel(LifeRefused):
    """No coefficients for this chemistry."""

    message = N_(
        "There is no life model for %(chemistry)s: only LFP has coefficients. No remaining life "
        "is shown."
    )


class TemperatureOutside(LifeRefused):
    """Hotter or colder than is shown."""

    message = N_("Remaining life is shown for 15 to 35 °C, and %(temperature)s °C is outside.")


class SohOutside(LifeRefused):
    """No state of health of a cell."""

    message = N_(
        "The state of health must be a share above 0 and at most 1.1, such as 0.82; %(soh)s is not."
    )


class DutyUnknown(NotFound):
    """A duty that is not in the table."""

    message = N_("There is no duty “%(duty)s”; there are %(known)s.")


@dataclass(frozen=True, slots=True)
class Fade:
    """Coefficients of q = 1 - k_cal t^p_cal - k_cyc EFC^p_cyc, t in days, T in K, Ua in V.

    k_cal = a exp(b / T) exp(c Ua / T); k_cyc = (d + e DoD + f C) (exp(g / T) + exp(h / T)).
    """

    chemistry: str
    source: str
    is_verified: bool
    calendar: tuple[float, float, float]
    calendar_power: float
    cycle: tuple[float, float, float]
    cycle_heat: tuple[float, float]
    cycle_power: float


FADES: Final[dict[str, Fade]] = {
    "LFP": Fade(
        chemistry="LFP",
        source="BLAST-Lite (NREL), LFP-graphite prismatic, 250 Ah, 2019; tests: "
        "doi.org/10.1016/j.est.2023.109042",
        is_verified=False,
        calendar=(8.37e4, -5210.0, -3560.0),
        calendar_power=0.526,
        cycle=(4.38e-8, 1.55e-8, 1.68e-7),
        cycle_heat=(2190.0, -1.55e5),
        cycle_power=0.828,
    ),
}
"""By chemistry of the register; a chemistry without coefficients is refused, never guessed."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A second use: cycles a year of ``dod`` (0..1) at ``rate_c``, around ``soc`` (0..1).

    ``end_soh`` is where its life ends. Each number is a house assumption unless ``source`` says
    otherwise.
    """

    code: str
    name: str
    cycles_per_year: float
    dod: float
    rate_c: float
    soc: float
    end_soh: float
    source: str


HOUSE: Final = N_("house assumption")
DUTIES: Final[tuple[Duty, ...]] = (
    Duty("telecom-backup", N_("Telecom backup"), 12, 0.8, 0.2, 0.9, 0.6, HOUSE),
    Duty("peak-shaving", N_("Commercial peak shaving"), 330, 0.8, 0.3, 0.5, 0.6, HOUSE),
    Duty("street-light", N_("Solar street light"), 365, 0.4, 0.1, 0.6, 0.6, HOUSE),
    Duty("low-speed-vehicle", N_("Low-speed vehicle"), 250, 0.7, 0.3, 0.6, 0.6, HOUSE),
)
"""The duties that are shown, in this order."""


@dataclass(frozen=True, slots=True)
class Span:
    """Lowest, mean and highest of a figure; ``is_cut`` where the horizon cut the highest."""

    low: float
    mean: float
    high: float
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Life:
    """What is left of a cell and of its pack in one duty, in years and in cycles of its depth.

    ``age_years`` is the equivalent age: how long a new cell in this duty, at the temperature that
    governs, takes down to ``soh``. ``is_over`` means that the SoH is at the duty's end already.
    """

    duty: Duty
    soh: float
    temperature_c: float
    governing_c: float
    age_years: float
    cell_years: Span
    pack_years: Span
    is_over: bool

    @property
    def cell_cycles(self) -> Span:
        """The cell's years times the duty's cycles a year."""
        return _times(self.cell_years, self.duty.cycles_per_year)

    @property
    def pack_cycles(self) -> Span:
        """The pack's years times the duty's cycles a year."""
        return _times(self.pack_years, self.duty.cycles_per_year)


def duty(code: str) -> Duty:
    """The duty of that code. Refuses an unknown one."""
    for known in DUTIES:
        if known.code == code:
            return known
    raise DutyUnknown(field="duty", duty=code, known=", ".join(one.code for one in DUTIES))


def fade(chemistry: str) -> Fade:
    """The coefficients of a chemistry. Refuses one that has none."""
    if chemistry not in FADES:
        raise ChemistryWithoutModel(field="chemistry", chemistry=chemistry)
    return FADES[chemistry]


def anode_potential(soc: float) -> float:
    """Ua [V]: graphite against lithium at a state of charge 0..1 (Safari and Delacourt 2011)."""
    x = 0.0085 + soc * (0.78 - 0.0085)
    return (
        0.6379
        + 0.5416 * math.exp(-305.5309 * x)
        + 0.044 * math.tanh(-(x - 0.1958) / 0.1088)
        - 0.1978 * math.tanh((x - 1.0571) / 0.0854)
        - 0.6875 * math.tanh((x + 0.0117) / 0.0529)
        - 0.0175 * math.tanh((x - 0.5692) / 0.0875)
    )


def coefficients(fade: Fade, duty: Duty, temperature_c: float) -> tuple[float, float]:
    """k_cal [per day^p_cal] and k_cyc [per EFC^p_cyc] of a duty at a temperature."""
    kelvin = temperature_c + ZERO_C
    a, b, c = fade.calendar
    d, e, f = fade.cycle
    g, h = fade.cycle_heat
    calendar = a * math.exp(b / kelvin) * math.exp(c * anode_potential(duty.soc) / kelvin)
    heat = math.exp(g / kelvin) + math.exp(h / kelvin)
    return calendar, (d + e * duty.dod + f * duty.rate_c) * heat


def soh_after(years: float, fade: Fade, duty: Duty, temperature_c: float) -> float:
    """SoH of a cell that was new and spent ``years`` in the duty; may fall below 0."""
    k_cal, k_cyc = coefficients(fade, duty, temperature_c)
    full_cycles = duty.cycles_per_year * duty.dod * years
    calendar: float = k_cal * (years * DAYS_PER_YEAR) ** fade.calendar_power
    cycled: float = k_cyc * full_cycles**fade.cycle_power
    return 1.0 - calendar - cycled


def years_to(soh: float, fade: Fade, duty: Duty, temperature_c: float) -> float:
    """How many years in the duty bring a new cell down to ``soh``; 0 from 1 upwards."""
    if soh >= 1:
        return 0.0
    low, high = 0.0, 1.0
    while soh_after(high, fade, duty, temperature_c) > soh:
        low, high = high, high * 2
    for _ in range(100):
        middle = (low + high) / 2
        if soh_after(middle, fade, duty, temperature_c) > soh:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def remaining(soh: float, chemistry: str, duty: Duty, temperature_c: float = 25.0) -> Life:
    """What is left of a cell of that SoH (0..1.1), and of a pack of such cells.

    The cell is placed at its equivalent age on the duty's own curve, and what is left is the time
    from there to the duty's end. The shorter of the answers at ``temperature_c`` and at 15 °C
    counts: the model's cycling term gets better with heat, and heat is not to be rewarded. Refuses
    a chemistry without coefficients, a SoH that no cell has, and what is not within 15 to 35 °C.
    """
    found = fade(chemistry)
    if not 0 < soh <= HIGHEST_SOH:
        raise SohOutside(field="soh", soh=f"{soh:g}")
    if not COOLEST_C <= temperature_c <= WARMEST_C:
        raise TemperatureOutside(field="temperature", temperature=f"{temperature_c:g}")
    left = {at: _left(soh, found, duty, at) for at in (temperature_c, COOLEST_C)}
    governing = min(left, key=lambda at: (left[at], at != temperature_c))
    years = left[governing]
    return Life(
        duty=duty,
        soh=soh,
        temperature_c=temperature_c,
        governing_c=governing,
        age_years=years_to(soh, found, duty, governing),
        cell_years=_span(years, (1.0, 1.0)),
        pack_years=_span(years, PACK),
        is_over=soh <= duty.end_soh,
    )


def all_duties(soh: float, chemistry: str, temperature_c: float = 25.0) -> list[Life]:
    """``remaining`` for every duty of the table."""
    return [remaining(soh, chemistry, one, temperature_c) for one in DUTIES]


def _left(soh: float, found: Fade, duty: Duty, temperature_c: float) -> float:
    if soh <= duty.end_soh:
        return 0.0
    end = years_to(duty.end_soh, found, duty, temperature_c)
    return end - years_to(soh, found, duty, temperature_c)


def _span(years: float, factors: tuple[float, float]) -> Span:
    low = years * BAND[0] * factors[0]
    mean = years * (factors[0] + factors[1]) / 2
    high = years * BAND[1] * factors[1]
    cut = [min(value, HORIZON_YEARS) for value in (low, mean, high)]
    return Span(cut[0], cut[1], cut[2], is_cut=high > HORIZON_YEARS)


def _times(span: Span, factor: float) -> Span:
    return Span(span.low * factor, span.mean * factor, span.high * factor, span.is_cut)


def document(life: Life, chemistry: str) -> dict[str, Any]:
    """A life as a JSON document shows it: years to two decimals, whole cycles."""
    found = fade(chemistry)
    return {
        "duty": life.duty.code,
        "cycles_per_year": life.duty.cycles_per_year,
        "depth_of_discharge": life.duty.dod,
        "rate_c": life.duty.rate_c,
        "mean_soc": life.duty.soc,
        "end_soh": life.duty.end_soh,
        "duty_source": life.duty.source,
        "governing_temperature_c": life.governing_c,
        "equivalent_age_years": round(life.age_years, 2),
        "is_over": life.is_over,
        "cell": _figures(life.cell_years, life.cell_cycles),
        "pack": _figures(life.pack_years, life.pack_cycles),
        "coefficients": found.source,
        "coefficients_verified": found.is_verified,
    }


def _figures(years: Span, cycles: Span) -> dict[str, Any]:
    return {
        "years": {name: round(getattr(years, name), 2) for name in ("low", "mean", "high")},
        "cycles": {name: round(getattr(cycles, name)) for name in ("low", "mean", "high")},
        "cut_at_horizon": years.is_cut,
    }
