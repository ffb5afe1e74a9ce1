"""Committing a Modal volume, so that what was written outlives the container."""

from __future__ import annotations

import time
from collections.abc import Callable

_PAUSES_S = (0.5, 1.0, 2.0)
"""Waits between attempts: together far below the grace that a preempted container has."""

_OPEN_FILES = "open files"
"""The client reloads after a commit; with files open that reload fails, after the commit has been done."""


def commit_volume(name: str, say: Callable[[str], None]) -> Exception | None:
    """Commit a volume by name, trying again on errors.

    Works in a Modal container that mounts the volume, and in processes started by one.

    Args:
        name: Name of the volume.
        say: Takes one line for the user.

    Returns:
        The last error, or None once the commit is done.
    """
    import modal

    failure: Exception | None = None
    started = time.monotonic()
    for pause_s in (*_PAUSES_S, None):
        try:
            modal.Volume.from_name(name).commit()
        except Exception as error:  # the client raises errors of its own, of grpclib and of the system
            if _OPEN_FILES in str(error):
                say(f"volume {name}: committed; not reloaded, because files on it are open")
                return None
            failure = error
            if pause_s is not None:
                say(f"volume {name}: commit failed ({type(error).__name__}: {error}); again in {pause_s:g} s")
                time.sleep(pause_s)
        else:
            say(f"volume {name}: committed in {time.monotonic() - started:.1f} s")
            return None
    return failure
