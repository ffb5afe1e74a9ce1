"""What is decided from the hardware, each with its reason in words that are printed."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from typing import Any, Literal

from tminus.train.config import TrainConfig
from tminus.train.errors import ConfigError, SetupError, TrainError

Precision = Literal["bfloat16", "float32"]

_BF16_SINCE = (8, 0)
"""Compute capability from which NVIDIA's tensor cores take bfloat16 and TF32: Ampere
(https://docs.nvidia.com/cuda/ampere-tuning-guide/)."""

_TRACKERS = {"tensorboard": "tensorboard", "trackio": "trackio", "wandb": "wandb"}


@dataclass(frozen=True, slots=True)
class Decisions:
    """Device, number format, attention, optimizer and kernels of a run."""

    gpu: bool
    weights: Precision
    """Format in which the base model's weights are held (for qlora: in which they are computed with)."""

    autocast: bool
    """Whether matrix products run in bfloat16 while weights and sums stay wider."""

    tf32: bool
    """Whether products of float32 may be rounded to TF32."""

    attention: str
    optimizer: str
    """By the name that transformers gives it."""

    liger: bool
    reasons: tuple[str, ...]
    """One line a decision."""


def decide(config: TrainConfig) -> Decisions:
    """Choose device, number format, attention, optimizer and kernels for this machine.

    Raises:
        ConfigError: Something is asked for that this machine cannot do.
        SetupError: A package that is asked for is not installed.
        TrainError: Several GPUs are visible to a process that was not started by torchrun.
    """
    import torch

    require_trackers(config)
    if not torch.cuda.is_available():
        return _on_cpu(config)
    visible = torch.cuda.device_count()
    if visible > 1 and "LOCAL_RANK" not in os.environ:
        raise TrainError(
            f"{visible} GPUs are visible to one process. Start one rank a GPU with tminus.train.torchrun("
            f"config, nproc_per_node={visible}), or show it one GPU with CUDA_VISIBLE_DEVICES=0."
        )
    index = int(os.environ.get("LOCAL_RANK", "0"))
    name = torch.cuda.get_device_name(index)
    return on_gpu(config, name, torch.cuda.get_device_capability(index))


def require_trackers(config: TrainConfig) -> None:
    """Refuse trackers that are not installed.

    Raises:
        SetupError: Names the command that installs the first of them.
    """
    for tracker in config.report_to:
        if importlib.util.find_spec(_TRACKERS[tracker]) is None:
            raise SetupError(
                f"report_to: found {tracker!r}, but the package {_TRACKERS[tracker]} is not installed. "
                f"pip install {_TRACKERS[tracker]}, or leave it out: metrics.jsonl is written in any case."
            )


def _on_cpu(config: TrainConfig) -> Decisions:
    needs_gpu = {
        "attention": config.attention == "flash_attention_2",
        "optimizer": config.optimizer in ("adamw_8bit", "paged_adamw_8bit"),
        "liger": config.liger is True,
        "activation_offloading": config.activation_offloading,
    }
    for field, needed in needs_gpu.items():
        if needed:
            raise ConfigError(
                f"{field}: found {getattr(config, field)!r}, but no CUDA device is visible, and it needs "
                f"one. Leave {field} out on a CPU.",
                field=field,
            )
    attention = "sdpa" if config.attention == "auto" else config.attention
    optimizer = "adamw_torch" if config.optimizer == "auto" else config.optimizer
    bf16 = config.precision == "bfloat16"
    return Decisions(
        gpu=False,
        weights="bfloat16" if bf16 else "float32",
        autocast=False,
        tf32=False,
        attention=attention,
        optimizer=optimizer,
        liger=False,
        reasons=(
            "device=cpu, gloo: no CUDA device is visible",
            "dtype=bfloat16: asked for" if bf16 else "dtype=float32: bfloat16 is slower than float32 on CPUs",
            f"attention={attention}: {_ASKED if config.attention != 'auto' else _SDPA}",
            f"optimizer={optimizer}: {_ASKED if config.optimizer != 'auto' else 'part of torch'}",
        ),
    )


_ASKED = "asked for"
_SDPA = "part of torch; packed rows are kept apart by their positions"


def on_gpu(config: TrainConfig, name: str, capability: tuple[int, int]) -> Decisions:
    """Decide for a GPU by its compute capability.

    Raises:
        ConfigError: The GPU cannot do what is asked for.
        SetupError: A package that is asked for is not installed.
    """
    able = capability >= _BF16_SINCE
    if config.precision == "bfloat16" and not able:
        raise ConfigError(
            f"precision: found 'bfloat16', but {name} has compute capability {capability[0]}."
            f"{capability[1]}, and bfloat16 needs {_BF16_SINCE[0]}.{_BF16_SINCE[1]}. Set precision to "
            "float32, or choose an A10, L4, L40S, A100 or newer.",
            field="precision",
        )
    bf16 = able and config.precision != "float32"
    attention, attention_reason = _attention(config, bf16)
    liger, liger_reason = _liger(config)
    # A full fine-tune in bfloat16 is only what is asked for: small updates vanish in such weights.
    full = config.method == "full" and config.precision != "bfloat16"
    asked = config.optimizer != "auto"
    optimizer = config.optimizer if asked else "adamw_torch_fused"
    return Decisions(
        gpu=True,
        weights="bfloat16" if bf16 and not full else "float32",
        autocast=bf16,
        tf32=able,
        attention=attention,
        optimizer=optimizer,
        liger=liger,
        reasons=(
            f"device=cuda, nccl: {name}",
            _precision_reason(config, able, bf16),
            f"attention={attention}: {attention_reason}",
            f"optimizer={optimizer}: {_ASKED if asked else 'one kernel for all weights'}",
            f"liger={'on' if liger else 'off'}: {liger_reason}",
        ),
    )


def _attention(config: TrainConfig, bf16: bool) -> tuple[str, str]:
    installed = importlib.util.find_spec("flash_attn") is not None
    if config.attention == "auto":
        if installed and bf16:
            return "flash_attention_2", "flash_attn is installed"
        return "sdpa", _SDPA
    if config.attention == "flash_attention_2":
        if not installed:
            raise SetupError(
                "attention: found 'flash_attention_2', but the package flash_attn is not installed. "
                "pip install flash-attn, or leave attention out: SDPA needs no package."
            )
        if not bf16:
            raise ConfigError(
                "attention: found 'flash_attention_2', but the run computes in float32, and FlashAttention "
                "takes 16-bit numbers only (https://github.com/Dao-AILab/flash-attention). Leave attention "
                "out, or set precision to bfloat16.",
                field="attention",
            )
    return config.attention, _ASKED


def _liger(config: TrainConfig) -> tuple[bool, str]:
    installed = importlib.util.find_spec("liger_kernel") is not None
    if config.liger and not installed:
        raise SetupError(
            "liger: found true, but the package liger-kernel is not installed. pip install liger-kernel, or "
            "leave liger out."
        )
    if config.liger is None:
        return installed, "liger-kernel is installed" if installed else "liger-kernel is not installed"
    return config.liger, _ASKED


def _precision_reason(config: TrainConfig, able: bool, bf16: bool) -> str:
    if not able:
        return "dtype=float32: this GPU has no bfloat16, and float16 would need loss scaling"
    if not bf16:
        return "dtype=float32, its products in TF32: asked for"
    if config.method == "full":
        if config.precision == "bfloat16":
            return "dtype=bfloat16: asked for; updates below 1/256 of a weight vanish in it"
        return "dtype=float32 with bfloat16 autocast: small updates vanish in bfloat16 weights"
    if config.method == "qlora":
        return "dtype=bfloat16: 4-bit weights are computed with in it, and TRL keeps the adapter in it"
    return "dtype=bfloat16 for the frozen base, float32 for the adapter that is trained"


def trainer_options(config: TrainConfig, decisions: Decisions) -> dict[str, Any]:
    """The decisions as arguments of TRL's trainer."""
    options: dict[str, Any] = {
        "optim": decisions.optimizer,
        "bf16": decisions.autocast,
        "use_cpu": not decisions.gpu,
        "torch_compile": config.torch_compile,
        "activation_offloading": config.activation_offloading,
        "gradient_checkpointing": config.gradient_checkpointing,
        "report_to": list(config.report_to) or "none",
    }
    if decisions.tf32:
        options["tf32"] = True
    if decisions.liger:
        options["use_liger_kernel"] = True
    return options
