"""Training loops of a script's own: every update of an optimizer, by a fingerprint of the weights.

A loop does not say which step it is at. Its weights do: a resumed loop begins with the weights that some
earlier step left, or with none that were seen before.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
from collections.abc import Iterable
from typing import Any

from . import faults
from .state import record

# Enough of a tensor to tell two updates apart; a whole model at every step would take longer than its step.
_SAMPLED = 64

_trainer_runs = False
_watched: Any = None
_updates = 0
_losses: list[float] = []


def trainer_runs(runs: bool) -> None:
    """Say that a Trainer is at work, which reports its steps itself."""
    global _trainer_runs
    _trainer_runs = runs


def steps_done() -> int:
    """Updates that this process has made, as far as they were watched."""
    return _updates


def adapt(torch: Any) -> None:
    """Watch every optimizer and every backward pass."""
    from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

    register_optimizer_step_pre_hook(_before)
    register_optimizer_step_post_hook(_after)
    _watch_losses(torch)


def _watch_losses(torch: Any) -> None:
    backward, scale = torch.Tensor.backward, torch.amp.grad_scaler.GradScaler.scale
    scaled: set[int] = set()
    inside = False

    @functools.wraps(backward)
    def watched_backward(self: Any, *positional: Any, **named: Any) -> Any:
        nonlocal inside
        # With a mode for torch functions, torch calls itself once more by its name.
        if inside or _trainer_runs:
            return backward(self, *positional, **named)
        if self.numel() == 1 and id(self) not in scaled:
            _losses.append(float(self.detach()))
        scaled.discard(id(self))
        inside = True
        try:
            return backward(self, *positional, **named)
        finally:
            inside = False

    @functools.wraps(scale)
    def watched_scale(self: Any, outputs: Any) -> Any:
        result = scale(self, outputs)
        if not _trainer_runs and hasattr(outputs, "numel") and outputs.numel() == 1:
            _losses.append(float(outputs.detach()))
            scaled.add(id(result))
        return result

    torch.Tensor.backward = watched_backward
    torch.amp.grad_scaler.GradScaler.scale = watched_scale


def _before(optimizer: Any, *_: Any) -> None:
    global _watched
    # Of several optimizers, as of a generator and a discriminator, the first one counts the updates.
    if _trainer_runs or _watched is not None:
        return
    _watched = optimizer
    weights, state = _fingerprints(optimizer)
    record(
        "loop_begin",
        step=0,
        weights=weights,
        optimizer_state=state,
        world_size=int(os.environ.get("WORLD_SIZE", "1")),
    )
    atexit.register(lambda: record("loop_end", step=_updates))


def _after(optimizer: Any, *_: Any) -> None:
    global _updates
    if _trainer_runs or optimizer is not _watched:
        return
    _updates += 1
    weights, state = _fingerprints(optimizer)
    loss = sum(_losses) / len(_losses) if _losses else None
    _losses.clear()
    record("update", step=_updates, weights=weights, optimizer_state=state, loss=loss)
    faults.at_step(_updates)


def _fingerprints(optimizer: Any) -> tuple[str, str]:
    """Of the weights that an optimizer trains, and of what it keeps for them; the latter empty at first."""
    weights = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    kept = (value for parameter in weights for value in optimizer.state.get(parameter, {}).values())
    tensors = [value for value in kept if hasattr(value, "detach") and value.numel() > 1]
    return _fingerprint(weights), _fingerprint(tensors) if tensors else ""


def _fingerprint(tensors: Iterable[Any]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for tensor in tensors:
        local = tensor.to_local() if hasattr(tensor, "to_local") else tensor
        flat = local.detach().reshape(-1)
        sample = flat[:: max(1, flat.numel() // _SAMPLED)][:_SAMPLED]
        digest.update(sample.double().contiguous().numpy().tobytes())
    return digest.hexdigest()
