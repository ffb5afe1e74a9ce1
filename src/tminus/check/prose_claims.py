"""Numbers of GPUs, memory and dollars in the words beside a script, and which words are about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Script
from tminus.script.prose import Line, markdown_beside

# More GPUs than this in one job are no count but a year, a port or a size.
_MOST_GPUS = 512

# The name of a GPU type, with its memory if that is said.
GPU_TYPE = r"(?:[ABHLV]\d{1,3}[SG]?|T4|GH?B?200|RTX[- ]?(?:PRO[- ]?)?\d{4})!?(?:-\d+GB)?"
# "10 GPUs", "10 x H100", "10×H100 GPUs", "10 H100s"; no "10 GPU hours", no "table 2 H100".
_GPUS = pattern(
    rf"(?i)(?<![\w.$/])(?P<count>\d{{1,4}})\s*(?:[x×*]\s*(?:NVIDIA\s+)?{GPU_TYPE}s?(?:\s+GPUs?)?"
    rf"|(?:NVIDIA\s+)?(?:{GPU_TYPE}\s+GPUs|{GPU_TYPE}s|GPUs))\b"
    r"(?![ -]*(?:hours?|hrs?|h\b|minutes?|days?|types?))"
)
_VRAM = pattern(
    r"(?i)(?<![\w.])(?P<gb>\d{2,5})\s*(?:GB|GiB)\b(?P<rest>.{0,24}?\b(?:VRAM|GPU memory|GPU RAM))?"
)
_DOLLARS = pattern(
    r"(?P<about>(?:~|≈|about|around|roughly|approx\w*\.?)\s*)?\$\s?(?P<usd>\d[\d,]*(?:\.\d+)?)"
    r"(?:\s*[-–]\s*\$?(?P<to>\d[\d,]*(?:\.\d+)?))?"
    r"(?P<rate>\s*(?:/|per|an?)\s*(?:GPU|hour|hr|h\b|second|sec|s\b|month|million|M\b|1K|token|GB|day|step))?"
)
_HOURS = pattern(
    r"(?i)(?<![\w.])(?P<number>\d+(?:\.\d+)?)\s*-?(?P<unit>h\b|hours?|hrs?\b|minutes?|mins?\b|days?)"
)
# "6 A100-hours", "0.5 H100 GPU-hours".
_GPU_HOURS = pattern(
    rf"(?i)(?<![\w.])(?P<number>\d+(?:\.\d+)?)\s*(?P<type>{GPU_TYPE})[-\s](?:GPU[-\s])?h(?:ou)?rs?\b"
)
# "effective batch size 64", "global batch of 8"; no tokens, and no batch of one GPU.
_BATCH = pattern(
    r"(?i)\b(?:effective|global|total)\s+(?:train\w*\s+)?batch(?:[ _-]?size)?\s*(?:of|is|=|:|->|→)?\s*"
    r"(?P<rows>\d{1,6})\b(?![.,]?\d)(?!\s*(?:k|m|tok\w*|[x×*/+-]))"
)
_SECONDS = {"h": 1.0, "m": 1 / 60, "d": 24.0}

# A line with one of these speaks of a limit, of another time, or of another way of doing it.
_OTHERWISE = pattern(
    r"(?i)\b(up to|at most|at least|max(imum)?|minimum|limit|no more than|fewer|less than|more than|over"
    r"|not|instead|or|alternative(ly)?|e\.g|for example|example|if|unless|could|can|would|should|may|might"
    r"|try|when"
    r"|previous(ly)?|was|were|used to|originally|formerly|older|compare\w*|vs|versus|baseline|paper|reference"
    r"|local(ly)?|laptop|lab|optional(ly)?|increase|decrease|change|switch|scale[sd]?|swap|want|need(s|ed)?"
    r"|require[sd]?|recommend(ed)?|upgrade|downgrade|todo|future|later|support(s|ed)?|faster|slower|cheaper"
    r"|equivalent|benchmark\w*|leaderboard|speedrun|record|per (run|epoch) of)\b"
)
_ELSEWHERE = pattern(
    r"(?i)\b(runpod|lambda( labs)?|aws|gcp|google cloud|azure|vast(\.ai)?|coreweave|together|openai|anthropic"
    r"|spot|reserved|cpus?|storage|egress|api|tokens?|credits?|free|budget|month(ly)?|plan|tier|region|saves?"
    r"|savings?|cap|wandb|human|label\w*)\b"
)
_PYTHON_FILE = pattern(r"[\w-]+\.py\b")


@dataclass(frozen=True, slots=True)
class CountClaim:
    """That there are so many GPUs: the place in the line, and the count."""

    start: int
    end: int
    count: int


class MemoryClaim(NamedTuple):
    """That there is so much GPU memory, in GB."""

    start: int
    end: int
    gigabytes: int


class MoneyClaim(NamedTuple):
    """That something costs so much.

    Attributes:
        usd: The amount in US dollars; the lower end of a range.
        most: The upper end; the amount itself where there is no range.
        about: Whether the words say that it is rounded.
        rate: What it is paid for: ``hour`` for a rate, empty for a whole run.
    """

    start: int
    end: int
    usd: float
    most: float
    about: bool
    rate: str


class BatchClaim(NamedTuple):
    """That an optimizer step takes so many rows."""

    start: int
    end: int
    rows: int


def speaks_of_another_case(text: str) -> bool:
    """Whether words are of a limit, of another time, or of another way of doing something."""
    return bool(_OTHERWISE.search(text))


def batch_claims(line: Line) -> Iterator[BatchClaim]:
    """The global batches, in rows, that a line speaks of."""
    for match in _BATCH.finditer(line.text):
        yield BatchClaim(match.start(), match.end(), int(match["rows"]))


def count_claims(line: Line) -> list[CountClaim]:
    """The numbers of GPUs, from 2 on, that a line speaks of."""
    found = []
    for match in _GPUS.finditer(line.text):
        count = int(match["count"])
        if 1 < count <= _MOST_GPUS:
            found.append(CountClaim(match.start(), match.end(), count))
    return found


def memory_claims(line: Line) -> Iterator[MemoryClaim]:
    """The amounts of GPU memory that a line speaks of."""
    anywhere = re.search(r"(?i)\bVRAM\b", line.text)
    for match in _VRAM.finditer(line.text):
        if match["rest"] or anywhere:
            yield MemoryClaim(match.start(), match.end(), int(match["gb"]))


def money_claims(line: Line) -> Iterator[MoneyClaim]:
    """The prices that a line speaks of: an hour's, and a whole run's."""
    if _ELSEWHERE.search(line.text):
        return
    for match in _DOLLARS.finditer(line.text):
        rate = (match["rate"] or "").lower()
        hourly = any(unit in rate for unit in ("gpu", "hour", "hr")) or rate.rstrip().endswith(("/h", " h"))
        if rate and not hourly:
            continue
        usd = float(match["usd"].replace(",", ""))
        most = float(match["to"].replace(",", "")) if match["to"] else usd
        yield MoneyClaim(
            match.start("usd") - 1,
            match.end(),
            usd,
            most,
            match["about"] is not None,
            "hour" if hourly else "",
        )


class GpuHoursClaim(NamedTuple):
    """That so many hours of one GPU of a type cost so much: ``~6 A100-hours ($9.00)``."""

    money: MoneyClaim
    hours: float
    type_name: str


def gpu_hours_claims(line: Line) -> Iterator[GpuHoursClaim]:
    """The prices of GPU-hours of a named type, where a line speaks of one such price alone."""
    hours, prices = list(_GPU_HOURS.finditer(line.text)), list(_DOLLARS.finditer(line.text))
    if len(hours) != 1 or len(prices) != 1 or prices[0]["rate"]:
        return
    price = prices[0]
    usd = float(price["usd"].replace(",", ""))
    most = float(price["to"].replace(",", "")) if price["to"] else usd
    about = price["about"] is not None or bool(re.search(r"[~≈]", line.text))
    money = MoneyClaim(price.start("usd") - 1, price.end(), usd, most, about, "")
    yield GpuHoursClaim(money, float(hours[0]["number"]), hours[0]["type"])


def hours_near(line: Line, block: Iterable[Line]) -> float | None:
    """The duration, in hours, that a price belongs to: on its own line, else the only one of its block."""
    own = _durations(line)
    if own:
        return own.pop() if len(own) == 1 else None
    durations = {hours for other in block for hours in _durations(other)}
    return durations.pop() if len(durations) == 1 else None


def _durations(line: Line) -> set[float]:
    return {
        float(match["number"]) * _SECONDS[match["unit"][0].lower()] for match in _HOURS.finditer(line.text)
    }


def block_of(line: Line, prose: list[Line], reach: int = 3) -> list[Line]:
    """The lines of prose around a line in the same file, not further away than `reach` lines."""
    return [
        other
        for other in prose
        if other.source.path == line.source.path and abs(other.line - line.line) <= reach
    ]


def words_about(script: Script, facts: Facts, types: frozenset[str]) -> tuple[Line, ...]:
    """The lines beside a script that are about what it does.

    Left out are lines that speak of a limit, of a wish or of an alternative, lines that name a GPU type which
    the script does not use, and parts of Markdown files that are about other scripts.

    Args:
        script: The script.
        facts: The GPU types that there are.
        types: Names of those that the script uses.
    """
    lines = [*script.prose, *_about(script.path)]
    return tuple(
        line
        for line in lines
        # A comment behind code is about that code.
        if not _OTHERWISE.search(line.text)
        and not _other_type(line.source.lines[line.line - 1], facts, types)
    )


def _other_type(text: str, facts: Facts, types: frozenset[str]) -> bool:
    for match in re.finditer(rf"(?i)(?<![\w-]){GPU_TYPE}(?!\w)|(?<=[x×\d]){GPU_TYPE}(?!\w)", text):
        gpu = facts.gpu(match[0].rstrip("!"))
        name = gpu.name if gpu is not None else match[0].upper()
        if name.rstrip("!").partition("-")[0] not in types:
            return True
    return False


def _about(path: Path) -> Iterator[Line]:
    """Lines of Markdown beside the script, of documents and sections about no other script."""
    documents: dict[Path, list[Line]] = {}
    for line in markdown_beside(path):
        documents.setdefault(line.source.path, []).append(line)
    for lines in documents.values():
        if _only(lines, path.name):
            yield from lines
            continue
        for section in _sections(lines):
            if _only(section, path.name):
                yield from section


def _only(lines: list[Line], name: str) -> bool:
    named = {match[0] for line in lines for match in _PYTHON_FILE.finditer(line.text)}
    return named == {name}


def _sections(lines: list[Line]) -> Iterator[list[Line]]:
    section: list[Line] = []
    for line in lines:
        if line.text.startswith("#") and section:
            yield section
            section = []
        section.append(line)
    yield section
