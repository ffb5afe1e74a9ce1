"""Score the estimates against a file of published measurements.

python bench/plan/score.py measured_runs.csv [--rows]

`published.py` says what the file holds. Rows that cannot be compared are counted with the reason. Speeds of
rows on 16 GPUs and more were measured on networks other than Modal's.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from published import NotScoredError, PublishedRun, read_row

from tminus.estimate import Memory, StepTime, memory, step_time
from tminus.facts import Facts

Pair = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Scored:
    """A published run beside what is estimated for it."""

    run: PublishedRun
    memory: Memory
    step: StepTime

    @property
    def allocated(self) -> Pair:
        """Peak of allocated memory in GiB, estimated and measured."""
        return self.memory.allocated_gib, self.run.peak_gib

    @property
    def reserved(self) -> Pair:
        """Reserved memory in GiB, estimated (a card holds no more than it has) and measured."""
        return min(self.memory.reserved_gib, self.run.hardware.gpu.usable_gib), self.run.reserved_gib

    @property
    def speed(self) -> Pair:
        """Tokens a second and GPU, estimated and measured."""
        return self.step.tokens_per_second / self.run.split.world_size, self.run.tokens_per_s

    @property
    def verdict(self) -> tuple[str, bool | None]:
        """Whether it is said to fit, and whether the run completed."""
        return self.memory.fit(self.run.hardware.gpu.usable_gib), self.run.ran

    @property
    def group(self) -> str:
        """Source, method and whether there were several GPUs."""
        several = "1 GPU" if self.run.split.world_size == 1 else "several"
        return f"{self.run.source} | {self.run.job.method} | {several}"


def score_file(path: Path, facts: Facts) -> tuple[list[Scored], Counter[str]]:
    """All rows that can be scored, and the reasons for which others cannot."""
    scored, left_out = [], Counter[str]()
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            try:
                run = read_row(row, facts)
            except NotScoredError as reason:
                left_out[str(reason)] += 1
                continue
            peak = memory(run.job, run.split, run.sharding)
            step = step_time(run.job, run.hardware, run.split, facts, run.sharding)
            scored.append(Scored(run, peak, step))
    return scored, left_out


def errors(pairs: Iterable[Pair]) -> str:
    """Count, median signed error, median and 90th percentile of the absolute error, in per cent."""
    found = [100 * (estimated / measured - 1) for estimated, measured in pairs if estimated and measured]
    if not found:
        return " " * 26
    size = sorted(map(abs, found))
    tail = size[min(len(size) - 1, int(0.9 * len(size)))]
    return f"{len(size):4d} {statistics.median(found):+6.1f} {statistics.median(size):6.1f} {tail:6.1f}  "


def print_table(scored: list[Scored], left_out: Counter[str]) -> None:
    """Errors by source, verdicts on fit, and what was left out."""
    groups: dict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        groups[one.group].append(one)
    print("n, median signed error, median and 90th percentile of the absolute error, in per cent\n")
    print(f"{'source | method | GPUs':58} {'peak allocated':26} {'peak reserved':26} tokens/s")
    for name, group in [*sorted(groups.items()), ("all", scored)]:
        columns = [errors(getattr(one, what) for one in group) for what in ("allocated", "reserved", "speed")]
        print(f"{name[:58]:58} {' '.join(columns)}".rstrip())
    inside = [
        abs(a / b - 1) <= one.step.error for one in scored if (a := one.speed[0]) and (b := one.speed[1])
    ]
    print(f"\ninside the stated interval of the step time: {sum(inside)} of {len(inside)}")
    print("fit as estimated, and whether the run completed:")
    for (fit, ran), count in sorted(
        Counter(one.verdict for one in scored if one.run.ran is not None).items()
    ):
        print(f"  {fit:5} {'completed' if ran else 'did not'}: {count}")
    print("not scored:", ", ".join(f"{count} {reason}" for reason, count in left_out.most_common()))


def print_rows(scored: list[Scored]) -> None:
    """Every row: allocated, reserved and tokens/s, each estimated and measured."""
    for one in scored:
        figures = (*one.allocated, *one.reserved, *one.speed)
        print(f"{one.run.label[:90]:90}", *(f"{figure or 0:8.1f}" for figure in figures))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Score the estimates against published measurements.")
    parser.add_argument("csv", type=Path, help="file of measurements")
    parser.add_argument("--rows", action="store_true", help="also print each row")
    arguments = parser.parse_args()
    scored, left_out = score_file(arguments.csv, Facts.bundled())
    print_table(scored, left_out)
    if arguments.rows:
        print_rows(scored)


if __name__ == "__main__":
    main()
