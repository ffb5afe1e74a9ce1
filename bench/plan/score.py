"""Score the estimates against published measurements, each source judged by constants that never saw it.

    python bench/plan/score.py                   # leave out each source in turn; needs numpy and scipy
    python bench/plan/score.py --bundled         # with the bundled constants: in sample, and quick
    python bench/plan/score.py --write NAME      # also bench/results/NAME.json and NAME.md

`published.py` says what the file holds. Rows that cannot be compared are counted with the reason. A source is
a repository. Intervals are judged likewise: the width for a source is that of the misses on the others.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from published import MEASURED, PublishedRun, read_runs

from tminus.estimate import memory, step_time
from tminus.estimate.calibration import Calibration, calibration, family
from tminus.facts import Facts

RESULTS = Path(__file__).parents[1] / "results"
GOALS = {"allocated": (8.0, 20.0), "reserved": (8.0, 20.0), "step": (20.0, None)}
"""Median and 90th percentile of the absolute error in per cent that are asked for."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A published run beside what is estimated for it: GiB and seconds, None where nothing was measured."""

    run: PublishedRun
    allocated: tuple[float, float] | None
    reserved: tuple[float, float] | None
    step: tuple[float, float] | None
    fit: str
    width: dict[str, float]

    def error(self, quantity: str) -> float | None:
        """Signed error of the estimate in per cent."""
        pair = getattr(self, quantity)
        return None if pair is None else 100 * (pair[0] / pair[1] - 1)

    def inside(self, quantity: str) -> bool | None:
        """Whether the measurement lies in the stated interval."""
        pair = getattr(self, quantity)
        return None if pair is None else abs(pair[1] / pair[0] - 1) <= self.width[quantity]


def score(run: PublishedRun, constants: Calibration, facts: Facts, width: dict[str, float]) -> Scored:
    """One run."""
    peak = memory(run.job, run.split, run.sharding, constants)
    step = step_time(run.job, run.hardware, run.split, facts, run.sharding, constants)
    held = peak.reserved_gib - (peak.context_gib if run.without_context else 0.0)
    usable = run.hardware.gpu.usable_gib
    seconds = step.tokens / (run.tokens_per_s * run.split.world_size) if run.tokens_per_s else None
    return Scored(
        run=run,
        allocated=(peak.allocated_gib, run.allocated_gib) if run.allocated_gib else None,
        reserved=(min(held, usable), run.reserved_gib) if run.reserved_gib else None,
        step=(step.total_s, seconds) if seconds else None,
        fit=peak.fit(usable),
        width=width,
    )


def score_bundled(runs: Sequence[PublishedRun], facts: Facts) -> list[Scored]:
    """All runs with the bundled constants."""
    constants = calibration()
    return [score(run, constants, facts, _widths(constants, run)) for run in runs]


def score_left_out(runs: Sequence[PublishedRun], facts: Facts) -> list[Scored]:
    """All runs, each with constants and intervals that its source had no part in."""
    from constants import table  # these need numpy and scipy
    from fitting import NO_INTERVALS, fit, intervals, pairs

    from tminus.estimate.calibration import from_table

    sources = sorted({run.source for run in runs})
    values = {source: fit(runs, facts, facts.today, source) for source in sources}
    held_out = {
        source: pairs(
            [run for run in runs if run.source == source],
            from_table(table(values[source], NO_INTERVALS, facts.today)),
            facts,
        )
        for source in sources
    }
    found = []
    for source in sources:
        others = [pair for other in sources if other != source for pair in held_out[other]]
        constants = from_table(table(values[source], intervals(others), facts.today))
        own = (run for run in runs if run.source == source)
        found += [score(run, constants, facts, _widths(constants, run)) for run in own]
    return found


def _widths(constants: Calibration, run: PublishedRun) -> dict[str, float]:
    return {
        "allocated": constants.memory_error,
        "reserved": constants.reserved_error,
        "step": constants.step_error[family(run.hardware.gpu.name)],
    }


def errors(scored: Iterable[Scored], quantity: str) -> dict[str, Any] | None:
    """Count, median signed error, median and 90th percentile of the absolute error, share inside."""
    rows = [(error, one.inside(quantity)) for one in scored if (error := one.error(quantity)) is not None]
    if not rows:
        return None
    size = sorted(abs(error) for error, _ in rows)
    return {
        "n": len(rows),
        "median_signed": round(statistics.median(error for error, _ in rows), 1),
        "median": round(statistics.median(size), 1),
        "p90": round(size[min(len(size) - 1, int(0.9 * len(size)))], 1),
        "inside": round(100 * sum(bool(inside) for _, inside in rows) / len(rows)),
    }


def summary(scored: Sequence[Scored], left_out: Counter[str]) -> dict[str, Any]:
    """Everything as JSON values."""
    sources = sorted({one.run.source for one in scored})
    groups = {source: [one for one in scored if one.run.source == source] for source in sources}
    quantities = ("allocated", "reserved", "step")
    table = {
        name: {quantity: errors(group, quantity) for quantity in quantities}
        for name, group in [*groups.items(), ("all rows", scored)]
    }
    table["mean of sources"] = {
        quantity: _mean([table[s][quantity] for s in sources]) for quantity in quantities
    }
    verdicts = Counter((one.fit, one.run.ran) for one in scored if one.run.ran is not None)
    return {
        "errors_percent": table,
        "goals_percent": {name: {"median": goal[0], "p90": goal[1]} for name, goal in GOALS.items()},
        "verdicts": {
            f"{fit}, {'ran' if ran else 'did not run'}": n for (fit, ran), n in sorted(verdicts.items())
        },
        "fits_said_of_a_run_that_did_not": verdicts["yes", False],
        "does_not_fit_said_of_a_run_that_did": verdicts["no", True],
        "rows": len(scored),
        "not_compared": dict(left_out.most_common()),
    }


def _mean(found: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    known = [one for one in found if one is not None]
    if not known:
        return None
    return {"n": len(known)} | {
        name: round(statistics.mean(one[name] for one in known), 1)
        for name in ("median_signed", "median", "p90", "inside")
    }


def rendered(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "| source | allocated | reserved | step time |",
        "|---|---|---|---|",
    ]
    for name, row in result["errors_percent"].items():
        cells = [_cell(row[quantity]) for quantity in ("allocated", "reserved", "step")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "Each cell: rows; median signed error; median and 90th percentile of the absolute error, in per "
        "cent; share of measurements inside the 80 % interval.",
        "",
        f"Said to fit, and did not run: {result['fits_said_of_a_run_that_did_not']}. "
        f"Said not to fit, and ran: {result['does_not_fit_said_of_a_run_that_did']}. "
        "All verdicts: " + "; ".join(f"{name}: {count}" for name, count in result["verdicts"].items()) + ".",
        "",
        f"{result['rows']} rows compared. Not compared: "
        + ", ".join(f"{count} {reason}" for reason, count in result["not_compared"].items())
        + ".",
    ]
    return "\n".join(lines) + "\n"


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    return (
        f"{found['n']}; {found['median_signed']:+.1f}; {found['median']:.1f}, {found['p90']:.1f}; "
        f"{found['inside']:.0f} %"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Score the estimates against published measurements.")
    parser.add_argument("csv", type=Path, nargs="?", default=MEASURED, help="file of measurements")
    parser.add_argument("--bundled", action="store_true", help="judge the bundled constants, in sample")
    parser.add_argument("--rows", action="store_true", help="also print each row")
    parser.add_argument("--write", metavar="NAME", help="write bench/results/NAME.json and NAME.md")
    arguments = parser.parse_args()
    facts = Facts.bundled()
    runs, left_out = read_runs(arguments.csv, facts)
    scored = score_bundled(runs, facts) if arguments.bundled else score_left_out(runs, facts)
    result = summary(scored, left_out)
    text = rendered(result)
    print(text, end="")
    if arguments.rows:
        for one in scored:
            figures = [f"{q} {pair[0]:.2f}/{pair[1]:.2f}" for q in GOALS if (pair := getattr(one, q))]
            print(f"{one.run.label[:80]:80} {one.fit:5} {', '.join(figures)}")
    if arguments.write:
        how = "the bundled constants" if arguments.bundled else "constants fitted without the source judged"
        title = f"# Estimates against published runs, {facts.today.isoformat()}\n\nWith {how}.\n\n"
        (RESULTS / f"{arguments.write}.md").write_text(title + text, encoding="utf-8")
        (RESULTS / f"{arguments.write}.json").write_text(
            json.dumps(result, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
