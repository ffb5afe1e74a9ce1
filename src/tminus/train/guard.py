"""Updates that would spoil the weights: gradients that are not finite, losses that spike.

Such an update is left out on the device itself, without waiting for it: torch's fused optimizers take a flag
(`found_inf`, made for loss scaling) and leave weights and moments as they are where it is set. The host
learns of it when it reads the count, with the losses that are logged. Weights are good at all times, however
late that is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import Any

import torch

_LOSSES = 32
_FEWEST_LOSSES = 8
"""Logged losses that the median is taken of; with fewer than the second number nothing is a spike."""


class Guard:
    """Watches each update before the optimizer makes it."""

    def __init__(self, spike_factor: float | None, world_size: int) -> None:
        """Make a guard for a run.

        Args:
            spike_factor: A loss above this many times the median of the last ones is a spike; None for never.
            world_size: Ranks, whose mean loss counts.
        """
        self._spike_factor = spike_factor
        self._world_size = world_size
        self._losses: deque[float] = deque(maxlen=_LOSSES)
        self._step_loss: Any = None
        self._count: Any = None
        self._read = 0
        self.total = 0
        """Updates that were left out in the whole run, as far as they were read."""

    def restore(self, total: int, losses: Iterable[float]) -> None:
        """Take over from an earlier attempt.

        Args:
            total: Updates that it had left out.
            losses: The losses that it had logged, in order.
        """
        self.total = total
        self._losses.clear()
        self._losses.extend(loss for loss in losses if _finite(loss))

    def micro_batch(self, loss: Any) -> None:
        """Add the loss of a micro-batch to that of the step.

        Args:
            loss: A scalar on the device, scaled so that the micro-batches of a step add up to its loss.
        """
        if self._spike_factor is not None:
            self._step_loss = loss if self._step_loss is None else self._step_loss + loss

    def before_update(self, grad_norm: Any, optimizer: Any) -> None:
        """Let the optimizer leave its next update out if that is bad. Every rank decides the same.

        Args:
            grad_norm: 2-norm of all gradients, on the device.
            optimizer: The optimizer that makes the update, with gradients on its parameters.
        """
        norm = grad_norm if isinstance(grad_norm, torch.Tensor) else torch.tensor(float(grad_norm))
        bad = ~torch.isfinite(norm.detach())
        limit, loss, self._step_loss = self._limit(), self._step_loss, None
        if loss is not None:
            if self._world_size > 1:
                loss = loss.detach().clone()
                torch.distributed.all_reduce(loss)
                loss = loss / self._world_size
            if limit is not None:
                bad = bad | ~(loss.detach().reshape(()) <= limit)  # a comparison that holds for NaN too
        inner = getattr(optimizer, "optimizer", optimizer)
        if inner.defaults.get("fused"):
            inner.found_inf = bad.to(torch.float32).reshape(())
        elif bool(bad):  # other optimizers have no such flag: they leave out what has no gradient
            for group in inner.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None
        self._count = bad.to(torch.int64) if self._count is None else self._count + bad

    def read(self, loss: float | None = None) -> int:
        """Updates left out since this was last asked. Waits for the device.

        Args:
            loss: The loss that was just logged.
        """
        if loss is not None and _finite(loss):
            self._losses.append(loss)
        new = self._unread()
        self._read += new
        self.total += new
        return new

    @property
    def total_now(self) -> int:
        """Updates left out in the whole run, with those that were not read yet. Waits for the device."""
        return self.total + self._unread()

    def _unread(self) -> int:
        return 0 if self._count is None else int(self._count.item()) - self._read

    def _limit(self) -> float | None:
        if self._spike_factor is None or len(self._losses) < _FEWEST_LOSSES:
            return None
        return self._spike_factor * median(self._losses)


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")
