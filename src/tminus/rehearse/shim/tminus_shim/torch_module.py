"""torch itself: the GPUs that the container asked for, and a watch over training loops and files."""

from __future__ import annotations

from typing import Any

from . import collectives, cuda, files, gpus, loop, tensors
from .state import without_gpu


def adapt(module: Any) -> None:
    """Adapt torch as soon as it is imported."""
    if gpus.count() and without_gpu():
        cuda.adapt(module)
        tensors.adapt(module)
        collectives.adapt(module)
    loop.adapt(module)
    files.adapt(module)
