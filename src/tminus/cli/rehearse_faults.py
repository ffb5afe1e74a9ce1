"""The flags of ``tminus rehearse`` that say what goes wrong, and campaigns of such faults."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.cli import EXIT_FOUND, EXIT_OK, UserError
from tminus.cli.rehearse_standins import stand_in_arguments

if TYPE_CHECKING:
    from tminus.rehearse import Fault, Faults, Rehearsal, RehearsalOptions
    from tminus.script import Script


def add_fault_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say what goes wrong."""
    add = parser.add_argument_group(
        "faults",
        "WHEN is @step:12, @30s, @save:2 or @commit:1 (in the middle of the n-th file of tensors or commit), "
        "or @resume (in the load after a first fault). A number instead spreads so many over the training. "
        "Preemption and the loss of a container cost no retry; the others do.",
    ).add_argument
    for flag, metavar, words in (
        ("--preempt", "N|@WHEN", "take the container back: SIGINT, grace period, SIGKILL"),
        ("--kill", "N|@WHEN", "take the container away at once"),
        ("--kill-rank", "RANK@step:S", "SIGKILL one rank"),
        ("--oom", "N|@WHEN", "end the container as the kernel does when it is out of memory"),
        ("--timeout-at", "N|@WHEN", "let the function's timeout be over"),
        ("--disk-full", "N|@save:S", "no space is left in the S-th save"),
        ("--fault", "KIND@WHEN", "any of these by name, such as kill@save:2"),
    ):
        add(flag, action="append", default=[], metavar=metavar, help=words)
    add("--during", choices=("save", "commit", "resume"), help="when the --preempt or --kill comes")
    add("--rpc-errors", type=float, default=0.0, metavar="RATE", help="share of containers' calls that fail")
    add("--slow-volume", type=float, default=0.0, metavar="S", help="seconds by which every commit is late")
    add("--seed", type=int, default=0, help="of what is drawn at random (default 0)")
    words = "rehearse N times with random faults, and stop at the first run that loses something"
    add("--campaign", type=int, default=0, metavar="N", help=words)


def faults_of(options: argparse.Namespace) -> Faults:
    """The faults that the flags ask for.

    Raises:
        UserError: A flag asks for something that cannot be made.
    """
    from tminus.rehearse import Faults

    if not 0 <= options.rpc_errors < 1:
        raise UserError(f"--rpc-errors {options.rpc_errors:g}: a share from 0 to less than 1 is needed")
    if options.slow_volume < 0 or options.campaign < 0:
        raise UserError("--slow-volume and --campaign: numbers from 0 on are needed")
    return Faults.of(
        [fault for flag, spec in _specs(options) for fault in _parse(flag, spec)],
        rpc_error_rate=options.rpc_errors,
        volume_delay_s=options.slow_volume,
        seed=options.seed,
    )


def _specs(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Each flag that asks for faults, as it was given, with the fault that it means: ``3*kill`` for three."""
    for spec in options.fault:
        yield f"--fault {spec}", spec
    for flag, kind, given in (
        ("preempt", "preempt", options.preempt),
        ("kill", "kill", options.kill),
        ("oom", "oom", options.oom),
        ("timeout-at", "timeout", options.timeout_at),
        ("disk-full", "disk-full", options.disk_full),
    ):
        for one in given:
            when = f"@{options.during}" if options.during and kind in ("preempt", "kill") else ""
            if kind == "disk-full":
                when = "@save"
            yield f"--{flag} {one}", f"{one}*{kind}{when}" if one.isdigit() else f"{kind}{one}"
    for one in options.kill_rank:
        yield f"--kill-rank {one}", f"kill-rank:{one}"
    if options.during and not (options.preempt or options.kill):
        yield f"--during {options.during}", f"kill@{options.during}"


def _parse(flag: str, spec: str) -> list[Fault]:
    from tminus.rehearse import Fault

    count, star, one = spec.partition("*")
    try:
        return [Fault.parse(one)] * int(count) if star else [Fault.parse(spec)]
    except ValueError as error:
        raise UserError(f"{flag}: {error}") from error


def run_campaign(
    script: Script,
    how: RehearsalOptions,
    options: argparse.Namespace,
    directory: Path,
    finish: Callable[[Rehearsal], None],
    say: Callable[[str], None],
) -> int:
    """Rehearse with faults drawn at random until one loses something; print a line for each."""
    from tminus.rehearse import Status, campaign

    passed = run_count = 0
    for run in campaign(script, how, options.campaign, options.seed, directory, say):
        status = run.rehearsal.verdict.status
        asked = shlex.join(run.faults.arguments()) or "without faults"
        print(f"{run.number:>4}  {status.value:<12}  {asked}", flush=True)
        if run.lost:
            finish(run.rehearsal)
            command = ["tminus", "rehearse", options.script, *stand_in_arguments(options)]
            command += ["--steps", str(options.steps)] if options.steps is not None else []
            command += ["--ranks", str(options.ranks), "--seq-len", str(options.seq_len)]
            command += ["--python", str(options.python)] if options.python else []
            command += ["--build-images"] if options.build_images else []
            command += ["--network"] if options.network else []
            print(f"again     {shlex.join([*command, *run.faults.arguments()])}")
            return EXIT_FOUND
        if run.number:
            run_count += 1
            passed += status is Status.PASSED
    print(f"{passed} of {run_count} passed, none lost anything")
    return EXIT_OK
