"""Many rehearsals of one script, each with other faults, until one of them loses something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tminus.rehearse.faults import Faults, random_faults
from tminus.rehearse.judge import Status
from tminus.rehearse.rehearsal import Rehearsal, RehearsalOptions, rehearse
from tminus.rehearse.workload import workload_of
from tminus.script import Script


@dataclass(frozen=True)
class CampaignRun:
    """One rehearsal of a campaign.

    Attributes:
        number: Its place, from 1; 0 is the run without faults that the others are compared with.
        faults: What went wrong in it.
        rehearsal: What came of it.
    """

    number: int
    faults: Faults
    rehearsal: Rehearsal

    @property
    def lost(self) -> bool:
        """Whether it lost something, or did not run at all."""
        return self.rehearsal.verdict.status in (Status.FAILED, Status.REFUSED)


def campaign(
    script: Script,
    options: RehearsalOptions,
    count: int,
    seed: int,
    directory: Path,
    say: Callable[[str], None],
) -> Iterator[CampaignRun]:
    """Rehearse a script without faults, then `count` times with faults drawn by `seed`, `seed` + 1 and so on.

    Yields each as it ends. Stops at the first that loses something.

    Args:
        script: The script.
        options: How to rehearse; its faults are not used.
        count: Rehearsals with faults.
        seed: What the first one's faults are drawn by.
        directory: For the records, a folder each.
        say: Takes one line of progress for the user.

    Raises:
        OSError: A record cannot be written, or the client cannot be started.
    """
    quiet = Faults(seed=seed)
    first = rehearse(script, replace(options, faults=quiet), directory / "reference", say)
    reference = CampaignRun(0, quiet, first)
    yield reference
    if reference.lost:
        return
    workload = workload_of(script, options.shrink)
    retries = _has_retries(script)
    for number in range(1, count + 1):
        own_seed = seed + number - 1
        faults = random_faults(own_seed, workload.steps, workload.ranks_per_container, costs_retry=retries)
        named = directory / f"seed-{own_seed}"
        run = CampaignRun(
            number,
            faults,
            rehearse(script, replace(options, faults=faults, reference=first.history), named, say),
        )
        yield run
        if run.lost:
            return


def _has_retries(script: Script) -> bool:
    return any(
        way.value.value not in (None, 0)
        for function in script.functions
        for way in function.possible("retries")
    )
