"""What is decided from the hardware, each with its reason in words that are printed."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from typing import Literal

from tminus.train.config import TrainConfig
from tminus.train.errors import TrainError

Precision = Literal["bfloat16", "float32"]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Device, number format and attention of a run."""

    gpu: bool
    weights: Precision
    """Format in which the base model's weights are held (for qlora: in which they are computed with)."""

    autocast: bool
    """Whether matrix products run in bfloat16 while weights and sums stay wider."""

    attention: Literal["sdpa", "flash_attention_2"]
    reasons: tuple[str, ...]
    """One line a decision."""


def decide(config: TrainConfig) -> Decisions:
    """Choose device, number format and attention for this machine.

    Raises:
        TrainError: Several GPUs are visible to a process that was not started by torchrun.
    """
    import torch

    if not torch.cuda.is_available():
        reasons = (
            "device=cpu, gloo: no CUDA device is visible",
            "dtype=float32: bfloat16 is slower than float32 on CPUs",
            "attention=sdpa: part of torch; packed rows are kept apart by their positions",
        )
        return Decisions(gpu=False, weights="float32", autocast=False, attention="sdpa", reasons=reasons)

    visible = torch.cuda.device_count()
    if visible > 1 and "LOCAL_RANK" not in os.environ:
        raise TrainError(
            f"{visible} GPUs are visible to one process. Start one rank a GPU with tminus.train.torchrun("
            f"config, nproc_per_node={visible}), or show it one GPU with CUDA_VISIBLE_DEVICES=0."
        )
    index = int(os.environ.get("LOCAL_RANK", "0"))
    name = torch.cuda.get_device_name(index)
    bf16 = torch.cuda.get_device_capability(index) >= (8, 0)
    flash = bf16 and importlib.util.find_spec("flash_attn") is not None
    weights: Precision = "bfloat16" if bf16 and config.method != "full" else "float32"
    return Decisions(
        gpu=True,
        weights=weights,
        autocast=bf16,
        attention="flash_attention_2" if flash else "sdpa",
        reasons=(
            f"device=cuda, nccl: {name}",
            _precision_reason(config, bf16),
            "attention=flash_attention_2: flash_attn is installed"
            if flash
            else "attention=sdpa: part of torch; packed rows are kept apart by their positions",
        ),
    )


def _precision_reason(config: TrainConfig, bf16: bool) -> str:
    if not bf16:
        return "dtype=float32: this GPU has no bfloat16, and float16 would need loss scaling"
    if config.method == "full":
        return "dtype=float32 with bfloat16 autocast: small updates vanish in bfloat16 weights"
    if config.method == "qlora":
        return "dtype=bfloat16: 4-bit weights are computed with in it, and TRL keeps the adapter in it"
    return "dtype=bfloat16 for the frozen base, float32 for the adapter that is trained"
