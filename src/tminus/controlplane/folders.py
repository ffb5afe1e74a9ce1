"""The folders of a control plane: one for what it keeps, which it has to itself, and one for its sockets."""

from __future__ import annotations

import fcntl
import tempfile
import time
from pathlib import Path
from typing import IO

LOCK = "lock"
# Whoever looks whether the lock is held, holds it for a moment.
LOCK_WAIT_S = 0.5
# What a socket's name and its folder's add to it is at most 50 bytes.
TMP_LENGTH_MAX = 56


def lock(state_dir: Path) -> IO[str]:
    """Keep other control planes out of a folder, for as long as the file is open.

    Raises:
        OSError: Another one works there.
    """
    file = (state_dir / LOCK).open("w", encoding="utf-8")
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                raise OSError(f"another control plane works in {state_dir}") from None
        time.sleep(0.02)


def socket_folder() -> Path:
    """A folder for sockets: their paths must fit 108 bytes, wherever the user's temporary files lie."""
    usual = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="tminus-", dir=usual if len(usual) <= TMP_LENGTH_MAX else "/tmp"))
