"""Moments at which a rank kills itself by SIGKILL: within a save, within a rename, within a resume."""

from __future__ import annotations

import functools
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CALLS = ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir")


def die_in_save(draw: random.Random) -> None:
    """Die before one of the system calls of a save: of its files, its manifest, its renames, its pruning."""
    left = draw.randrange(90)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return call(*args, **kwargs)

        return wrapped

    for name in _CALLS:
        setattr(os, name, counted(getattr(os, name)))


def die_in_rename(draw: random.Random) -> None:
    """Die right before or right after a checkpoint gets its name."""
    nth, after = draw.randrange(1, 5), draw.random() < 0.5
    rename = Path.rename
    seen = 0

    def watched(self: Path, target: Any) -> Any:
        nonlocal seen
        final = Path(target).name.startswith("checkpoint-")
        seen += final
        if final and seen == nth and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = rename(self, target)
        if final and seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    Path.rename = watched  # type: ignore[method-assign]


def die_in_resume(draw: random.Random) -> None:
    """Die while a checkpoint is verified or loaded."""
    import torch

    import tminus.train.manifest as manifest

    left = draw.randrange(14)

    def watch(call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return call(*args, **kwargs)

        return watched

    manifest.file_sha256 = watch(manifest.file_sha256)
    torch.load = watch(torch.load)
