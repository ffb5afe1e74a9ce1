"""``tminus launch``: the real run, behind the checks and the plan, with a budget and a deadline."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tminus.cli import EXIT_FOUND, EXIT_OK, UserError
from tminus.facts import Facts
from tminus.report.style import Style
from tminus.script import Script, ScriptError

if TYPE_CHECKING:
    from tminus.launch.gate import Gate
    from tminus.launch.record import RunRecord
    from tminus.launch.run import LaunchOptions
    from tminus.launch.watch import Snapshot


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "launch",
        usage="%(prog)s SCRIPT[::FUNCTION] [options] [-- ARG ...]",
        help="the real run, behind the checks, with a budget and a deadline",
        description=(
            "Check and plan a script, and run it with your own client and profile, detached. Errors of the "
            "checks, and a plan over the budget or past the deadline, stop it before it costs anything. Exit "
            "codes: 0 the run finished (or was started, with --detach), 1 it was refused, failed or was "
            "stopped, 2 it could not be started."
        ),
    )
    add = parser.add_argument
    add("script", metavar="SCRIPT[::FUNCTION]", help="the Modal script, as `modal run` takes it")
    add_limit_flags(parser)
    add("--rehearse", action="store_true", help="first rehearse it here, with one preemption")
    add("--rehearsal", type=Path, metavar="FILE", help="the record of a rehearsal of this very script")
    add("--dry-run", action="store_true", help="say what would be launched, and stop there")
    parser.set_defaults(run=run)


def add_limit_flags(parser: argparse._ActionsContainer) -> None:
    """Add what a launch and a resume have in common."""
    add = parser.add_argument
    add("--budget", type=_dollars, metavar="USD", help="what the run may cost; it is stopped, saved, before")
    add(
        "--deadline",
        type=_deadline,
        metavar="WHEN",
        help="when it has to be over: 6h from now, or 2026-12-01T08:00; it is stopped, saved, before",
    )
    add("--yes", action="store_true", help="launch without asking")
    add("--detach", action="store_true", help="start it, and do not watch")
    add("--guard-poll", type=float, help=argparse.SUPPRESS)


def _dollars(text: str) -> float:
    try:
        amount = float(text.removeprefix("$"))
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise argparse.ArgumentTypeError(f"a number of US dollars above 0 is expected, not {text}")
    return amount


def _deadline(text: str) -> float:
    from tminus.train.durations import FORM, parse_duration_s

    try:
        return time.time() + parse_duration_s(text)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: {FORM}, or a time such as 2026-12-01T08:00") from None
    if when <= time.time():
        raise argparse.ArgumentTypeError(f"{text} is in the past")
    return when


def run(options: argparse.Namespace) -> int:
    """Examine, ask, launch, watch."""
    from tminus.launch.run import LaunchOptions

    name, _, function = options.script.partition("::")
    path = Path(name)
    record = _rehearsed(path, function, options)
    how = LaunchOptions(
        function=function or None,
        arguments=options.passed_on,
        budget_usd=options.budget,
        deadline_s=options.deadline,
        rehearsal=None if record is None else str(record),
        guard_poll_s=options.guard_poll,
    )
    return launch_script(path, how, options, dry_run=options.dry_run)


def launch_script(
    path: Path, how: LaunchOptions, options: argparse.Namespace, *, dry_run: bool = False
) -> int:
    """Examine a script, ask its user, launch it and watch it.

    Args:
        path: The script.
        how: How to launch it.
        options: The flags of `add_limit_flags`.
        dry_run: Stop after saying what would be launched.

    Returns:
        The exit code.
    """
    from tminus.launch.gate import examine
    from tminus.launch.history import observed
    from tminus.launch.record import kept_runs
    from tminus.report.launch_text import gate_text

    facts, style = Facts.bundled(), Style.of(sys.stdout)
    try:
        script = Script.read(path)
    except ScriptError as error:
        raise UserError(str(error)) from error
    gate = examine(
        script,
        facts,
        budget_usd=how.budget_usd,
        seconds_left=None if how.deadline_s is None else how.deadline_s - time.time(),
        rehearsal=None if how.rehearsal is None else _read_rehearsal(Path(how.rehearsal), path),
        seen=observed(kept_runs()),
    )
    print(gate_text(gate, style, budget_usd=how.budget_usd, deadline_s=how.deadline_s))
    if gate.refusals:
        return EXIT_FOUND
    if dry_run:
        return EXIT_OK
    if importlib.util.find_spec("modal") is None:
        raise UserError("launching needs Modal's client, not installed here: pip install modal")
    if not options.yes and not _agreed():
        return EXIT_FOUND
    return _launch_and_watch(path, gate, facts, how, options, style)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise UserError("nobody can be asked whether to launch: stdin is no terminal. Give --yes")
    return input("Launch it? [y/N] ").strip().lower() in {"y", "yes"}


def _launch_and_watch(
    path: Path, gate: Gate, facts: Facts, how: LaunchOptions, options: argparse.Namespace, style: Style
) -> int:
    from tminus.launch.client import LaunchError
    from tminus.launch.record import RunStatus, RunStore
    from tminus.launch.run import launch
    from tminus.launch.watch import LOOK_EVERY_S, follow
    from tminus.report.launch_text import outcome_text

    store = RunStore()
    try:
        started = launch(path, gate, facts, how, store, _say)
    except LaunchError as error:
        raise UserError(str(error)) from error
    if options.detach:
        print(f"{started.record.id}  to see how it goes: tminus runs show {started.record.id}")
        return EXIT_OK
    record: RunRecord = started.record
    try:
        record = follow(started, store, _print_line, _Status(style), options.guard_poll or LOOK_EVERY_S)
    except KeyboardInterrupt:
        print(
            f"\n{record.id} goes on. To see how: tminus runs show {record.id}. To stop it, saved: "
            f"tminus runs stop {record.id}",
            file=sys.stderr,
        )
        return EXIT_OK
    print(outcome_text(record, style))
    return EXIT_OK if record.status is RunStatus.FINISHED else EXIT_FOUND


class _Status:
    """Shows the state of a run on stderr, no more often than a reader wants it."""

    _EVERY_S = 15.0

    def __init__(self, style: Style) -> None:
        self._style = style
        self._last = float("-inf")

    def __call__(self, snapshot: Snapshot) -> None:
        from tminus.report.launch_text import snapshot_line

        if time.monotonic() - self._last >= self._EVERY_S:
            self._last = time.monotonic()
            _say(snapshot_line(snapshot))


def _print_line(line: str) -> None:
    if line.strip():
        print(f"  {line}", flush=True)


def _say(line: str) -> None:
    print(f"tminus: {line}", file=sys.stderr, flush=True)


def _rehearsed(path: Path, function: str, options: argparse.Namespace) -> Path | None:
    """The record of the rehearsal that was asked for, made now with ``--rehearse``."""
    if not options.rehearse:
        return options.rehearsal  # type: ignore[no-any-return]
    from tminus.cli import main

    directory = Path(".tminus/rehearsals") / f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    target = f"{path}::{function}" if function else str(path)
    main(["rehearse", target, "--preempt", "1", "--output", str(directory)])
    return directory / "rehearsal.json"


def _read_rehearsal(record: Path, script: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        rehearsed = found["script"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{record}: not the record of a rehearsal: {error}") from error
    if Path(rehearsed).name != script.name:
        raise UserError(f"{record}: the rehearsal of {rehearsed}, not of {script}")
    if script.stat().st_mtime > record.stat().st_mtime:
        raise UserError(f"{record}: {script} was changed after this rehearsal; rehearse it again: --rehearse")
    return found
