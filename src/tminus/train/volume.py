"""Committing a Modal volume, so that what was written outlives the container."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

PATIENCE_S = 120.0
"""How long a commit that somebody waits for is tried again: the control plane may be away for a minute."""

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0

_OPEN_FILES = "open files"
"""The client reloads after a commit; with files open that reload fails, after the commit has been done."""

_LASTING = ("NotFoundError", "AuthError", "InvalidError", "PermissionDeniedError")
"""Errors of the client that trying again does not change: a wrong name, a wrong token."""


def commit_volume(
    name: str, say: Callable[[str], None], *, patience_s: float = PATIENCE_S, given_up: Event | None = None
) -> Exception | None:
    """Commit a volume by name, trying again on transient errors.

    Works in a Modal container that mounts the volume, and in processes started by one.

    Args:
        name: Name of the volume.
        say: Takes one line for the user.
        patience_s: Seconds after which no further attempt is made.
        given_up: Set when nobody waits for the commit any more.

    Returns:
        The last error, or None once the commit is done.
    """
    import modal

    given_up = given_up or Event()
    started = time.monotonic()
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            modal.Volume.from_name(name).commit()
        except Exception as error:  # the client raises errors of its own, of grpclib and of the system
            if _OPEN_FILES in str(error):
                say(f"volume {name}: committed; not reloaded, because files on it are open")
                return None
            lasting = type(error).__name__ in _LASTING
            if lasting or time.monotonic() + pause_s > started + patience_s:
                return error
            say(f"volume {name}: commit failed ({type(error).__name__}: {error}); again in {pause_s:g} s")
            if given_up.wait(pause_s):
                return error
        else:
            say(f"volume {name}: committed in {time.monotonic() - started:.1f} s")
            return None
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
