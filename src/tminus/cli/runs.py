"""``tminus runs``: the runs that were launched from here: list, show, logs, stop, resume."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.cli import EXIT_OK, UserError
from tminus.cli.launch import add_limit_flags, launch_script
from tminus.facts import Facts
from tminus.report.style import Style

if TYPE_CHECKING:
    from tminus.launch.record import RunRecord, RunStore


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("runs", help="the runs launched from here: list, show, logs, stop, resume")
    parser.set_defaults(run=_list, format="text", limit=20)
    verbs = parser.add_subparsers(metavar="COMMAND")
    _verb(verbs, "list", "the newest runs, as this machine knows them", _list, of_one=False).add_argument(
        "--limit", type=int, default=20, metavar="N", help="how many (default 20)"
    )
    _verb(verbs, "show", "everything about one run, after a look at the service", _show)
    _verb(verbs, "logs", "what a run printed", _logs)
    _verb(verbs, "stop", "let a run save, and stop it", _stop)
    resume = _verb(verbs, "resume", "launch a run again: it goes on from its newest checkpoint", _resume)
    add_limit_flags(resume)


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    words: str,
    do: object,
    *,
    of_one: bool = True,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=words)
    if of_one:
        parser.add_argument("id", metavar="ID", help="the run, or the beginning of its id, or last")
    if name in {"list", "show"}:
        parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed")
    parser.set_defaults(run=do)
    return parser


def _list(options: argparse.Namespace) -> int:
    from tminus.report.launch_text import runs_table

    records = _store().all()[: options.limit]
    if options.format == "json":
        print(json.dumps([one.to_dict() for one in records], indent=2))
    else:
        print(runs_table(records, Style.of(sys.stdout)))
    return EXIT_OK


def _show(options: argparse.Namespace) -> int:
    from tminus.launch.bill import BillError
    from tminus.launch.control import OtherServiceError, billed, refreshed
    from tminus.report.launch_text import run_text

    store = _store()
    record = _found(store, options.id)
    try:
        record = refreshed(record, store)
        if record.status.is_over and record.app_id is not None:
            record = billed(record, store)
    except OtherServiceError as error:
        print(f"tminus: as it was last seen: {error}", file=sys.stderr)
    except BillError as error:
        print(f"tminus: no bill: {error}", file=sys.stderr)
    if options.format == "json":
        print(json.dumps(record.to_dict(), indent=2))
    else:
        print(run_text(record, Style.of(sys.stdout)))
    return EXIT_OK


def _logs(options: argparse.Namespace) -> int:
    from tminus.launch.control import OtherServiceError, output_of

    store = _store()
    try:
        print(output_of(_found(store, options.id), store), end="")
    except OtherServiceError as error:
        raise UserError(str(error)) from error
    return EXIT_OK


def _stop(options: argparse.Namespace) -> int:
    from tminus.launch.control import OtherServiceError, stop
    from tminus.report.launch_text import outcome_text

    store = _store()
    record = _found(store, options.id)
    if record.status.is_over:
        raise UserError(f"{record.id}: there is nothing to stop, it is {record.status.value}")
    try:
        stopped = stop(record, store, Facts.bundled())
    except OtherServiceError as error:
        raise UserError(str(error)) from error
    print(outcome_text(stopped, Style.of(sys.stdout)))
    return EXIT_OK


def _resume(options: argparse.Namespace) -> int:
    from tminus.launch.control import OtherServiceError, refreshed
    from tminus.launch.run import LaunchOptions

    store = _store()
    record = _found(store, options.id)
    try:
        record = refreshed(record, store)
    except OtherServiceError as error:
        raise UserError(str(error)) from error
    if not record.status.is_over:
        raise UserError(f"{record.id} still runs: tminus runs stop {record.id}")
    path = Path(record.script)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(
            f"{path}: {error.strerror}; the script of {record.id} is needed to resume it"
        ) from error
    if digest != record.script_sha256:
        print(f"tminus: {path} was changed since {record.id} was launched", file=sys.stderr)
    how = LaunchOptions(
        function=record.function,
        arguments=record.arguments,
        budget_usd=options.budget,
        deadline_s=options.deadline,
        resumes=record.id,
        guard_poll_s=options.guard_poll,
    )
    return launch_script(path, how, options)


def _store() -> RunStore:
    from tminus.launch.record import RunStore

    return RunStore()


def _found(store: RunStore, run_id: str) -> RunRecord:
    from tminus.launch.record import UnknownRunError

    try:
        return store.get(run_id)
    except UnknownRunError as error:
        raise UserError(str(error)) from error
