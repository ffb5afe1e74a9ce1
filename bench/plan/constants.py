"""The constants that are fitted: where each starts, how sure that is, and what it is judged by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of `tminus.estimate.calibration.Calibration`.

    Attributes:
        part: Its table in ``calibration.toml``.
        name: Its name there.
        start: What it is believed to be before any measurement, from the source named beside it.
        spread: Standard deviation of the logarithm of that belief.
        fitted: Whether measurements change it; else no row tells it apart from the others.
        most: What it cannot exceed.
    """

    part: str
    name: str
    start: float
    spread: float
    fitted: bool = True
    most: float = math.inf


MEMORY = (
    Constant("memory", "allocator_slack", 0.1, 0.5),
    Constant("memory", "sharded_slack", 0.15, 0.5),
    Constant("memory", "logits_slack", 1.0, 0.5),
    Constant("memory", "phase_slack", 0.8, 0.3),
    Constant("memory", "expandable_slack", 0.08, 0.5),
    # Runs that filled their card: the full fine-tunes of fms-acceleration, 74.8 GiB of 79.1.
    Constant("memory", "minimum_slack", 0.02, 0.5, fitted=False),
    Constant("memory", "cuda_context_gib", 0.6, 0.2),
    # No row separates NCCL's buffers from the context.
    Constant("memory", "nccl_gib", 0.7, 0.3),
)

TIME = (
    # cuBLAS reaches 270 to 290 of 312 TFLOP/s on large products on an A100, 600 to 750 of 989 on an H100.
    Constant("matmul_share", "A100", 0.75, 0.1, most=0.92),
    Constant("matmul_share", "H100", 0.62, 0.1, most=0.8),
    # FlashAttention-2 forward and backward: about 190 of 312 on an A100, 350 to 500 of 989 on an H100
    # (https://arxiv.org/abs/2307.08691, https://arxiv.org/abs/2407.08608).
    Constant("attention_share", "A100", 0.55, 0.15, most=0.8),
    Constant("attention_share", "H100", 0.4, 0.15, most=0.8),
    # Streaming kernels reach 0.75 to 0.9.
    Constant("time", "bandwidth_share", 0.8, 0.08, most=0.92),
    Constant("time", "dequantise_share", 0.45, 0.3),
    Constant("time", "gptq_share", 0.1, 0.4),
    Constant("time", "adapter_traffic", 0.8, 0.25),
    Constant("time", "kernel_launch_s", 1e-5, 0.25),
    Constant("time", "matmul_memory", 0.4, 0.3, most=1.0),
    # 450 GB/s of bus bandwidth on 2 × 8 H100 with RDMA in Modal's own benchmark is all of NVLink's one-way
    # rate (https://github.com/modal-labs/multinode-training-guide/blob/main/benchmark/README.md).
    Constant("time", "link_share", 0.8, 0.1),
    Constant("time", "exposed_communication", 0.2, 0.4, most=0.5),
)

OTHER_GPUS = 0.25
"""Standard deviation of the logarithm of the shares of GPUs without published runs."""


def table(values: Mapping[Constant, float], intervals: Mapping[str, Any], fitted: Any) -> dict[str, Any]:
    """Values as ``calibration.toml`` holds them; other GPUs get the mean of those that were measured."""
    found: dict[str, Any] = {part: {} for part in ("memory", "time", "matmul_share", "attention_share")}
    for constant, value in values.items():
        found[constant.part][constant.name] = {"value": value}
    for part in ("matmul_share", "attention_share"):
        shares = [one["value"] for one in found[part].values()]
        found[part]["other"] = {"value": sum(shares) / len(shares)}
    return {**found, "intervals": dict(intervals), "fitted": fitted}
