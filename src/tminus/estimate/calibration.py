"""The calibrated constants of the estimates: what each means, and how far off it may be.

``bench/plan/fit.py`` fits them to published runs and writes ``data/calibration.toml``;
``bench/plan/score.py`` says how far off the estimates are for sources that were left out of the fit.
Everything here is a rate, a size or a share with a meaning of its own; none is a result looked up. What no
published run shows is an assumption and stands in `tminus.estimate.assumptions`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "calibration.toml"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Constants with a physical meaning.

    Attributes:
        allocator_slack: Reserved but unused memory, as a share of the activations.
        sharded_slack: The same under FSDP, whose gathered weights come and go between the activations.
        logits_slack: The same in units of one float32 copy of the logits: blocks of several GiB that later
            requests do not fill.
        phase_slack: How far the optimizer's step and the backward pass are from sharing their memory: 0 share
            all of it, 1 nothing.
        expandable_slack: What expandable segments leave unused, as a share of what is allocated.
        minimum_slack: The least that fragmentation costs when the allocator has given back all that it can,
            as a share of what is allocated.
        cuda_context_gib: CUDA context, kernels and cuBLAS workspaces of one process: what nvidia-smi shows
            above PyTorch's reserved memory.
        nccl_gib: Channels and buffers of NCCL in each process once there is more than one rank.
        bandwidth_share: Share of the documented memory bandwidth that element-wise kernels reach.
        dequantise_share: The same for bitsandbytes' dequantisation kernel.
        gptq_share: The same for those of GPTQ.
        adapter_traffic: Passes over an adapter's input and output, in units of those that
            `tminus.estimate.flops.adapter_traffic_bytes` counts.
        kernel_launch_s: Host time to launch one kernel from PyTorch's eager mode, Python included: the floor
            of a step whose rows are short.
        matmul_memory: Share of a matrix product's own memory traffic that its arithmetic does not hide. It
            makes narrow models slower: the roofline of https://doi.org/10.1145/1498765.1498785.
        link_share: Share of a link's documented rate that NCCL reaches.
        exposed_communication: Share of the communication that stays visible however much there is to
            compute meanwhile.
        matmul_share: By GPU family, the share of the dense 16-bit peak that large matrix products reach.
        attention_share: The same for scores and weighted sums.
        memory_error: Half-width of the 80 % interval of allocated memory, as a fraction.
        reserved_error: The same of reserved memory.
        step_error: By GPU family, the same of the step time.
        fitted: The day of the fit.
    """

    allocator_slack: float
    sharded_slack: float
    logits_slack: float
    phase_slack: float
    expandable_slack: float
    minimum_slack: float
    cuda_context_gib: float
    nccl_gib: float
    bandwidth_share: float
    dequantise_share: float
    gptq_share: float
    adapter_traffic: float
    kernel_launch_s: float
    matmul_memory: float
    link_share: float
    exposed_communication: float
    matmul_share: Mapping[str, float]
    attention_share: Mapping[str, float]
    memory_error: float
    reserved_error: float
    step_error: Mapping[str, float]
    fitted: date


@lru_cache(maxsize=1)
def calibration() -> Calibration:
    """The bundled constants."""
    return from_table(tomllib.loads(DATA.read_text(encoding="utf-8")))


def from_table(table: Mapping[str, Any]) -> Calibration:
    """Constants from a table as ``data/calibration.toml`` holds it."""
    scalars = {name: float(one["value"]) for part in ("memory", "time") for name, one in table[part].items()}
    shares = {
        part: {family: float(one["value"]) for family, one in table[part].items()}
        for part in ("matmul_share", "attention_share")
    }
    values: dict[str, Any] = {**scalars, **shares, **table["intervals"]}
    return Calibration(**values, fitted=table["fitted"])


def family(gpu_name: str) -> str:
    """The GPU family whose shares hold for a type, by its Modal name; ``other`` where no run was published.

    An H200 is an H100's chip with faster memory.
    """
    name = gpu_name.upper()
    if name.startswith("A100"):
        return "A100"
    return "H100" if name.startswith(("H100", "H200")) else "other"
