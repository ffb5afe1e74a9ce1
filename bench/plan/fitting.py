"""Fitting the constants to published runs, and leaving whole sources out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from constants import MEMORY, TIME, Constant, table
from published import PublishedRun
from scipy.optimize import least_squares

from tminus.estimate import memory, step_time
from tminus.estimate.calibration import Calibration, family, from_table
from tminus.facts import Facts

Quantity = Literal["allocated", "reserved", "step"]

NO_STEP_ERROR = {"A100": 0.0, "H100": 0.0, "other": 0.0}
NO_INTERVALS = {"memory_error": 0.0, "reserved_error": 0.0, "step_error": NO_STEP_ERROR}
FULL = 0.97
"""A run that filled more of its card than this does not say what it would have reserved on a larger one."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An estimate beside a measurement: GiB, or seconds of a step."""

    run: PublishedRun
    quantity: Quantity
    estimated: float
    measured: float

    @property
    def error(self) -> float:
        """Signed relative error."""
        return self.estimated / self.measured - 1

    @property
    def miss(self) -> float:
        """Distance of the measurement from the estimate, as a fraction of the estimate."""
        return abs(self.measured / self.estimated - 1)


def pairs(runs: Sequence[PublishedRun], constants: Calibration, facts: Facts) -> list[Pair]:
    """All estimates that a measurement exists for."""
    return [*memory_pairs(runs, constants, facts), *step_pairs(runs, constants, facts)]


def memory_pairs(runs: Sequence[PublishedRun], constants: Calibration, _: Facts) -> list[Pair]:
    """Memory: of full cards what is reserved is the card's size, and estimated as such."""
    found = []
    for run in runs:
        if run.allocated_gib is None and run.reserved_gib is None:
            continue
        peak = memory(run.job, run.split, run.sharding, constants)
        if run.allocated_gib is not None:
            found.append(Pair(run, "allocated", peak.allocated_gib, run.allocated_gib))
        if run.reserved_gib is not None:
            context = 0.0 if run.without_context else peak.context_gib
            held = peak.allocated_gib + peak.slack_gib + context
            found.append(Pair(run, "reserved", min(held, run.hardware.gpu.usable_gib), run.reserved_gib))
    return found


def step_pairs(runs: Sequence[PublishedRun], constants: Calibration, facts: Facts) -> list[Pair]:
    """Step times."""
    found = []
    for run in runs:
        if run.tokens_per_s is None:
            continue
        step = step_time(run.job, run.hardware, run.split, facts, run.sharding, constants)
        measured = step.tokens / (run.tokens_per_s * run.split.world_size)
        found.append(Pair(run, "step", step.total_s, measured))
    return found


def fit(
    runs: Sequence[PublishedRun], facts: Facts, today: date, without: str | None = None
) -> dict[Constant, float]:
    """The constants that come nearest to all runs but those of one source.

    Least squares of the logarithms, large misses softened; every source counts alike, however many rows it
    has; what a constant was believed to be before counts as one more measurement.
    """
    used = [run for run in runs if run.source != without]
    of_memory = _fit(MEMORY, used, facts, today, memory_pairs)
    return {**of_memory, **_fit(TIME, used, facts, today, step_pairs, of_memory)}


def _fit(
    constants: Sequence[Constant],
    runs: Sequence[PublishedRun],
    facts: Facts,
    today: date,
    estimate: Callable[[Sequence[PublishedRun], Calibration, Facts], list[Pair]],
    known: Mapping[Constant, float] | None = None,
) -> dict[Constant, float]:
    free = [one for one in constants if one.fitted]
    others = {one: one.start for one in (*MEMORY, *TIME) if one not in free} | dict(known or {})

    def values(logs: Sequence[float]) -> dict[Constant, float]:
        return others | {one: one.start * math.exp(log) for one, log in zip(free, logs, strict=True)}

    def residuals(logs: Sequence[float]) -> np.ndarray:
        found = [
            pair
            for pair in estimate(runs, from_table(table(values(logs), NO_INTERVALS, today)), facts)
            if pair.quantity != "allocated" and not _full(pair)
        ]
        rows = Counter(pair.run.source for pair in found)
        scaled = [
            math.log(pair.estimated / pair.measured) / 0.1 * math.sqrt(RUNS_A_SOURCE / rows[pair.run.source])
            for pair in found
        ]
        return np.array([*scaled, *(log / one.spread for one, log in zip(free, logs, strict=True))])

    highest = [math.log(one.most / one.start) for one in free]
    best = least_squares(
        residuals,
        [0.0] * len(free),
        bounds=([-math.inf] * len(free), highest),
        loss="soft_l1",
        f_scale=2.0,
        diff_step=1e-3,
        max_nfev=20,
    )
    return values([float(log) for log in best.x])


RUNS_A_SOURCE = 20
"""What a source counts, in rows."""


def _full(pair: Pair) -> bool:
    return pair.quantity == "reserved" and pair.measured > FULL * pair.run.hardware.gpu.usable_gib


LEVELS: dict[Quantity, float] = {"allocated": 0.9, "reserved": 0.93, "step": 0.88}
"""The share of the other sources' misses that an interval has to cover so that four of five measurements of
the next source lie in it: a handful of sources shows less spread than one more brings."""


def intervals(held_out: Sequence[Pair]) -> dict[str, object]:
    """Half-widths of the 80 % intervals from misses on sources that the fit had not seen."""
    step = [pair for pair in held_out if pair.quantity == "step"]
    by_family = {
        kind: spread([pair for pair in step if family(pair.run.hardware.gpu.name) == kind])
        for kind in ("A100", "H100")
    }
    return {
        "memory_error": spread([pair for pair in held_out if pair.quantity == "allocated"]),
        "reserved_error": spread([pair for pair in held_out if pair.quantity == "reserved"]),
        "step_error": {**by_family, "other": round(2 * max(by_family.values()), 3)},
    }


def spread(held_out: Sequence[Pair]) -> float:
    """The miss below which the `LEVELS` share of the measurements lie, each source counted alike."""
    if not held_out:
        return 0.5
    share = LEVELS[held_out[0].quantity]
    rows = Counter(pair.run.source for pair in held_out)
    ordered = sorted((pair.miss, 1 / rows[pair.run.source] / len(rows)) for pair in held_out)
    total = 0.0
    for miss, weight in ordered:
        total += weight
        if total >= share:
            return round(miss, 3)
    return round(ordered[-1][0], 3)
