"""Faults that a process of the training has to make itself, at a moment that no one outside can hit."""

from __future__ import annotations

import errno
import os
import signal
import time
from typing import Any

from .state import once, record, say, setting

# Whoever interrupts from outside has this long to do it.
_HELD_S = 2.0
_POLL_S = 0.02

_saves = 0


def at_step(step: int) -> None:
    """Kill this rank, or wait for what interrupts it from outside, if that is to come after this step.

    Args:
        step: Updates done in this process, or by the whole run where a Trainer counts them.
    """
    for fault in setting("faults"):
        due = fault["kind"] == "kill-rank" and step >= fault["step"] and _is_rank(fault["rank"])
        if due and once(fault["id"]):
            record("fault", step=step, fault=fault["id"])
            say(f"rank {fault['rank']} is killed after step {step}")
            os.kill(os.getpid(), signal.SIGKILL)
        due = fault["kind"] == "hold-step" and step >= fault["step"] and _is_rank(0)
        if due and once(fault["id"]):
            record("held", step=step, fault=fault["id"], phase="step")
            _wait()


def at_save() -> dict[str, Any] | None:
    """The fault that the save which begins now shall meet."""
    global _saves
    if not _is_rank(0):
        return None
    _saves += 1
    for fault in setting("faults"):
        due: dict[str, Any] = fault
        if due["kind"] in ("hold-save", "disk-full") and _saves >= due["nth"] and once(due["id"]):
            return due
    return None


def write(fault: dict[str, Any], path: Any, content: bytes) -> None:
    """Write a file as the fault has it: half of it, a pause or an error, and the rest."""
    half = len(content) // 2
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(content[:half])
        file.flush()
        record("held", fault=fault["id"], phase="save", path=os.fspath(path))
        if fault["kind"] == "disk-full":
            say(f"no space is left while {os.fspath(path)} is written")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
        _wait()
        file.write(content[half:])


def at_load() -> None:
    """Pause in a load that is to be interrupted."""
    if not _is_rank(0):
        return
    for fault in setting("faults"):
        if fault["kind"] == "hold-load" and _is_armed(fault["id"]) and once(fault["id"]):
            record("held", fault=fault["id"], phase="load")
            _wait()


def _wait() -> None:
    end = time.monotonic() + _HELD_S
    while time.monotonic() < end:
        time.sleep(_POLL_S)


def _is_armed(name: str) -> bool:
    """Whether the rehearsal has come to where this fault may happen: a first interruption was there."""
    folder = os.path.dirname(setting("events_file"))  # noqa: PTH120
    return os.path.exists(os.path.join(folder, f"armed-{name}"))  # noqa: PTH110, PTH118


def _is_rank(rank: int) -> bool:
    return int(os.environ.get("RANK", "0")) == rank
