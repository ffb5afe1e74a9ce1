"""How often to save: Young's and Daly's interval."""

from __future__ import annotations

import math


def optimal_interval_s(save_s: float, mean_time_between_interruptions_s: float) -> float:
    """Working time between two checkpoints that loses the least in expectation, in seconds.

    Young's first-order answer is sqrt(2 δ M) for a save of δ seconds and a mean time M between
    interruptions; Daly's next terms are used here: sqrt(2 δ M) (1 + sqrt(δ / 2M) / 3 + (δ / 2M) / 9) - δ
    for δ < 2M, and M otherwise. Sources: J. W. Young, Communications of the ACM 17 (1974),
    https://doi.org/10.1145/361147.361115; J. T. Daly, Future Generation Computer Systems 22 (2006),
    https://doi.org/10.1016/j.future.2004.11.016, equation 37.

    Without interruptions there is no need of any: infinity.

    Raises:
        ValueError: A time is not positive.
    """
    if save_s <= 0 or mean_time_between_interruptions_s <= 0:
        raise ValueError("the time of a save and the time between interruptions must be positive")
    if math.isinf(mean_time_between_interruptions_s):
        return math.inf
    ratio = save_s / (2 * mean_time_between_interruptions_s)
    if ratio >= 1:
        return mean_time_between_interruptions_s
    young = math.sqrt(2 * save_s * mean_time_between_interruptions_s)
    return young * (1 + math.sqrt(ratio) / 3 + ratio / 9) - save_s


def checkpoint_every_steps(
    step_s: float, save_s: float, mean_time_between_interruptions_s: float, total_steps: int
) -> int:
    """Optimizer steps between checkpoints: the optimal interval, at least 1 and at most the whole run.

    Raises:
        ValueError: A time is not positive.
    """
    if step_s <= 0:
        raise ValueError("the time of a step must be positive")
    interval_s = optimal_interval_s(save_s, mean_time_between_interruptions_s)
    return max(1, round(min(interval_s / step_s, total_steps)))


def expected_loss_s(work_s: float, interval_s: float, restart_s: float, mean_time_s: float) -> float:
    """Expected time lost to interruptions during `work_s` seconds of running.

    Interruptions come at random with mean distance `mean_time_s`; each costs the restart and, on average,
    half of the interval between checkpoints. First order, as in Young: interruptions during lost time are
    not counted.
    """
    return work_s / mean_time_s * (restart_s + interval_s / 2)
