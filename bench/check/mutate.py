"""Whether anything makes the check fail or hang: mutated scripts, and every file of large packages.

    python bench/check/mutate.py --files 20000 --results bench/results

Each file goes the whole way: parsing, every rule, every fix, a second check, and every format of the output.
The filter that leaves out files without an app is not used. A file that is no Python has to be reported as
TM000; any other exception is an internal error, and more than `LIMIT_S` for one file is a hang.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import sysconfig
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from mutations import ROOT, mutants, scripts_of_the_repository

from tminus.check import Safety
from tminus.check.batch import check_source, unreadable
from tminus.check.config import FORMATS
from tminus.check.task import Checked, Task
from tminus.plan.findings import with_plan
from tminus.report.findings_formats import rendered
from tminus.report.findings_outcome import Outcome
from tminus.report.style import Style
from tminus.script import ScriptError, Source

LIMIT_S = 20.0
"""Longest time for one file in seconds; real files take a hundredth of a second."""
PACKAGES = ("modal", "trl", "transformers", "peft", "accelerate", "datasets")
_TASK = Task(safeties=(Safety.SAFE, Safety.UNSAFE), extend=with_plan)


class HangError(BaseException):
    """A file took longer than the limit. No `Exception`: nothing on the way may take it for its own."""


@dataclass
class Tally:
    """What was seen of some files.

    Attributes:
        files: How many were checked.
        python: How many of them were Python.
        with_findings: How many had a finding of a rule.
        errors: Where an internal error was raised, to how often and the text of one such file.
        slowest: The longest times in seconds with what took them.
        digests: Of the texts: one that was seen before is not checked again.
    """

    files: int = 0
    python: int = 0
    with_findings: int = 0
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    digests: set[bytes] = field(default_factory=set)
    seconds: float = 0.0

    def add(self, path: Path, data: bytes) -> None:
        """Check one file and count what happens."""
        digest = hashlib.blake2b(data, digest_size=8).digest()
        if digest in self.digests:
            return
        self.digests.add(digest)
        start = time.perf_counter()
        self.files += 1
        try:
            with time_limit(LIMIT_S):
                checked = examine(path, data)
            self.python += checked.readable
            self.with_findings += checked.readable and bool(checked.findings)
        except (Exception, HangError) as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__}: {error} at {Path(frame.filename).name}:{frame.lineno}"
            count, text = self.errors.get(place, (0, data.decode("utf-8", "backslashreplace")))
            self.errors[place] = (count + 1, f"{traceback.format_exc()}\n{text}" if not count else text)
        taken = time.perf_counter() - start
        self.seconds += taken
        self.slowest = sorted([*self.slowest, (taken, str(path))], reverse=True)[:5]

    def join(self, other: Tally) -> None:
        """Take in what another process saw."""
        self.files += other.files
        self.python += other.python
        self.with_findings += other.with_findings
        for place, (count, text) in other.errors.items():
            self.errors[place] = (self.errors.get(place, (0, text))[0] + count, text)
        self.slowest = sorted([*self.slowest, *other.slowest], reverse=True)[:5]
        self.digests |= other.digests
        self.seconds += other.seconds


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `HangError` in this thread after some seconds."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise HangError(f"over {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def examine(path: Path, data: bytes) -> Checked:
    """Check a file's bytes, make every fix, and print the rest in every format."""
    try:
        checked = check_source(Source.of_bytes(path, data), _TASK)
    except (UnicodeDecodeError, SyntaxError) as error:
        checked = unreadable(path, ScriptError(f"{path}: {error}"))
    sources = {} if checked.source is None else {path: checked.source}
    outcome = Outcome(checked.findings, checked.places, [path], sources, ROOT)
    for how in FORMATS:
        rendered(outcome, how, Style(False))
    return checked


def mutate(count: int, seed: int, scripts: list[tuple[Path, str]]) -> Tally:
    """Check that many mutated scripts."""
    tally = Tally()

    @hypothesis.seed(seed)
    @settings(
        max_examples=4 * count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutants(scripts))
    def one(mutant: tuple[Path, str]) -> None:
        if tally.files < count:
            path, text = mutant
            tally.add(path, text.encode("utf-8", "surrogatepass"))

    one()
    return tally


def check_all(paths: Iterable[Path]) -> Tally:
    """Check files as they are."""
    tally = Tally()
    for path in paths:
        tally.add(path, path.read_bytes())
    return tally


def packages() -> dict[str, list[Path]]:
    """The files of the standard library and of installed packages."""
    found = {"standard library": Path(sysconfig.get_path("stdlib"))}
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            found[name] = Path(spec.origin).parent
    return {name: list(_modules(folder)) for name, folder in found.items()}


def _modules(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        if "site-packages" not in path.relative_to(folder).parts:
            yield path


def summary(name: str, tally: Tally) -> str:
    """A row of the table."""
    hangs = sum(count for place, (count, _) in tally.errors.items() if place.startswith("HangError"))
    errors = sum(count for count, _ in tally.errors.values()) - hangs
    slowest, where = max(tally.slowest, default=(0.0, ""))
    mean = 1000 * tally.seconds / max(1, tally.files)
    return (
        f"| {name} | {tally.files:,} | {tally.python:,} | {tally.with_findings:,} "
        f"| {errors} | {hangs} | {mean:.0f} ms | {slowest:.2f} s ({Path(where).name}) |"
    )


def main() -> int:
    """Check, print the table, and write it; 1 where something failed or hung."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20_000, help="how many mutated scripts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scripts", type=Path, help="a folder of more scripts to mutate")
    parser.add_argument("--no-packages", action="store_true", help="leave out the files of packages")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, help="folder to write to")
    options = parser.parse_args()
    paths = scripts_of_the_repository() + sorted(options.scripts.rglob("*.py") if options.scripts else [])
    scripts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    load, tallies = os.getloadavg()[0], dict[str, Tally]()
    with multiprocessing.get_context("fork").Pool(options.processes) as pool:
        share = -(-options.files // 8)
        work = partial(mutate, share, scripts=scripts)
        print(f"{share * 8:,} mutations of {len(scripts)} scripts", file=sys.stderr)
        tallies["mutated scripts"] = joined(pool.imap_unordered(work, range(options.seed, options.seed + 8)))
        for name, files in {} if options.no_packages else packages().items():
            print(f"{name}: {len(files):,} files", file=sys.stderr)
            tallies[name] = joined(pool.imap_unordered(check_all, [files[n::32] for n in range(32)]))
    errors = {place: found for tally in tallies.values() for place, found in tally.errors.items()}
    for place, (count, text) in errors.items():
        print(f"\n== {count} × {place}\n{text}", file=sys.stderr)
    report(tallies, options, len(scripts), load)
    return 1 if errors else 0


def recorded(tally: Tally) -> dict[str, Any]:
    """A tally for the JSON file."""
    return {
        "files": tally.files,
        "python": tally.python,
        "with_findings": tally.with_findings,
        "errors": {place: count for place, (count, _) in tally.errors.items()},
        "seconds": round(tally.seconds, 1),
        "slowest": [[round(seconds, 3), Path(path).name] for seconds, path in tally.slowest],
    }


def joined(parts: Iterable[Tally]) -> Tally:
    """What several processes saw."""
    whole = Tally()
    for part in parts:
        whole.join(part)
    return whole


def report(tallies: dict[str, Tally], options: argparse.Namespace, scripts: int, load: float) -> None:
    """Print the table, and write it with its JSON."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    today = datetime.now(UTC).date().isoformat()
    lines = [
        f"# What makes `tminus check` fail, {today}",
        "",
        f"tminus {commit.stdout.strip()}, Python {platform.python_version()}, hypothesis "
        f"{hypothesis.__version__}, seed {options.seed}, {os.cpu_count()} cores, load {load:.1f} before. "
        f"{scripts} scripts were mutated. Made by `bench/check/mutate.py`: parsing, every rule with its "
        "plan, every fix, a second check, every format.",
        "",
        "| files | all different | Python | with findings | internal errors | hangs | mean | slowest |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(summary(name, tally) for name, tally in tallies.items()),
    ]
    counted = Counter({place: n for tally in tallies.values() for place, (n, _) in tally.errors.items()})
    lines += ["", *(f"- {n} × {place}" for place, n in counted.most_common())] if counted else []
    print("\n".join(lines))
    if options.results is not None:
        options.results.mkdir(parents=True, exist_ok=True)
        name = f"check-mutations-{today}"
        (options.results / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        document = {one: recorded(tally) for one, tally in tallies.items()}
        text = json.dumps({"date": today, "commit": commit.stdout.strip(), **document}, indent=2)
        (options.results / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
