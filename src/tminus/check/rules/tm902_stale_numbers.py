"""TM902: words beside the script that its own numbers contradict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tminus.check.containers import Allocation, allocations, describe, possible_counts
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Fact, Facts
from tminus.script import Script
from tminus.script.prose import Line, markdown_beside

# "10 GPUs", "10 x H100", "10×H100 GPUs", "H100:10"
_GPU_TYPE = r"(?:[ABHL]\d{1,3}S?|T4|RTX[- ]?PRO[- ]?6000)!?(?:-\d+GB)?"
_GPUS = re.compile(
    rf"(?i)(?<![\w.$])(?P<count>\d{{1,4}})\s*(?:[x×*]\s*)?(?:NVIDIA\s+)?(?:{_GPU_TYPE}(?:\s+GPUs?)?|GPUs?)\b"
)
_VRAM = re.compile(
    r"(?i)(?<![\w.])(?P<gb>\d{2,5})\s*(?:GB|GiB)\b(?P<rest>.{0,24}?\b(?:VRAM|GPU memory|GPU RAM))?"
)
_DOLLARS = re.compile(
    r"\$\s?(?P<usd>\d+(?:[.,]\d+)?)"
    r"(?P<rate>\s*(?:/|per|an?)\s*(?:GPU|hour|hr|h\b|second|s\b|million|M\b))?"
)
_HOURS = re.compile(r"(?i)(?<![\w.])(?P<hours>\d+(?:\.\d+)?)\s*(?:h\b|hours?|hrs?)")

# A line that states a limit or speaks of one node of several speaks of another number.
_LIMIT_WORDS = re.compile(
    r"(?i)\b(up to|at most|max(imum)?|limit|no more than|fewer|less than|more than|not|instead of)\b"
)
_PER_NODE = re.compile(r"(?i)\b(each|per (node|container|host)|a node)\b")

# Prices are quoted rounded; a larger difference than this share is another price or another count.
_TOLERANCE = 0.10


@dataclass(frozen=True, slots=True)
class _Claim:
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
    numbers of GPUs, memory and dollars that the script's GPU request and the documented prices contradict.

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
    `gpu.<type>.max_per_container` and `gpu.<type>.memory_gb`, https://modal.com/docs/guide/gpu;
    `gpu.<type>.usd_per_second`, https://modal.com/pricing.
    """
    allocated = allocations(script, facts)
    if not allocated:
        return
    prose = [*script.prose, *markdown_beside(script.path)]
    for line in prose:
        if _LIMIT_WORDS.search(line.text):
            continue
        for claim in (
            *_gpu_claims(line, allocated),
            *_memory_claims(line, allocated),
            *_money_claims(line, prose, allocated[0]),
        ):
            yield Report(
                span=line.span(claim.start, claim.end),
                message=claim.message,
                source=claim.source,
                advice="Correct the words, or take the numbers out.",
            )


def _gpu_claims(line: Line, allocated: list[Allocation]) -> Iterator[_Claim]:
    counts = possible_counts(allocated)
    for match in _GPUS.finditer(line.text):
        count = int(match["count"])
        if count <= 1 or count in counts:
            continue
        if _PER_NODE.search(line.text) and count in {one.per_container for one in allocated}:
            continue
        message = f"this speaks of {count} GPUs; {describe(allocated)}"
        yield _Claim(match.start(), match.end(), message, allocated[0].gpu.max_per_container)


def _memory_claims(line: Line, allocated: list[Allocation]) -> Iterator[_Claim]:
    for match in _VRAM.finditer(line.text):
        if not match["rest"] and not re.search(r"(?i)\bVRAM\b", line.text):
            continue
        gigabytes = int(match["gb"])
        possible = {n * one.gpu.memory_gb for one in allocated for n in (1, one.per_container, one.total)}
        if gigabytes in possible:
            continue
        largest = max(allocated, key=lambda one: one.per_container * one.gpu.memory_gb)
        total = largest.per_container * largest.gpu.memory_gb
        yield _Claim(
            match.start(),
            match.end(),
            f"this speaks of {gigabytes} GB of GPU memory; "
            f"{largest.per_container} {largest.request.type_name} in one container have {total:g} GB",
            largest.gpu.max_per_container,
        )


def _money_claims(line: Line, prose: list[Line], one: Allocation) -> Iterator[_Claim]:
    hourly, price, gpu = one.gpu.usd_per_hour, one.gpu.usd_per_second, one.request.type_name
    hours = _hours_near(line, prose)
    for match in _DOLLARS.finditer(line.text):
        usd = float(match["usd"].replace(",", ""))
        if match["rate"]:
            if re.search(r"(?i)gpu|hour|hr|h\b", match["rate"]) and _differs(usd, hourly):
                message = f"this prices a GPU at ${usd:g} an hour; {gpu} costs ${hourly:.2f}"
                yield _Claim(match.start(), match.end(), message, price)
        elif hours is not None:
            asked = one.request.count * one.nodes
            right = hourly * hours * asked
            if _differs(usd, right):
                message = f"this says ${usd:g}; {asked} {gpu} for {hours:g} h cost ${right:.2f}, GPUs alone"
                yield _Claim(match.start(), match.end(), message, price)


def _hours_near(line: Line, prose: list[Line]) -> float | None:
    """The duration that a price belongs to: on its own line, else the only one in the same file."""
    if own := _HOURS.search(line.text):
        return float(own["hours"])
    same_file = [other for other in prose if other.source.path == line.source.path]
    durations = {float(match["hours"]) for other in same_file for match in _HOURS.finditer(other.text)}
    return durations.pop() if len(durations) == 1 else None


def _differs(claimed: float, right: float) -> bool:
    return abs(claimed - right) > _TOLERANCE * right
