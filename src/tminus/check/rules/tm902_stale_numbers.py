"""TM902: words beside the script that its own numbers contradict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tminus.check.containers import Allocation, allocations, describe, possible_counts
from tminus.check.finding import Severity
from tminus.check.parallel import every_request_read, fits, runs_several
from tminus.check.prose_claims import (
    MoneyClaim,
    batch_claims,
    block_of,
    count_claims,
    gpu_hours_claims,
    hours_near,
    memory_claims,
    money_claims,
    words_about,
)
from tminus.check.rule import Report, rule
from tminus.check.steps import ARGUMENTS, number
from tminus.check.type_claims import wrong_types
from tminus.facts import Fact, Facts
from tminus.script import Script
from tminus.script.prose import Line

# Prices are quoted rounded, and further below where the words say so; above, with CPU and memory or without.
_BELOW, _BELOW_ABOUT, _ABOVE = 0.90, 0.85, 1.25
# A GPU type has a little more or less memory than its name says.
_MEMORY_SLACK = 1.1


class _Claim(NamedTuple):
    """A number in a line of prose, and what the script makes of it."""

    start: int
    end: int
    message: str
    source: Fact


@rule("TM902", "stale-numbers", Severity.WARNING)
def stale_numbers(script: Script, facts: Facts) -> Iterator[Report]:
    """Keep the numbers in comments and documents true.

    ## What it does
    Reads the comments and docstrings of a script and the Markdown files beside it that name it, and reports
    numbers of GPUs, memory and dollars that the script's GPU request and the documented prices contradict,
    a GPU type in a function's docstring that the function does not get, and a global batch that is not the
    micro-batch times the accumulation and the GPUs.
    It passes over lines about limits, alternatives or other GPU types, and over scripts whose GPUs cannot
    be read or come from the environment.

    ## Why is this bad?
    People decide by them: a budget, a batch size, whether a model fits.

    ## Example
    ```python
    # 10 x H100 = 800 GB of VRAM, about $125
    @app.function(gpu="H100:8")
    def train(): ...
    ```

    ## Use instead
    ```python
    # 8 x H100 = 640 GB of VRAM
    @app.function(gpu="H100:8")
    def train(): ...
    ```

    ## Fix safety
    No fix: the words are the author's.

    ## Limit and source
    - `gpu.<type>.max_per_container`
    - `gpu.<type>.memory_gb`
    - `gpu.<type>.usd_per_second`
    """
    allocated = allocations(script, facts)
    if not allocated or not every_request_read(script):
        return
    types = frozenset(one.gpu.name.rstrip("!+").partition("-")[0] for one in allocated)
    prose = list(words_about(script, facts, types))
    several = runs_several(script)
    batches = _batches(script, possible_counts(allocated))
    for line in prose:
        for claim in (
            *_gpu_claims(line, allocated, several),
            *_memory_claims(line, allocated),
            *_money_claims(line, prose, allocated, several),
            *_gpu_hours_claims(line, facts),
            *_batch_claims(line, batches, allocated[0].gpu.max_per_container),
        ):
            yield Report(
                span=line.span(claim.start, claim.end),
                message=claim.message,
                source=claim.source,
                advice="Correct the words, or take the numbers out.",
            )
    for wrong in wrong_types(script, facts):
        yield Report(
            span=wrong.line.span(wrong.start, wrong.end),
            message=f"this says {wrong.claimed.name}; {wrong.what} runs on {' or '.join(wrong.gets)}",
            source=wrong.claimed.usd_per_second,
            advice="Correct the words, or take the type out.",
        )


def _gpu_claims(line: Line, allocated: list[Allocation], several: bool) -> Iterator[_Claim]:
    counts = possible_counts(allocated)
    claims = count_claims(line)
    if any(fits(claim.count, counts, several) for claim in claims):
        # It does name the right count, and another that has its own meaning.
        return
    for claim in claims:
        message = f"this speaks of {claim.count} GPUs; {describe(allocated)}"
        yield _Claim(claim.start, claim.end, message, allocated[0].gpu.max_per_container)


def _memory_claims(line: Line, allocated: list[Allocation]) -> Iterator[_Claim]:
    widest = max(allocated, key=lambda one: one.per_container * one.gpu.memory_gb)
    most = widest.per_container * widest.gpu.memory_gb
    together = [one.total * one.gpu.memory_gb for one in allocated]
    for claim in memory_claims(line):
        # Less is what something uses; more than there is can only be meant as what there is.
        if claim.gigabytes <= most * _MEMORY_SLACK:
            continue
        if any(abs(claim.gigabytes - total) <= (_MEMORY_SLACK - 1) * total for total in together):
            continue
        yield _Claim(
            claim.start,
            claim.end,
            f"this speaks of {claim.gigabytes} GB of GPU memory; "
            f"{widest.per_container} {widest.request.type_name} in one container have {most:g} GB",
            widest.gpu.max_per_container,
        )


def _money_claims(
    line: Line, prose: list[Line], allocated: list[Allocation], several: bool
) -> Iterator[_Claim]:
    one = allocated[0]
    hourly, price, gpu = one.gpu.usd_per_hour, one.gpu.usd_per_second, one.request.type_name
    for claim in money_claims(line):
        if claim.rate:
            each = {
                count * other.gpu.usd_per_hour
                for other in allocated
                for count in (1, other.per_container, other.total, other.request.count, _asked(other))
            }
            if not any(_is(claim, right) for right in each):
                message = f"this prices a GPU at ${claim.usd:g} an hour; {gpu} costs ${hourly:.2f}"
                yield _Claim(claim.start, claim.end, message, price)
            continue
        hours = hours_near(line, block_of(line, prose))
        if hours is None or several:
            continue
        totals = [_asked(other) * other.gpu.usd_per_hour * hours for other in allocated]
        if not any(_is(claim, right) for right in totals):
            message = (
                f"this says ${claim.usd:g}; {_asked(one)} {gpu} for {hours:g} h cost ${totals[0]:.2f}, "
                "GPUs alone"
            )
            yield _Claim(claim.start, claim.end, message, price)


def _gpu_hours_claims(line: Line, facts: Facts) -> Iterator[_Claim]:
    for claim in gpu_hours_claims(line):
        gpu = facts.gpu(claim.type_name)
        right = claim.hours * gpu.usd_per_hour if gpu is not None else None
        if gpu is None or right is None or _is(claim.money, right):
            continue
        message = f"this says ${claim.money.usd:g}; {claim.hours:g} hours of one {gpu.name} cost ${right:.2f}"
        yield _Claim(claim.money.start, claim.money.end, message, gpu.usd_per_second)


def _batch_claims(line: Line, batches: set[float], source: Fact) -> Iterator[_Claim]:
    for claim in batch_claims(line):
        if batches and claim.rows not in batches:
            right = " or ".join(f"{rows:g}" for rows in sorted(batches))
            message = f"this speaks of a batch of {claim.rows}; the trainer's settings give {right}"
            yield _Claim(claim.start, claim.end, message, source)


def _batches(script: Script, counts: set[int]) -> set[float]:
    """Every global batch that the trainers' settings can give; none where one cannot be read."""
    found: set[float] = set()
    for call in script.library_calls:
        if call.made.name in ARGUMENTS:
            rows = number(call, "per_device_train_batch_size")
            accumulation = number(call, "gradient_accumulation_steps", 1)
            if not rows or not accumulation or "**" in call.made.kwargs:
                return set()
            found |= {rows * accumulation * count for count in {1, *counts}}
    return found


def _asked(one: Allocation) -> int:
    return one.request.count * one.nodes


def _is(claim: MoneyClaim, right: float) -> bool:
    below = _BELOW_ABOUT if claim.about else _BELOW
    return claim.most >= right * below and claim.usd <= right * _ABOVE
