"""Fit the constants of the estimates to the published runs of ``measured.csv``.

    python bench/plan/fit.py            # print what would be written
    python bench/plan/fit.py --write    # write src/tminus/estimate/data/calibration.toml

Needs numpy and scipy. Each constant's error is how far it moves when a source is left out, or what was
believed of it before, whichever is larger. The intervals are those of the misses on left-out sources.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from constants import OTHER_GPUS, Constant, table
from fitting import NO_INTERVALS, Pair, fit, intervals, pairs
from published import MEASURED, read_runs

from tminus.estimate.calibration import DATA, from_table
from tminus.facts import Facts

HEADER = """\
# Constants of the estimates that were fitted to published runs: value and error (one standard deviation).
# What each means: tminus.estimate.calibration. Written by bench/plan/fit.py; not to be edited by hand.
"""


def main() -> None:
    """Fit, leave each source out, and print or write the file."""
    parser = argparse.ArgumentParser(description="Fit the estimates' constants to published runs.")
    parser.add_argument("csv", type=Path, nargs="?", default=MEASURED, help="file of measurements")
    parser.add_argument("--write", action="store_true", help="write the bundled file")
    arguments = parser.parse_args()
    facts, today = Facts.bundled(), Facts.bundled().today
    runs, _ = read_runs(arguments.csv, facts)
    values = fit(runs, facts, today)
    sources = sorted({run.source for run in runs})
    held_out: list[Pair] = []
    moved: dict[Constant, float] = dict.fromkeys(values, 0.0)
    for source in sources:
        without = fit(runs, facts, today, source)
        constants = from_table(table(without, NO_INTERVALS, today))
        held_out += pairs([run for run in runs if run.source == source], constants, facts)
        for constant, value in values.items():
            moved[constant] += math.log(without[constant] / value) ** 2
    errors = {one: max(math.sqrt(square), _prior(one) / 3) for one, square in moved.items()}
    text = written(values, errors, intervals(held_out), today, sources)
    print(text)
    if arguments.write:
        DATA.write_text(text, encoding="utf-8")


def _prior(constant: Constant) -> float:
    return constant.spread


def written(
    values: Mapping[Constant, float],
    errors: Mapping[Constant, float],
    widths: Mapping[str, object],
    today: date,
    sources: list[str],
) -> str:
    """The text of ``calibration.toml``."""
    full = table(values, widths, today)
    by_name = {(one.part, one.name): error for one, error in errors.items()}
    lines = [HEADER + f"fitted = {today.isoformat()}", f"sources = {sources}".replace("'", '"')]
    for part in ("memory", "time", "matmul_share", "attention_share"):
        lines.append(f"\n[{part}]")
        for name, one in full[part].items():
            value = one["value"]
            error = value * by_name.get((part, name), OTHER_GPUS)
            lines.append(f"{name} = {{ value = {value:.4g}, error = {error:.2g} }}")
    lines.append("\n[intervals]")
    for name, width in widths.items():
        if isinstance(width, dict):
            inner = ", ".join(f"{kind} = {one}" for kind, one in width.items())
            lines.append(f"{name} = {{ {inner} }}")
        else:
            lines.append(f"{name} = {width}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
