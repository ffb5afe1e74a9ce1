"""``tminus rehearse``: run a script on a local control plane, interrupt it, and judge what came back."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from tminus.cli import EXIT_FOUND, EXIT_OK, UserError
from tminus.cli.interpreter import interpreter_at
from tminus.cli.rehearse_faults import add_fault_flags, faults_of, run_campaign
from tminus.cli.rehearse_standins import add_standin_flags, stand_ins_of


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("rehearse", help="run a script here, shrunk and interrupted, and judge it")
    add = parser.add_argument
    add("script", metavar="SCRIPT[::FUNCTION]", help="the Modal script, as `modal run` takes it")
    add_fault_flags(parser)
    add_standin_flags(parser)
    words = "optimizer steps to shrink the training to (default: max_steps where the script sets it, else 24)"
    add("--steps", type=int, help=words)
    words = "most ranks that train in a container (default 2)"
    add("--ranks-per-container", "--ranks", dest="ranks", type=int, default=2, metavar="N", help=words)
    add("--seq-len", type=int, default=64, help="longest sequence, in tokens (default 64)")
    add("--timeout", type=float, default=900, metavar="S", help="longest time in seconds (default 900)")
    words = "workspace plan whose limits hold: starter, team (the default) or enterprise"
    add("--plan", "--workspace-plan", dest="workspace_plan", default="team", metavar="PLAN", help=words)
    add(
        "--isolation", choices=("auto", "plain"), default="auto", help="plain: without bubblewrap, shows less"
    )
    words = "interpreter whose modal and packages run the script and its containers (default: own)"
    add("--python", type=Path, metavar="PATH", help=words)
    words = "install the packages of images, cached, instead of using those of the interpreter"
    add("--build-images", action="store_true", help=words)
    add("--network", action="store_true", help="let containers reach what this machine reaches")
    add("--output", type=Path, help="folder for the record (default .tminus/rehearsals/SCRIPT-TIME)")
    add("--reference", action="store_true", help="also run without faults, and compare the losses")
    add("--keep", action="store_true", help="keep volumes and stand-ins on disk")
    add("--format", choices=("text", "json"), default="text", help="how the result is printed")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Rehearse; print the result on stdout and progress on stderr."""
    rehearse_missing_extra()
    from tminus.controlplane import Isolation
    from tminus.durable import write_json, write_text
    from tminus.facts import Facts
    from tminus.rehearse import Faults, Rehearsal, RehearsalOptions, Shrink, Status, rehearse
    from tminus.report.paths import shown
    from tminus.report.rehearsal_json import rehearsal_json
    from tminus.report.rehearsal_text import rehearsal_text
    from tminus.report.style import Style
    from tminus.report.timeline import timeline_svg
    from tminus.script import Script, ScriptError

    path, _, function = options.script.partition("::")
    for name in ("steps", "ranks", "seq_len"):
        given = getattr(options, name)
        if given is not None and given < 1:
            raise UserError(f"--{name.replace('_', '-')} {given}: at least 1 is needed")
    try:
        Facts.bundled().plan(options.workspace_plan)
    except KeyError as error:
        raise UserError(f"--plan: {error.args[0]}") from error
    faults = faults_of(options)
    try:
        script = Script.read(Path(path))
    except ScriptError as error:
        raise UserError(str(error)) from error
    stamp = time.strftime("%Y%m%d-%H%M%S")
    directory = (options.output or Path(".tminus/rehearsals") / f"{script.path.stem}-{stamp}").resolve()
    if directory.exists() and any(directory.iterdir()):
        raise UserError(f"{directory}: the folder for the record is not empty; name another with --output")
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {line}", file=sys.stderr, flush=True)

    shrink = Shrink(ranks_per_container=options.ranks, seq_len=options.seq_len)
    if options.steps is not None:
        shrink = replace(shrink, steps=options.steps, steps_told=True)
    how = RehearsalOptions(
        faults=faults,
        shrink=shrink,
        timeout_s=options.timeout,
        function=function or None,
        workspace_plan=options.workspace_plan,
        isolation=Isolation.PLAIN if options.isolation == "plain" else None,
        interpreter=interpreter_at(options.python) if options.python else None,
        build_images=options.build_images,
        network=options.network,
        keep=options.keep,
        stand_ins=stand_ins_of(options),
    )

    def finish(rehearsal: Rehearsal) -> None:
        """Write the record, and print the result."""
        document = rehearsal_json(rehearsal)
        write_json(rehearsal.directory / "rehearsal.json", document)
        write_text(rehearsal.directory / "timeline.svg", timeline_svg(rehearsal))
        if options.format == "json":
            print(json.dumps(document, indent=2, ensure_ascii=False))
            return
        print(rehearsal_text(rehearsal, Style.of(sys.stdout)))
        print(f"timeline  {shown(rehearsal.directory / 'timeline.svg')}")
        print(f"record    {shown(rehearsal.directory / 'rehearsal.json')}")

    if options.campaign:
        return run_campaign(script, how, options, directory, finish, say)
    if options.reference:
        say("first without faults")
        undisturbed = rehearse(script, replace(how, faults=Faults()), directory / "reference", say)
        how = replace(how, reference=undisturbed.history)
    rehearsal = rehearse(script, how, directory, say)
    finish(rehearsal)
    return EXIT_OK if rehearsal.verdict.status is Status.PASSED else EXIT_FOUND


def rehearse_missing_extra() -> None:
    """Say what to install where the rehearsal's own requirements are missing."""
    import importlib.util

    missing = [
        name
        for name in ("modal", "aiohttp", "torch", "transformers")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise UserError(
            f"rehearsing needs {', '.join(missing)}, not installed here. "
            "Install them: pip install 'tminus[rehearse,train]'"
        )
