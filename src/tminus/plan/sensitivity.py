"""What would make another option the better one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tminus.plan.options import Option
from tminus.plan.wishes import Wishes

NEAR = 0.25
"""A rival that costs more than this share above the chosen one is not mentioned."""


def what_would_change(chosen: Option, options: Sequence[Option], wishes: Wishes) -> tuple[str, ...]:
    """In words, what would have to be otherwise for another option to be the answer."""
    running = [option for option in options if option.runs and option is not chosen]
    return tuple(
        line
        for lines in (
            _dearer_rival(chosen, running),
            _deadline(chosen, running, wishes),
            _budget(chosen, running, wishes),
            _interruptions(chosen),
        )
        for line in lines
    )


def _dearer_rival(chosen: Option, running: Sequence[Option]) -> Iterator[str]:
    # Of another type, hardly dearer: a price or a speed that is a little off turns the two around.
    usd = chosen.estimate.usd
    rivals = [
        option
        for option in running
        if option.hardware.gpu is not chosen.hardware.gpu and usd < option.estimate.usd <= usd * (1 + NEAR)
    ]
    if rivals:
        rival = min(rivals, key=lambda option: option.estimate.usd)
        more = 100 * (rival.estimate.usd / usd - 1)
        yield (
            f"{rival.name} costs {more:.0f} % more (${rival.estimate.usd:.2f}): it wins if its steps are "
            f"that much quicker than estimated (they are known to ±{100 * rival.estimate.step.error:.0f} %), "
            "or its price falls so far"
        )


def _deadline(chosen: Option, running: Sequence[Option], wishes: Wishes) -> Iterator[str]:
    hours = chosen.estimate.run.hours
    quicker = [option for option in running if option.estimate.run.hours < 0.9 * hours]
    if wishes.deadline_s is None and quicker:
        next_best = min(quicker, key=lambda option: option.estimate.usd)
        yield (
            f"with a deadline below {hours:.2f} h: {next_best.name}, {next_best.estimate.run.hours:.2f} h "
            f"for ${next_best.estimate.usd:.2f}"
        )


def _budget(chosen: Option, running: Sequence[Option], wishes: Wishes) -> Iterator[str]:
    usd = chosen.estimate.usd
    cheaper = [option for option in running if option.estimate.usd < 0.9 * usd]
    if wishes.budget_usd is None and cheaper:
        next_best = min(cheaper, key=lambda option: option.estimate.run.hours)
        yield (
            f"with a budget below ${usd:.2f}: {next_best.name}, ${next_best.estimate.usd:.2f} "
            f"in {next_best.estimate.run.hours:.2f} h"
        )


def _interruptions(chosen: Option) -> Iterator[str]:
    run = chosen.estimate.run
    share = run.interruptions_s / run.total_s
    if share > 0.1:
        yield (
            f"{100 * share:.0f} % of the time is expected to go to interruptions, whose rate is an "
            "assumption: fewer containers lose less where they are more frequent"
        )
