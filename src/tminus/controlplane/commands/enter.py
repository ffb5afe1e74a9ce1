"""The command line that runs a command where a container runs: in its namespaces, with its rights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tminus.controlplane.sandbox import Isolation
from tminus.controlplane.sandbox.bubblewrap import CAPABILITIES
from tminus.controlplane.sandbox.detect import Mode


def environment_of(pid: int) -> dict[str, str]:
    """The variables that a process was started with.

    Raises:
        OSError: It is gone.
    """
    raw = Path(f"/proc/{pid}/environ").read_bytes()
    pairs = (entry.partition(b"=") for entry in raw.split(b"\0") if entry)
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, _, value in pairs}


def command_line(
    pid: int,
    isolation: Isolation,
    command: Sequence[str],
    *,
    workdir: str = "",
    terminal: bool = False,
) -> list[str]:
    """Wrap a command. Its variables, secrets among them, do not belong here: everybody can read it.

    Args:
        pid: The interpreter of the container, as this machine numbers it.
        isolation: What containers run in.
        command: What to run.
        workdir: Where it runs, as the container sees it; where the interpreter runs if it is empty.
        terminal: Whether its standard input is a terminal of its own.
    """
    # The leader of a terminal's session has to be one of the container's own processes.
    inside = ["setsid", "--ctty", "--wait"] if terminal else []
    inside += [*(["env", f"--chdir={workdir}"] if workdir else []), *command]
    if isolation.mode is Mode.PLAIN:
        return ["env", f"--chdir=/proc/{pid}/cwd", *inside]
    wrapped = ["nsenter", f"--target={pid}"]
    if isolation.user_namespace:
        wrapped += ["--user", "--preserve-credentials"]
    wrapped += ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
    kept = ",".join(f"+{name.removeprefix('CAP_').lower()}" for name in CAPABILITIES)
    return [*wrapped, "setpriv", "--inh-caps=-all", f"--bounding-set=-all,{kept}", *inside]
