"""Random faults over the example scripts: is the verdict ever wrong?

    python bench/faults/run.py --runs 300 --seed 1 --minutes 4 --results bench/results/faults.json
    python bench/faults/run.py --runs 300 --seed 1 --again 17 --results bench/results/faults.json

Each script in `examples/rehearse` is sound, or has one known mistake. A verdict is wrong if a sound script
fails, or if a script with a mistake passes although its mistake was hit. Whether it was hit is read from
the record, not from the verdict: for a script that never resumes, a start after a checkpoint was committed;
for one that saves under the final name, a file that was read with another content than any finished write
had.

Verdicts that leave something open are counted apart, each with its reason: a moment that never came, a
machine too slow for the time that a rehearsal has. The runs go through the scripts in turn, one a seed. With
`--results`, every run is added to that file as it ends, seeds that are in it are left out, and a page beside
it says what all of them came to: so 300 runs can be made in pieces. `--again` makes some of them anew.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tminus.durable import write_json, write_text
from tminus.rehearse import History, Rehearsal, RehearsalOptions, Shrink, Status, random_faults, rehearse
from tminus.script import Script

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "rehearse"
STEPS = 24
TIMEOUT_S = 280


def _began_anew(history: History) -> bool:
    """Whether a start came after a checkpoint was committed, and took no notice of it."""
    return any(
        history.committed_before(attempt.began_s) and attempt.resumed_from == 0
        for attempt in history.attempts
    )


def _read_half(history: History) -> bool:
    """Whether a file was read that no finished write had left so."""
    finished = {(write.path, write.content) for write in history.writes}
    begun = {write.path for write in history.writes}
    return any(read.path in begun and (read.path, read.content) not in finished for read in history.reads)


# The scripts, and how their mistake shows in a record; None for those without one.
SCRIPTS: dict[str, Callable[[History], bool] | None] = {
    "torchrun_loop": None,
    "accelerate_loop": None,
    "config_file": None,
    "trl_no_resume": _began_anew,
    "half_written": _read_half,
}


def main() -> int:
    """Run, print a line for each, write the results; exit code 1 if a verdict was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next ones follow")
    parser.add_argument("--minutes", type=float, help="begin no further run after so many minutes")
    parser.add_argument("--again", type=int, nargs="+", default=[], help="make the runs of these seeds anew")
    parser.add_argument("--keep", type=Path, help="folder for the records of runs that are not right")
    parser.add_argument("--results", type=Path, help="file for the results; those in it are kept")
    options = parser.parse_args()
    runs = _read(options.results)
    end = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    for number in range(options.runs):
        seed = options.seed + number
        wanted = seed in options.again if options.again else seed not in runs
        if time.monotonic() > end or not wanted:
            continue
        run = runs[seed] = _one(list(SCRIPTS)[number % len(SCRIPTS)], seed, options.keep)
        print(f"{seed:>4}  {run['judged']:<6} {run['status']:<13} {run['command']}", flush=True)
        if options.results:
            _write(options.results, runs)
    judged = Counter(str(run["judged"]) for run in runs.values())
    print(f"{len(runs)} runs: {judged['right']} right, {judged['open']} open, {judged['wrong']} wrong")
    return 1 if judged["wrong"] else 0


def _read(path: Path | None) -> dict[int, dict[str, Any]]:
    if path is None or not path.exists():
        return {}
    return {run["seed"]: run for run in json.loads(path.read_text("utf-8"))["runs"]}


def _write(path: Path, runs: dict[int, dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = [runs[seed] for seed in sorted(runs)]
    machine = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "steps": STEPS,
    }
    write_json(path, {**machine, "counts": Counter(str(run["judged"]) for run in ordered), "runs": ordered})
    write_text(path.with_suffix(".md"), _page(machine, ordered))


def _page(machine: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    lines = [
        "# Random faults over the example scripts",
        "",
        f"{len(runs)} runs of {machine['steps']} steps on {machine['cores']} cores, Python "
        f"{machine['python']}; made by `bench/faults/run.py`.",
        "",
        "| script | runs | right | open | wrong | passed | failed | with its mistake hit |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, mistake in SCRIPTS.items():
        of_script = [run for run in runs if run["script"] == name]
        judged = Counter(run["judged"] for run in of_script)
        status = Counter(run["status"] for run in of_script)
        hit = str(sum(run["hit"] for run in of_script)) if mistake else ""
        counts = [len(of_script), judged["right"], judged["open"], judged["wrong"]]
        counts += [status["passed"], status["failed"]]
        lines.append(f"| {name} | {' | '.join(map(str, counts))} | {hit} |")
    kinds = Counter(kind for run in runs for kind in run["faults"])
    lines += ["", f"Faults: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}.", ""]
    for run in runs:
        if run["judged"] != "right":
            why = "; ".join(run["reasons"]) or "no reason was given"
            lines += [f"- {run['judged']}: `{run['command']}` ({run['commit']}): {why}"]
    return "\n".join([*lines, ""])


def _one(name: str, seed: int, keep: Path | None) -> dict[str, Any]:
    path = EXAMPLES / f"{name}.py"
    ranks = 2 if name in ("torchrun_loop", "trl_no_resume") else 1
    faults = random_faults(seed, STEPS, ranks, costs_retry=True)
    options = RehearsalOptions(
        faults=faults, shrink=Shrink(steps=STEPS, steps_told=True), timeout_s=TIMEOUT_S
    )
    began, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="tminus-bench-") as folder:
        done = rehearse(Script.read(path), options, Path(folder) / "record", lambda line: None)
        mistake = SCRIPTS[name]
        hit = mistake is not None and mistake(done.history)
        judged = _judged(done, hit)
        if keep is not None and judged != "right":
            keep.mkdir(parents=True, exist_ok=True)
            (Path(folder) / "record").rename(keep / f"{seed}-{name}-{time.strftime('%H%M%S')}")
    return {
        "script": name,
        "seed": seed,
        "command": shlex.join(["tminus", "rehearse", str(path.relative_to(ROOT)), *faults.arguments()]),
        "faults": [one.kind.value for one in faults.events]
        + ["rpc-errors"] * bool(faults.rpc_error_rate)
        + ["slow-volume"] * bool(faults.volume_delay_s),
        "status": done.verdict.status.value,
        "hit": hit,
        "judged": judged,
        "reasons": list(done.verdict.reasons),
        "seconds": round(time.monotonic() - began, 1),
        "load": round(load, 1),
        "day": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
    }


def _judged(done: Rehearsal, hit: bool) -> str:
    status = done.verdict.status
    if hit:
        return "right" if status is Status.FAILED else "wrong"
    if status is Status.PASSED:
        return "right"
    too_slow = done.history.client_exit is None
    return "open" if too_slow or status is Status.INCONCLUSIVE else "wrong"


def _commit() -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
