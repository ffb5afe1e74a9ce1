"""The plan: a job, what was assumed about it, the options, and the recommendation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from tminus.estimate import TrainingJob
from tminus.estimate.assumptions import MEAN_TIME_BETWEEN_INTERRUPTIONS_S
from tminus.estimate.run import startup_seconds
from tminus.facts import Facts
from tminus.plan.asked import Asked, Assumption
from tminus.plan.matrix import every_option, pareto_front
from tminus.plan.options import CORES_PER_GPU, HOST_GIB_PER_GPU, Option, list_options
from tminus.plan.recommend import (
    Recommendation,
    acceptable,
    recommend_cheapest,
    recommend_fastest,
    recommend_now,
)
from tminus.plan.wishes import Wishes


@dataclass(frozen=True, slots=True)
class Plan:
    """What could be done with a job.

    Attributes:
        job: The job as the user intends it.
        asked: The machines that the user asked for.
        assumed: Everything that was not given.
        wishes: The limits and choices that it keeps to.
        options: Sets of machines worth showing, what was asked first, with all that are recommended.
        matrix: Every set of machines that the platform allows, with every method that is left open.
        pareto: Of all of them, those that no other beats in hours and dollars both, the quickest first.
        now: The option to start at once, if there is one.
        cheapest: The option with the lowest price, if any runs.
        fastest: The option with the shortest run, if any runs.
        prices_as_of: The day that the oldest price used was read.
    """

    job: TrainingJob
    asked: Asked
    assumed: tuple[Assumption, ...]
    wishes: Wishes
    options: tuple[Option, ...]
    matrix: tuple[Option, ...]
    pareto: tuple[Option, ...]
    now: Recommendation | None
    cheapest: Recommendation | None
    fastest: Recommendation | None
    prices_as_of: date

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        asked = self.asked
        return {
            "job": {
                **self.job.to_dict(),
                "save_every": asked.save_every,
                "asked": f"{asked.nodes} × {asked.gpus_per_node} {asked.gpu.name}",
                "timeout_s": asked.timeout_s,
                "retries": asked.retries,
            },
            "assumed": [assumption.to_dict() for assumption in self.assumed],
            "options": [option.to_dict() for option in self.options],
            "pareto": [option.summary() for option in self.pareto],
            "all": [option.summary() for option in self.matrix if option.runs],
            "recommended": {
                "now": self.now.to_dict() if self.now else None,
                "cheapest": self.cheapest.to_dict() if self.cheapest else None,
                "fastest": self.fastest.to_dict() if self.fastest else None,
            },
            "prices_as_of": self.prices_as_of.isoformat(),
        }


def make_plan(
    job: TrainingJob,
    asked: Asked,
    facts: Facts,
    assumed: tuple[Assumption, ...] = (),
    wishes: Wishes | None = None,
) -> Plan:
    """Plan a job on the machines asked for and on their alternatives.

    The recommendations are taken of everything that is allowed, and keep to the wishes.
    """
    wishes = wishes or Wishes()
    options = tuple(list_options(job, asked, facts, wishes))
    better = [option for option in options if not option.asked or asked.micro_batch is None]
    matrix = tuple(every_option(job, asked, facts, wishes, better))
    known = {(option.key, option.estimate.split) for option in options}
    more = (option for option in matrix if (option.key, option.estimate.split) not in known)
    candidates = [*options, *more]
    now = recommend_now(job, asked, candidates, facts, wishes)
    cheapest = recommend_cheapest(job, candidates, facts, wishes)
    fastest = recommend_fastest(job, asked, candidates, facts, wishes)
    for one in (now, cheapest, fastest):
        if one is not None and one.option not in options:
            options += (one.option,)
    return Plan(
        job=job,
        asked=asked,
        assumed=assumed + _run_assumptions(job, asked),
        wishes=wishes,
        options=options,
        matrix=matrix,
        pareto=tuple(pareto_front(acceptable(candidates, job, wishes))),
        now=now,
        cheapest=cheapest,
        fastest=fastest,
        prices_as_of=min(option.estimate.rate.as_of for option in options),
    )


def _run_assumptions(job: TrainingJob, asked: Asked) -> tuple[Assumption, ...]:
    # What every estimate assumes about the platform, and what the containers use beyond their request.
    found = [
        Assumption(
            "hours_between_interruptions",
            MEAN_TIME_BETWEEN_INTERRUPTIONS_S / 3600,
            "of a container; Modal does not say how often it preempts",
        ),
        Assumption(
            "startup_s", round(startup_seconds(job)), "container, image, imports, model download and load"
        ),
    ]
    billed = "what is in use is billed, even above the request"
    if (asked.cpu_cores or 0.0) < CORES_PER_GPU * asked.gpus_per_node:
        found.append(Assumption("cpu_cores_per_gpu", CORES_PER_GPU, billed))
    if (asked.memory_gib or 0.0) < HOST_GIB_PER_GPU * asked.gpus_per_node:
        found.append(Assumption("host_gib_per_gpu", HOST_GIB_PER_GPU, billed))
    return tuple(found)
