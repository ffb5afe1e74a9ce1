"""``tminus local``: Modal on this machine, for the user's own `modal` commands."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.cli import EXIT_FOUND, EXIT_OK, UserError
from tminus.cli.interpreter import interpreter_at

if TYPE_CHECKING:
    from tminus.controlplane.local import LocalFolder, ServiceRecord

FOLLOW_S = 0.2


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "local",
        help="serve Modal on this machine, for your own modal commands",
        description='tminus local up && eval "$(tminus local env)"; then modal run, modal deploy and so on.',
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    up = actions.add_parser("up", help="start the service, in the background")
    up.add_argument("--foreground", action="store_true", help="serve here, until Ctrl-C")
    up.add_argument("--port", type=int, help="port on loopback (default: the last time's, or any)")
    up.add_argument("--workspace-plan", default="team", help="starter, team or enterprise: whose limits hold")
    up.add_argument(
        "--isolation", choices=("auto", "plain"), default="auto", help="plain: without bubblewrap, shows less"
    )
    words = "interpreter whose modal and packages containers have (default: the service's own)"
    up.add_argument("--python", type=Path, metavar="PATH", help=words)
    words = "install the packages of images, cached, instead of using those of the interpreter"
    up.add_argument("--build-images", action="store_true", help=words)
    words = "keep containers off this machine's network: they reach nothing beyond loopback"
    up.add_argument("--no-network", action="store_true", help=words)
    up.set_defaults(run=_up)

    down = actions.add_parser("down", help="stop the service and its containers; its state stays")
    down.set_defaults(run=_down)

    status = actions.add_parser("status", help="say whether the service runs; exit code 1 if it does not")
    status.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed")
    status.set_defaults(run=_status)

    env = actions.add_parser("env", help="print the variables that lead modal to the service")
    env.add_argument("--format", choices=("sh", "fish", "json"), default="sh", help="how they are printed")
    env.add_argument("--unset", action="store_true", help="print what removes them again")
    env.set_defaults(run=_env)

    logs = actions.add_parser("logs", help="print what happened, output of containers included")
    logs.add_argument("-n", "--tail", type=int, default=100, metavar="N", help="last N events (default 100)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as events come")
    logs.add_argument("--format", choices=("text", "json"), default="text", help="how they are printed")
    logs.set_defaults(run=_logs)

    for action in (up, down, status, env, logs):
        action.add_argument(
            "--state", type=Path, metavar="DIR", help="folder of its state (default: in your data folder)"
        )


def _up(options: argparse.Namespace) -> int:
    from tminus.controlplane import Isolation, StoreError
    from tminus.controlplane.local import LocalServiceError, LocalSettings, serve, start
    from tminus.facts import Facts

    try:
        Facts.bundled().plan(options.workspace_plan)
    except KeyError as error:
        raise UserError(str(error.args[0])) from error
    folder = _folder(options)
    service = folder.service()
    if service is not None:
        return _say_up(folder, service, "already serving")
    try:
        if options.foreground:
            isolation = Isolation.PLAIN if options.isolation == "plain" else None
            settings = LocalSettings(
                options.port,
                isolation,
                workspace_plan=options.workspace_plan,
                interpreter=interpreter_at(options.python) if options.python else None,
                build_images=options.build_images,
                network=not options.no_network,
            )
            serve(folder, settings, lambda line: print(line, flush=True))
            return EXIT_OK
        arguments = [f"--workspace-plan={options.workspace_plan}", f"--isolation={options.isolation}"]
        if options.port is not None:
            arguments.append(f"--port={options.port}")
        if options.python is not None:
            interpreter_at(options.python)
            arguments.append(f"--python={options.python.absolute()}")
        if options.build_images:
            arguments.append("--build-images")
        if options.no_network:
            arguments.append("--no-network")
        service = start(folder, arguments)
    except (OSError, StoreError, LocalServiceError) as error:
        raise UserError(str(error)) from error
    return _say_up(folder, service, "serving")


def _say_up(folder: LocalFolder, service: ServiceRecord, how: str) -> int:
    print(f"{how} at {service.url}, state in {folder.path}")
    for line in service.not_shown:
        print(f"not shown: {line}")
    print('lead modal there: eval "$(tminus local env)"')
    return EXIT_OK


def _down(options: argparse.Namespace) -> int:
    from tminus.controlplane.local import LocalServiceError, stop

    folder = _folder(options)
    try:
        stopped = stop(folder)
    except LocalServiceError as error:
        raise UserError(str(error)) from error
    print("stopped" if stopped else f"no service runs in {folder.path}")
    return EXIT_OK


def _status(options: argparse.Namespace) -> int:
    from tminus.controlplane.local import ask
    from tminus.report.local_text import status_json, status_text

    folder = _folder(options)
    service = folder.service()
    health = ask(service.url, folder.credentials()) if service is not None else None
    if options.format == "json":
        print(json.dumps(status_json(folder.path, service, health), indent=2))
    else:
        print(status_text(folder.path, service, health, time.time()))
    return EXIT_OK if health is not None else EXIT_FOUND


def _env(options: argparse.Namespace) -> int:
    from tminus.controlplane import client_environment

    folder = _folder(options)
    service = folder.service()
    if service is None and not options.unset:
        raise UserError(f"no service runs in {folder.path}; start it: tminus local up")
    url = service.url if service is not None else ""
    variables = client_environment(url, folder.credentials(), folder.client_config)
    if options.unset:
        names = [name for name in variables if name.startswith("MODAL_")]
        print("\n".join(f"set -e {n};" if options.format == "fish" else f"unset {n}" for n in names))
        return EXIT_OK
    _print_variables(_beside_own_proxies(variables), options.format)
    return EXIT_OK


def _beside_own_proxies(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, with what the user keeps from the proxy already."""
    joined = dict(variables)
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [*os.environ.get(name, "").split(","), joined[name]]
        joined[name] = ",".join(dict.fromkeys(host for host in hosts if host))
    return joined


def _print_variables(variables: Mapping[str, str], form: str) -> None:
    if form == "json":
        print(json.dumps(variables, indent=2))
        return
    for name, value in variables.items():
        quoted = shlex.quote(value)
        print(f"set -gx {name} {quoted};" if form == "fish" else f"export {name}={quoted}")


def _logs(options: argparse.Namespace) -> int:
    from tminus.report.local_text import event_line

    folder = _folder(options)
    if options.tail < 0:
        raise UserError(f"--tail {options.tail}: give a number of events, 0 or more")
    if not folder.events.exists():
        raise UserError(f"no service has run in {folder.path}; start one: tminus local up")

    def show(line: str) -> None:
        print(line.rstrip("\n") if options.format == "json" else event_line(json.loads(line)), flush=True)

    with folder.events.open(encoding="utf-8") as file:
        lines = file.readlines()
        for line in lines[len(lines) - min(options.tail, len(lines)) :]:
            if line.endswith("\n"):
                show(line)
        part = lines[-1] if lines and not lines[-1].endswith("\n") else ""
        try:
            while options.follow:
                part += file.readline()
                if part.endswith("\n"):
                    show(part)
                    part = ""
                else:
                    time.sleep(FOLLOW_S)
        except KeyboardInterrupt:
            print(file=sys.stderr)
    return EXIT_OK


def _folder(options: argparse.Namespace) -> LocalFolder:
    missing = [name for name in ("modal", "aiohttp") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"serving Modal needs {', '.join(missing)}, not installed here. "
            "Install what is missing: pip install 'tminus[rehearse]'"
        )
    from tminus.controlplane.local import LocalFolder

    return LocalFolder(options.state)
