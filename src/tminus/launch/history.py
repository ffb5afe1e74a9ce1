"""What this user's runs took against what was planned: the plan's interval for the next one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from tminus.launch.record import Planned, RunRecord, RunStatus
from tminus.plan import Option, Plan

# Two-sided 80 % points of Student's t by degrees of freedom: few runs say little
# (https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm).
_T80 = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372)
_T80_MANY = 1.282


@dataclass(frozen=True, slots=True)
class Observed:
    """How finished runs compare with their plans.

    Attributes:
        runs: Finished runs that had a plan.
        time_ratio: Geometric mean of their time over the planned time.
        time_low: Lower end of the 80 % interval of the next run's ratio; the plan's own where one run says
            nothing of the spread.
        time_high: Upper end.
        usd_ratio: Geometric mean of their price over the planned price.
    """

    runs: int
    time_ratio: float
    time_low: float | None
    time_high: float | None
    usd_ratio: float


def observed(records: Iterable[RunRecord]) -> Observed | None:
    """What finished runs with a plan say; None where there are none.

    A time is never below zero and errors of it are factors, so the ratios are taken by their logarithms. The
    interval is that of one more run: with n runs, t of n - 1 degrees of freedom times the spread times
    sqrt(1 + 1/n).
    """
    times, prices = [], []
    for record in records:
        planned, seconds, paid = record.planned, record.seconds, record.paid_usd
        if record.status is not RunStatus.FINISHED or planned is None or not seconds or not paid:
            continue
        times.append(math.log(seconds / planned.seconds))
        prices.append(math.log(paid / planned.usd))
    if not times:
        return None
    mean, count = fmean(times), len(times)
    low = high = None
    if count > 1:
        t = _T80[count - 2] if count - 2 < len(_T80) else _T80_MANY
        width = t * stdev(times) * math.sqrt(1 + 1 / count)
        low, high = math.exp(mean - width), math.exp(mean + width)
    return Observed(count, math.exp(mean), low, high, math.exp(fmean(prices)))


def planned_of(option: Option, plan: Plan, seen: Observed | None = None) -> Planned:
    """What a plan says of one of its options that runs, as wide as this user's runs make it."""
    run, price = option.estimate.run, option.estimate.rate
    planned = Planned(
        machines=option.name,
        seconds=run.total_s,
        seconds_low=run.low_s,
        seconds_high=run.high_s,
        usd=option.estimate.usd,
        usd_low=price.cost_usd(run.low_s),
        usd_high=price.cost_usd(run.high_s),
        step_s=option.estimate.step.total_s,
        steps=run.steps,
        prices_as_of=plan.prices_as_of.isoformat(),
    )
    return widened(planned, seen)


def widened(planned: Planned, seen: Observed | None) -> Planned:
    """The plan with an interval that also holds what this user's runs took.

    The expectation stays: what the runs say of another model or machine is not known. The interval grows to
    hold what they say, and never shrinks.
    """
    if seen is None:
        return planned
    low = seen.time_low if seen.time_low is not None else seen.time_ratio
    high = seen.time_high if seen.time_high is not None else seen.time_ratio
    return replace(
        planned,
        seconds_low=min(planned.seconds_low, planned.seconds * low),
        seconds_high=max(planned.seconds_high, planned.seconds * high),
        usd_low=min(planned.usd_low, planned.usd * low),
        usd_high=max(planned.usd_high, planned.usd * high),
    )
