"""The shim's settings, its lines on standard error and its events. Standard library only."""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module

TYPE_CHECKING = False  # importing typing would cost every process
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_settings: dict[str, Any] = {}
_said: set[str] = set()
_events: int | None = None


def load(path: str) -> dict[str, Any] | None:
    """Read the settings; None, and a line that says so, if they cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs start time
            _settings.update(json.load(file))
    except (OSError, ValueError) as error:
        say(f"this process runs as it is, for the settings cannot be read: {error}")
        return None
    return _settings


def setting(name: str) -> Any:
    """A setting by its name in `ShimSettings`."""
    return _settings[name]


def adapt_with(support: str, module: ModuleType) -> None:
    """Adapt `module` by the function of a support module: `module:function`, or its `adapt`.

    A failure is told, not raised: the script's import goes on, and the rehearsal knows what was not adapted.
    """
    try:
        name, _, function = support.partition(":")
        getattr(import_module(name), function or "adapt")(module)
    except Exception as error:
        say(f"could not adapt {module.__name__}: {type(error).__name__}: {error}")
        record("not_adapted", module=module.__name__, error=f"{type(error).__name__}: {error}")


def once(name: str) -> bool:
    """Whether this is the first call with that name in the whole rehearsal, over all its processes."""
    path = os.path.join(os.path.dirname(_settings["events_file"]), f"done-{name}")  # noqa: PTH118, PTH120
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
    except FileExistsError:
        return False
    return True


def say(line: str) -> None:
    """Print a line on standard error, once a process, from the first rank of a container only."""
    if line in _said or os.environ.get("LOCAL_RANK", "0") != "0":
        return
    _said.add(line)
    print(f"tminus rehearse: {line}", file=sys.stderr, flush=True)


def change(what: str, old: Any, new: Any, why: str) -> None:
    """Tell and record one change that the shim made."""
    say(f"{what} {old} -> {new} ({why})")
    record("change", what=what, old=str(old), new=str(new), why=why)


def record(event: str, **values: Any) -> None:
    """Append an event to the events file: one line, one write, so that lines of processes do not mix."""
    line = {
        "event": event,
        "time": time.time(),
        "task_id": os.environ.get("MODAL_TASK_ID", ""),
        "pid": os.getpid(),
        "rank": int(os.environ.get("RANK", "0")),
        **values,
    }
    try:
        os.write(_events_descriptor(), (json.dumps(line, default=str) + "\n").encode())
    except OSError as error:
        say(f"events are lost: {error}")


def without_gpu() -> bool:
    """Whether this machine has no GPU that torch can use."""
    import torch

    # A script is told of the GPUs that its container asked for; this asks the machine.
    available = getattr(torch.cuda.is_available, "__wrapped__", torch.cuda.is_available)
    return not available()


def _events_descriptor() -> int:
    global _events
    if _events is None:
        _events = os.open(
            _settings["events_file"], os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666
        )
        size = os.fstat(_events).st_size
        # A process killed in its write leaves half a line; what follows must not be joined to it.
        if size and os.pread(_events, 1, size - 1) != b"\n":
            os.write(_events, b"\n")
    return _events
