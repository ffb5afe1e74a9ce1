"""How fast a run is, how much of the GPU that uses, how long it takes yet, and what it has cost so far."""

from __future__ import annotations

import re
import resource
import sys
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from tminus.facts import Facts, GpuType
from tminus.train.allowance import Allowance
from tminus.train.config import TrainConfig

_WINDOW = 50
"""Logged steps over which the time that is left is told."""


@dataclass(slots=True)
class Meter:
    """Measures a run from the lines that it logs."""

    ranks: int = 1
    flops_per_token: float | None = None
    """Operations that the model needs for a token, recomputation not counted; None where it is not known."""

    peak_flops: float | None = None
    """Operations a second of one GPU; None without a GPU that is known."""

    usd_per_s: float | None = None
    """Price of all containers; None where it is not known."""

    spent_s: float = 0.0
    """Seconds of earlier attempts."""

    started: float = field(default_factory=time.time)
    """When this attempt began, in seconds since the epoch."""

    _seen: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=_WINDOW))

    def begin(self, step: int, tokens: int) -> None:
        """Start to count at a step, with the tokens that were trained on before."""
        self._seen.clear()
        self._seen.append((time.monotonic(), step, tokens))

    def measure(self, step: int, total: int, tokens: int) -> dict[str, float | None]:
        """The figures since the last call.

        Args:
            step: Optimizer steps done.
            total: Optimizer steps of the run.
            tokens: Tokens trained on so far, over all ranks.

        Returns:
            `tokens_per_s`, `mfu` (share of the GPUs' peak), `memory_gib` (a rank's), `eta_s`, `usd` (so far);
            None where something is not known.
        """
        now = time.monotonic()
        before = self._seen[-1] if self._seen else None
        first = self._seen[0] if self._seen else None
        self._seen.append((now, step, tokens))
        speed = _rate(before, now, tokens - before[2]) if before else None
        pace = _rate(first, now, step - first[1]) if first else None
        return {
            "tokens_per_s": speed,
            "mfu": self._mfu(speed),
            "memory_gib": memory_gib(),
            "eta_s": (total - step) / pace if pace else None,
            "usd": None if self.usd_per_s is None else self.usd_per_s * self._seconds(),
        }

    def _seconds(self) -> float:
        return self.spent_s + time.time() - self.started

    def _mfu(self, speed: float | None) -> float | None:
        if speed is None or self.flops_per_token is None or self.peak_flops is None:
            return None
        return speed * self.flops_per_token / (self.peak_flops * self.ranks)


def _rate(before: tuple[float, int, int], now: float, count: int) -> float | None:
    return count / (now - before[0]) if now > before[0] and count > 0 else None


def memory_gib() -> float:
    """The most memory that this process had: of its GPU where it has one, else of the host. In GiB."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return float(torch.cuda.max_memory_reserved()) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # KiB on Linux


def model_flops_per_token(config: TrainConfig, model_config: Any) -> float | None:
    """Operations of forward and backward pass for one token of a full sequence, without recomputation.

    None for a model whose shape the planner does not read.
    """
    from tminus.estimate.flops import token_work
    from tminus.facts.configs import shape_of_config
    from tminus.train.planned import training_job

    try:
        shape = shape_of_config(model_config.to_dict(), config.model)
    except (ValueError, KeyError, TypeError):
        return None
    job = replace(training_job(config, shape, 1, None), gradient_checkpointing=False)
    work = token_work(job, config.seq_len)
    return work.matmul_flops + work.attention_flops


def known_gpu(name: str, memory_gib: float, facts: Facts) -> GpuType | None:
    """The documented GPU type of a device, by the name that its driver gives.

    Args:
        name: Such as `NVIDIA A100-SXM4-80GB`.
        memory_gib: Of the device, which tells cards of one name apart.
        facts: The documented types.
    """
    words = set(re.split(r"[^A-Z0-9]+", name.upper().replace("A10G", "A10")))
    fitting = [
        gpu
        for gpu in facts.gpus.values()
        if re.split(r"[^A-Z0-9]+", gpu.name.upper())[0] in words and gpu.pinned_by is None
    ]
    return min(fitting, key=lambda gpu: abs(gpu.usable_gib - memory_gib), default=None)


def run_meter(config: TrainConfig, trainer: Any, ranks: int, spent_s: float) -> Meter:
    """The meter of an attempt, with what is known of the model, the device and the price.

    Args:
        config: The run.
        trainer: Its trainer.
        ranks: Number of ranks.
        spent_s: Seconds of earlier attempts.
    """
    import torch

    allowance = Allowance.here(ranks)
    meter = Meter(ranks, usd_per_s=allowance.usd_per_s, spent_s=spent_s, started=allowance.started)
    if torch.cuda.is_available():
        device = torch.cuda.get_device_properties(torch.cuda.current_device())
        gpu = known_gpu(device.name, device.total_memory / 2**30, Facts.bundled())
        meter.peak_flops = None if gpu is None else gpu.bf16_tflops * 1e12
        meter.flops_per_token = model_flops_per_token(config, trainer.model.config)
    return meter
