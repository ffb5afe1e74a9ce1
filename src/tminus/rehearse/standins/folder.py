"""Writing a folder so that it is complete or not there at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tminus.durable import fsync_path


@contextmanager
def appearing_whole(directory: Path) -> Iterator[Path]:
    """A temporary folder beside `directory` that takes its name, flushed to disk, when the block ends well.

    If another process made `directory` meanwhile, that one stays and this one is thrown away.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        yield temporary
        temporary.chmod(0o755)  # mkdtemp leaves it to its owner; containers may run as another user
        for path in (*temporary.rglob("*"), temporary):
            fsync_path(path)
        try:
            temporary.rename(directory)
        except OSError:
            if not directory.is_dir():
                raise
        fsync_path(directory.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
