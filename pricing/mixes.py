"""The data mix behind one price point: which evidence counts, with what weight, and what it says.

The rules are the methodology's `Parameters`; every sum is exact, so that the same evidence gives
the same bytes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pricing.parameters import DataKind, Parameters
from pricing.screens import robust_z

_DIGITS = Decimal("0.000001")
_SHARE = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Reported:
    """One price as reported: all of a mix are on one basis (unit, currency, tax).

    ``volume`` counts in the unit of the price, None where it was not said; ``excluded`` is why the
    valuer left it out, ``""`` where it did not.
    """

    ident: int
    submitter: str
    kind: DataKind
    on: date
    price: Decimal
    volume: Decimal | None = None
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Mix:
    """What the evidence says. ``used`` are idents; ``screened`` (ident, z); shares are of weight.

    ``is_enough`` says whether the minimum was met; ``is_capped`` whether the cap cut anybody;
    ``is_cap_met`` whether nobody weighs more than the cap (too few submitters cannot meet it).
    ``low``, ``high`` and ``average`` are None without evidence.
    """

    used: list[int]
    counts: dict[str, int]
    volumes: dict[str, Decimal]
    shares: dict[str, Decimal]
    submitters: int
    largest_share: Decimal | None
    is_capped: bool
    is_cap_met: bool
    is_enough: bool
    low: Decimal | None
    high: Decimal | None
    average: Decimal | None
    screened: list[tuple[int, float]]
    excluded: list[tuple[int, str]]
    unneeded: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, decimals as text."""
        return {
            "used": self.used,
            "counts": self.counts,
            "volumes": {kind: _text(volume) for kind, volume in self.volumes.items()},
            "shares": {kind: _text(share) for kind, share in self.shares.items()},
            "submitters": self.submitters,
            "largest_share": _text(self.largest_share),
            "is_capped": self.is_capped,
            "is_cap_met": self.is_cap_met,
            "is_enough": self.is_enough,
            "low": _text(self.low),
            "high": _text(self.high),
            "average": _text(self.average),
            "screened": [[ident, round(z, 2)] for ident, z in self.screened],
            "excluded": [list(pair) for pair in self.excluded],
            "unneeded": self.unneeded,
        }


def mix(reported: Iterable[Reported], rules: Parameters, on: date) -> Mix:
    """The mix of one price point on a day.

    What is older than the window, later than ``on`` or of a kind outside the hierarchy is no
    evidence; what was excluded and what stands out (`robust_z` beyond ``rules.cut``) is named and
    left aside; then the ranks of the hierarchy are taken in until the minimum is met.
    """
    since = on - timedelta(days=rules.window_days - 1)
    ranked = {kind for rank in rules.hierarchy for kind in rank}
    known = sorted(
        (one for one in reported if since <= one.on <= on and one.kind in ranked),
        key=lambda one: (one.on, one.ident),
    )
    excluded = [(one.ident, one.excluded) for one in known if one.excluded]
    clean, screened = _screen([one for one in known if not one.excluded], float(rules.cut))
    used = _taken(clean, rules)
    weights, is_capped, is_cap_met = _weights(used, rules.cap)
    return Mix(
        used=[one.ident for one in used],
        counts=_count(used),
        volumes=_volumes(used),
        shares=_shares(used, weights),
        submitters=len({one.submitter for one in used}),
        largest_share=_largest(used, weights),
        is_capped=is_capped,
        is_cap_met=is_cap_met,
        is_enough=len(used) >= rules.minimum_count,
        low=min((one.price for one in used), default=None),
        high=max((one.price for one in used), default=None),
        average=_average(used, weights),
        screened=screened,
        excluded=excluded,
        unneeded=len(clean) - len(used),
    )


def capped(shares: dict[str, Fraction], cap: Fraction) -> dict[str, Fraction]:
    """Shares of one whole with none above ``cap``; what is cut off goes to the others in
    proportion. Where there are too few for that, all weigh the same.
    """
    if not shares or cap * len(shares) <= 1:
        return dict.fromkeys(shares, Fraction(1, max(1, len(shares))))
    held: set[str] = set()
    found = dict(shares)
    while any(share > cap for share in found.values()):
        held |= {name for name, share in found.items() if share > cap}
        free = sum((shares[name] for name in shares if name not in held), Fraction(0))
        left = 1 - cap * len(held)
        found = {name: cap if name in held else shares[name] * left / free for name in shares}
    return found


def _screen(found: list[Reported], cut: float) -> tuple[list[Reported], list[tuple[int, float]]]:
    scores = robust_z([float(one.price) for one in found])
    apart = [
        (one.ident, z)
        for one, z in zip(found, scores, strict=True)
        if z is not None and abs(z) > cut
    ]
    idents = {ident for ident, _ in apart}
    return [one for one in found if one.ident not in idents], apart


def _taken(clean: list[Reported], rules: Parameters) -> list[Reported]:
    taken: list[Reported] = []
    for rank in rules.hierarchy:
        if len(taken) >= rules.minimum_count:
            break
        taken += [one for one in clean if one.kind in rank]
    return sorted(taken, key=lambda one: (one.on, one.ident))


def _weights(used: Sequence[Reported], cap: Decimal) -> tuple[list[Fraction], bool, bool]:
    """Each price's weight: its volume where every one is known, else one; then capped by
    submitter. Whether the cap cut, and whether it is met.
    """
    is_by_volume = all(one.volume for one in used)
    raw = [Fraction(one.volume or 1) if is_by_volume else Fraction(1) for one in used]
    whole = sum(raw, Fraction(0))
    if not whole:
        return [], False, True
    by_submitter: dict[str, Fraction] = defaultdict(Fraction)
    for one, weight in zip(used, raw, strict=True):
        by_submitter[one.submitter] += weight / whole
    limit = Fraction(cap)
    after = capped(dict(by_submitter), limit)
    weights = [
        weight / whole * after[one.submitter] / by_submitter[one.submitter]
        for one, weight in zip(used, raw, strict=True)
    ]
    is_capped = any(share > limit for share in by_submitter.values())
    return weights, is_capped, all(share <= limit for share in after.values())


def _count(used: Sequence[Reported]) -> dict[str, int]:
    return {kind.value: n for kind in DataKind if (n := sum(one.kind is kind for one in used))}


def _volumes(used: Sequence[Reported]) -> dict[str, Decimal]:
    found = {
        kind.value: sum((one.volume or Decimal(0) for one in used if one.kind is kind), Decimal(0))
        for kind in DataKind
    }
    return {kind: volume for kind, volume in found.items() if volume}


def _shares(used: Sequence[Reported], weights: Sequence[Fraction]) -> dict[str, Decimal]:
    found: dict[str, Fraction] = defaultdict(Fraction)
    for one, weight in zip(used, weights, strict=True):
        found[one.kind.value] += weight
    return {kind.value: _rounded(found[kind.value], _SHARE) for kind in DataKind if kind in found}


def _largest(used: Sequence[Reported], weights: Sequence[Fraction]) -> Decimal | None:
    found: dict[str, Fraction] = defaultdict(Fraction)
    for one, weight in zip(used, weights, strict=True):
        found[one.submitter] += weight
    return _rounded(max(found.values()), _SHARE) if found else None


def _average(used: Sequence[Reported], weights: Sequence[Fraction]) -> Decimal | None:
    if not used:
        return None
    whole = sum(
        (Fraction(one.price) * weight for one, weight in zip(used, weights, strict=True)),
        Fraction(0),
    )
    return _rounded(whole, _DIGITS)


def _rounded(number: Fraction, step: Decimal) -> Decimal:
    """To the step, half to even, without passing through a float."""
    return Decimal(round(number / Fraction(step))) * step


def _text(number: Decimal | None) -> str | None:
    """Without the zeros that a column of the database adds."""
    return None if number is None else f"{number.normalize():f}"
