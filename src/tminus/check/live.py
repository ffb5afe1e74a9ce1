"""Looking up what a script names in the user's workspace: volumes, secrets and environments.

Only asked for with ``--live``. The installed client is run as a program, so that checking never loads it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from tminus.check.calls import is_true, text_of
from tminus.check.finding import Finding, Severity
from tminus.facts import Facts
from tminus.script import Script, Value
from tminus.script.training import LibraryCall

_TIMEOUT_S = 60


class LiveError(Exception):
    """The workspace could not be read; the message holds what the client said."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """What exists in an environment of the user's workspace.

    Attributes:
        environment: Name of the environment; None for the one that the client takes by default.
        volumes: Names of its volumes.
        secrets: Names of its secrets.
        environments: Names of the workspace's environments.
    """

    environment: str | None
    volumes: frozenset[str]
    secrets: frozenset[str]
    environments: frozenset[str]


@cache
def read_workspace(environment: str | None = None) -> Workspace:
    """Ask the client for the names of volumes, secrets and environments; once a process.

    Raises:
        LiveError: The client is not installed, has no credentials, or was refused.
    """
    where = ("--env", environment) if environment else ()
    return Workspace(
        environment,
        _names("volume", "list", *where),
        _names("secret", "list", *where),
        _names("environment", "list"),
    )


def _names(*arguments: str) -> frozenset[str]:
    command = [sys.executable, "-m", "modal", *arguments, "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise LiveError(f"modal {' '.join(arguments)}: no answer in {_TIMEOUT_S} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise LiveError(f"modal {' '.join(arguments)} failed: {said}")
    try:
        rows = json.loads(done.stdout)
    except ValueError as error:
        raise LiveError(f"modal {' '.join(arguments)} printed no JSON: {done.stdout[:200]}") from error
    return frozenset(str(value) for row in rows for key, value in row.items() if key.lower() == "name")


def missing_in(workspace: Workspace, script: Script, facts: Facts) -> Iterator[Finding]:
    """Findings for volumes, secrets and environments that the script names and the workspace lacks."""
    for call in script.library_calls:
        if call.made.receiver is not None:
            continue
        named = text_of(call.made.kwargs.get("environment_name"))
        if named is not None and named not in workspace.environments:
            yield _finding(call, "environment", named, "TM403", "volume-may-not-exist", facts)
        if named not in (None, workspace.environment):
            # Its contents were not asked for.
            continue
        name = text_of(call.made.args[0] if call.made.args else call.made.kwargs.get("name"))
        if name is None:
            continue
        match call.made.name:
            case "modal.Volume.from_name" if name not in workspace.volumes:
                if not is_true(call.made.kwargs.get("create_if_missing")):
                    yield _finding(call, "volume", name, "TM403", "volume-may-not-exist", facts)
            case "modal.Secret.from_name" if name not in workspace.secrets:
                yield _finding(call, "secret", name, "TM503", "variable-not-in-secret", facts)


def with_live(findings: list[Finding], workspace: Workspace, script: Script, facts: Facts) -> list[Finding]:
    """A script's findings, with what the workspace says in the place of what could only be supposed."""
    missing = list(missing_in(workspace, script, facts))
    # That a volume may not exist is settled now: it does, or it is among the missing. Not so in another
    # environment, whose contents were not asked for.
    elsewhere = {
        call.span.line for call in script.library_calls if _is_elsewhere(workspace, call.made.kwargs)
    }
    left = [one for one in findings if one.code != "TM403" or one.span.line in elsewhere]
    return sorted([*left, *missing], key=lambda one: (one.span.path != script.path, one.span, one.code))


def _is_elsewhere(workspace: Workspace, given: Mapping[str, Value]) -> bool:
    """Whether arguments name an environment that exists, and is not the one whose contents were read."""
    named = text_of(given.get("environment_name"))
    return named in workspace.environments and named != workspace.environment


def _finding(call: LibraryCall, what: str, name: str, code: str, rule_name: str, facts: Facts) -> Finding:
    fact = facts["volume.create_if_missing_default" if what == "volume" else "secret.guide"]
    if what == "environment":
        fact = replace(fact, id="environment.exists", source="https://modal.com/docs/guide/environments")
    return Finding(
        code=code,
        name=rule_name,
        severity=Severity.ERROR,
        span=call.span,
        message=f'there is no {what} "{name}" in the workspace: the app fails when it is loaded',
        source=fact,
        advice=f"Make it with `modal {what} create {name}`, or correct the name.",
    )
