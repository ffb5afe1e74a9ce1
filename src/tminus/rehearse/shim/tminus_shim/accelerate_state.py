"""Accelerate of a script that has no Trainer: it takes the CPU and gloo, and no precision of GPUs only."""

from __future__ import annotations

import functools
from typing import Any

from .state import change, without_gpu


def adapt(module: Any) -> None:
    """Adapt the states that an Accelerator is made from."""
    if not without_gpu():
        return
    original = module.AcceleratorState.__init__

    @functools.wraps(original)
    def __init__(self: Any, mixed_precision: Any = None, *positional: Any, **named: Any) -> None:  # noqa: N807
        if str(mixed_precision) == "fp16":
            change("mixed_precision", "fp16", "no", "no GPU")
            mixed_precision = "no"
        original(self, mixed_precision, *positional, **named)

    module.AcceleratorState.__init__ = __init__
