"""What one attempt may take, in time and in money, as the launcher knows it and the ranks are told."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from tminus.train.config import TrainConfig
from tminus.train.container import running_function
from tminus.train.durations import format_duration, parse_duration_s
from tminus.train.errors import BudgetError

VARIABLE = "TMINUS_ALLOWANCE"
"""Environment variable by which a launcher tells its ranks."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits of one attempt. Times are seconds since the epoch."""

    started: float
    """When the attempt began: its process, before anything was loaded."""

    timeout_at: float | None = None
    """When the Modal function's timeout ends it."""

    usd_per_s: float | None = None
    """Price of all containers of the run, in US dollars a second."""

    priced: str = ""
    """What is in the price, or why there is none."""

    def environment(self) -> dict[str, str]:
        """The variable that tells it to the ranks."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def here(cls, ranks: int, nodes: int = 1, environ: Mapping[str, str] = os.environ) -> Allowance:
        """What the launcher told this rank, or what this process finds out itself.

        Args:
            ranks: Ranks in this container.
            nodes: Containers of the run.
            environ: The environment.
        """
        told = environ.get(VARIABLE)
        if told is not None:
            return cls(**json.loads(told))
        now = time.time()
        function = running_function(ranks)
        if function is None:
            return cls(now, priced="this process does not run in a Modal function")
        usd_per_s = None if function.usd_per_s is None else function.usd_per_s * nodes
        return cls(now, function.ends_at, usd_per_s, function.priced)


@dataclass(frozen=True, slots=True)
class End:
    """A moment by which everything must be saved."""

    at: float
    """Seconds since the epoch."""

    why: str
    """In words."""


def ends_of(config: TrainConfig, allowance: Allowance, spent_s: float, at: float) -> tuple[End, ...]:
    """The moments that limit an attempt.

    Args:
        config: The run, with its `deadline` and `budget_usd`.
        allowance: What is known of this process.
        spent_s: Seconds that earlier attempts of the run took.
        at: When the attempt began, in seconds since the epoch; later than the process where it went back to
            a checkpoint.

    Raises:
        BudgetError: There is a budget and no price, or the budget is spent.
    """
    ends = []
    if config.deadline is not None:
        ends.append(
            End(allowance.started + parse_duration_s(config.deadline), f"the deadline of {config.deadline}")
        )
    if allowance.timeout_at is not None:
        left = format_duration(max(0.0, allowance.timeout_at - allowance.started))
        ends.append(End(allowance.timeout_at, f"the function's timeout, {left} after the start"))
    if config.budget_usd is not None:
        if allowance.usd_per_s is None:
            raise BudgetError(
                f"budget_usd: found {config.budget_usd:g}, but there is no price to count by: "
                f"{allowance.priced}. Leave budget_usd out, or limit the time with deadline. In a Modal "
                "function, start the ranks with tminus.train.torchrun, which knows the function's price."
            )
        spent_usd = spent_s * allowance.usd_per_s
        if spent_usd >= config.budget_usd:
            raise BudgetError(
                f"budget_usd: earlier attempts of this run took {format_duration(spent_s)}, which is "
                f"${spent_usd:.2f} of ${config.budget_usd:.2f} ({allowance.priced}). Raise budget_usd to go "
                "on from the newest checkpoint."
            )
        left_s = (config.budget_usd - spent_usd) / allowance.usd_per_s
        ends.append(End(at + left_s, f"the budget of ${config.budget_usd:.2f}"))
    return tuple(ends)
