"""[pure] Charges and the capacities they give, as Ibis expressions for any of its engines.

Nothing is computed here: each function takes table expressions and answers one, and DuckDB or Spark
does the work. Times are seconds of Beijing wall time, states of charge 1/10 000 %, currents mA,
temperatures 1/10 degree: sums of whole numbers are the same in every order, so that two engines,
and two runs of one, agree to the last digit. Formulas: docs/method/telemetry.md.
"""

from __future__ import annotations

from typing import Any, Final

import ibis
from ibis import Table, _

from listings.telemetry.windows import BANDS, NARROWEST, WIDE

SOC: Final = 10_000
"""Units of the column ``soc`` in one percent."""
MAX_GAP_S: Final = 120
"""A longer silence ends a charge."""
LARGEST_FALL: Final = 1
LARGEST_JUMP: Final = 5
"""Percent by which the gauge may fall or leap between two rows of a charge."""
RECENT_DAYS: Final = 90
"""A finding rests on the charges of a vehicle's last days only."""
DAY_S: Final = 86_400
AMPERE_HOURS: Final = 2 * 1000 * 3600
"""Units of a sum of (mA + mA) s in one Ah."""


def intervals(rows: Table) -> Table:
    """Pairs of a vehicle's neighbouring rows between which a current flowed in one direction.

    ``rows`` has vehicle, t, soc, ma, low, high, moving; none null but low and high. In the order of
    time: what a terminal sends late stands where it belongs. ``starts`` marks the first pair of an
    unbroken run; a pair counts to ``MAX_GAP_S`` and while the vehicle stands.
    """
    before = ibis.window(group_by=_.vehicle, order_by=[_.t, _.soc, _.ma])
    seen = rows.mutate(
        t1=_.t.lag().over(before),
        soc1=_.soc.lag().over(before),
        ma1=_.ma.lag().over(before),
        moving1=_.moving.lag().over(before),
        t2=_.t.lag(2).over(before),
        ma2=_.ma.lag(2).over(before),
        moving2=_.moving.lag(2).over(before),
    )
    this = _direction(seen.ma, seen.ma1, seen.t - seen.t1, seen.moving | seen.moving1)
    last = _direction(seen.ma1, seen.ma2, seen.t1 - seen.t2, seen.moving1 | seen.moving2)
    marked = seen.mutate(sign=this, starts=(this != last).cast("int8"))
    return marked.filter(_.sign != 0)


def _direction(now: Any, before: Any, seconds: Any, moving: Any) -> Any:
    """1 or -1 for a current in one direction, 0 where the pair counts nothing."""
    flows = seconds.between(0, MAX_GAP_S) & ~moving
    return ibis.cases(
        (flows & (now <= 0) & (before <= 0) & (now + before < 0), -1),
        (flows & (now >= 0) & (before >= 0) & (now + before > 0), 1),
        else_=0,
    ).cast("int8")


def runs(rows: Table) -> Table:
    """Every unbroken run of current over at least ``NARROWEST`` percent, in either direction.

    ``charge`` is the sum of (mA + mA) s with its sign, ``window`` the change of the gauge.
    """
    order = ibis.cumulative_window(group_by=_.vehicle, order_by=[_.t, _.soc, _.ma, _.starts.desc()])
    numbered = intervals(rows).mutate(run=_.starts.sum().over(order))
    change = _.soc - _.soc1
    found = numbered.group_by("vehicle", "run").aggregate(
        started=_.t1.min(),
        ended=_.t.max(),
        charge=((_.ma + _.ma1).cast("int64") * (_.t - _.t1)).sum().cast("int64"),
        window=change.sum().cast("int64"),
        soc_low=_.soc1.min(),
        soc_high=_.soc.max(),
        fall=(0 - change).max(),
        jump=change.max(),
        repeats=((_.t == _.t1) & ((_.soc != _.soc1) | (_.ma != _.ma1))).sum().cast("int64"),
        low=_.low.min(),
        high=_.high.max(),
        rows=_.count(),
    )
    return found.filter(_.window.abs() >= NARROWEST * SOC).drop("run")


def charges(found: Table) -> Table:
    """The charges among ``runs``, with capacity, window, uncertainty, and why one does not count.

    Which sign of the current charges is seen vehicle by vehicle: the one under which the gauge
    rises. ``is_turned`` marks vehicles that count charging as positive.
    """
    votes = (_.window.cast("int64") * _.charge.sign().cast("int64")).sum()
    whole = ibis.window(group_by=_.vehicle)
    told = found.mutate(is_turned=votes.over(whole) > 0)
    into = ibis.ifelse(_.is_turned, _.charge, 0 - _.charge)
    rising = told.mutate(charge=into).filter((_.window > 0) & (_.charge > 0))
    percent = rising.window.cast("float64") / SOC
    return rising.select(
        "vehicle",
        "started",
        "ended",
        "rows",
        "is_turned",
        month=_month(rising.started),
        soc_low=rising.soc_low.cast("float64") / SOC,
        soc_high=rising.soc_high.cast("float64") / SOC,
        window=percent,
        capacity_ah=rising.charge.cast("float64") / AMPERE_HOURS / (percent / 100),
        uncertainty=_error(percent),
        low_celsius=rising.low.cast("float64") / 10,
        high_celsius=rising.high.cast("float64") / 10,
        reason=ibis.cases(
            (rising.repeats > 0, "time_repeated"),
            (rising.fall > LARGEST_FALL * SOC, "gauge_fell"),
            (rising.jump > LARGEST_JUMP * SOC, "gauge_jumped"),
        ),
    )


def _error(percent: Any) -> Any:
    """As ``windows.uncertainty``; from whole thousandths, since Spark takes 0.092 for a decimal."""
    steps = [(percent >= least, round(error * 1000)) for least, error in BANDS]
    return ibis.cases(*steps) / 1000


def _month(seconds: Any) -> Any:
    day = seconds.cast("int64").as_timestamp("s")
    return day.year() * 100 + day.month()


def monthly(found: Table) -> Table:
    """The median capacity of each vehicle and month, wide and narrow windows apart."""
    counted = found.filter(_.reason.isnull()).mutate(is_wide=_.window >= WIDE)
    return _medians(counted, ["vehicle", "month", "is_wide"])


def recent(found: Table) -> Table:
    """The median of each vehicle's wide windows in its last ``RECENT_DAYS`` days with any."""
    wide = found.filter(_.reason.isnull() & (_.window >= WIDE))
    newest = wide.mutate(newest=_.ended.max().over(ibis.window(group_by=_.vehicle)))
    return _medians(newest.filter(_.ended > _.newest - RECENT_DAYS * DAY_S), ["vehicle"])


def _medians(found: Table, keys: list[str]) -> Table:
    """The mean of the one or two middle capacities, alike in every engine.

    ``uncertainty`` is that of the narrowest window; engines have medians that differ.
    """
    order = ibis.window(group_by=keys, order_by=[_.capacity_ah, _.started])
    ranked = found.mutate(
        place=ibis.row_number().over(order),
        many=_.count().over(ibis.window(group_by=keys)),
    )
    is_middle = (ranked.place * 2 - ranked.many + 1).abs() <= 1
    return ranked.group_by(keys).aggregate(
        charges=_.count(),
        capacity_ah=_.capacity_ah.mean(where=is_middle),
        lowest_ah=_.capacity_ah.min(),
        highest_ah=_.capacity_ah.max(),
        uncertainty=_.uncertainty.max(),
        first=_.started.min(),
        last=_.ended.max(),
        low_celsius=_.low_celsius.min(),
        high_celsius=_.high_celsius.max(),
    )
