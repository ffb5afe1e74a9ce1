"""Random faults over the example scripts: is the verdict ever wrong?

    python bench/faults/run.py --runs 300 --seed 1 --results bench/results

Each script in `examples/rehearse` is sound, or has one known mistake. A verdict is wrong if a sound script
fails, or if a script with a mistake passes although its mistake was hit. Whether it was hit is read from
the record, not from the verdict: for a script that never resumes, a start after a checkpoint was committed;
for one that saves under the final name, a file that was read with another content than any finished write
had.

Verdicts that leave something open are counted apart: a moment that never came, a machine too slow for the
time that a rehearsal has. The runs go through the scripts in turn; the command that is printed repeats a
run.
"""

from __future__ import annotations

import argparse
import platform
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tminus.durable import write_json
from tminus.rehearse import History, Rehearsal, RehearsalOptions, Shrink, Status, random_faults, rehearse
from tminus.script import Script

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "rehearse"
STEPS = 24


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
    """Run, print a line for each, write the result; exit code 1 if a verdict was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="begin no further run after so many minutes")
    parser.add_argument("--results", type=Path, help="folder for the result")
    options = parser.parse_args()
    runs: list[dict[str, object]] = []
    end = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    for number in range(options.runs):
        if time.monotonic() > end:
            break
        runs.append(_one(list(SCRIPTS)[number % len(SCRIPTS)], options.seed + number))
        print(
            f"{number + 1:>4}  {runs[-1]['judged']:<6} {runs[-1]['status']:<13} {runs[-1]['command']}",
            flush=True,
        )
    judged = Counter(str(run["judged"]) for run in runs)
    print(f"{len(runs)} runs: {judged['right']} right, {judged['open']} open, {judged['wrong']} wrong")
    if options.results:
        day = datetime.now(UTC).date().isoformat()
        document = {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "day": day,
            "runs": runs,
        }
        options.results.mkdir(parents=True, exist_ok=True)
        write_json(options.results / f"faults-{day}.json", {**document, "counts": dict(judged)})
    return 1 if judged["wrong"] else 0


def _one(name: str, seed: int) -> dict[str, object]:
    path = EXAMPLES / f"{name}.py"
    faults = random_faults(
        seed, STEPS, 2 if name in ("torchrun_loop", "trl_no_resume") else 1, costs_retry=True
    )
    options = RehearsalOptions(faults=faults, shrink=Shrink(steps=STEPS), timeout_s=280)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tminus-bench-") as folder:
        done = rehearse(Script.read(path), options, Path(folder), lambda line: None)
    return {
        "script": name,
        "seed": seed,
        "command": shlex.join(["tminus", "rehearse", str(path.relative_to(ROOT)), *faults.arguments()]),
        "status": done.verdict.status.value,
        "judged": _judged(done, SCRIPTS[name]),
        "reasons": done.verdict.reasons,
        "seconds": round(time.monotonic() - began, 1),
    }


def _judged(done: Rehearsal, mistake: Callable[[History], bool] | None) -> str:
    status = done.verdict.status
    hit = mistake is not None and mistake(done.history)
    if hit:
        return "right" if status is Status.FAILED else "wrong"
    if status is Status.PASSED:
        return "right"
    too_slow = done.history.client_exit is None
    return "open" if too_slow or status is Status.INCONCLUSIVE else "wrong"


if __name__ == "__main__":
    sys.exit(main())
