"""Published training runs as jobs that the estimates understand.

``measured.csv`` beside this file holds one row a run, as its source states it: every figure with the address
of the page or file that it was read from, GB turned into GiB where the source counts in GB, and ``reserved``
where a source's figure is what the allocator held or nvidia-smi showed. Qwen's README does not say which of
the two its figures are; they are taken as reserved.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from shapes import MODELS, model_of

from tminus.estimate.job import (
    LINEAR_MODULES,
    BatchSplit,
    Hardware,
    LossKernel,
    Method,
    Sharding,
    TrainingJob,
)
from tminus.facts import Facts, GpuType

MEASURED = Path(__file__).parent / "measured.csv"

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
METHODS: dict[str, Method] = {"full": "full", "lora": "lora", "qlora": "qlora"}
GPUS = {
    "a100 80gb": "A100-80GB",
    "a100-sxm4-80g": "A100-80GB",
    "a100_80gb": "A100-80GB",
    "a100_40gb": "A100-40GB",
    "a100-sxm4-40gb": "A100-40GB",
    "h100_80gb": "H100!",
    "h100": "H100!",
    "h100 sxm": "H100!",
    "h100 96gb hbm2e 500w": "H100-96GB",
}
SIXTEEN_BITS = {"a100_80gb.csv": ("full",), "a100_80gb_granite.csv": ("full", "lora", "qlora")}
"""Files and methods whose runs under FSDP stayed in 16 bits: full fine-tunes peak at 10 bytes a parameter
over the number of GPUs, and layers' inputs take 2 bytes. In the others they peak at twice that: float32
masters, and a float32 stream between layers with adapters. Two releases of Accelerate, presumably."""


class NotScoredError(Exception):
    """A row that cannot be compared with an estimate, and why."""


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A row as a job on machines, and what was measured.

    Attributes:
        source: Repository of the source.
        file: Its file.
        label: The row in a few words.
        job: The job.
        hardware: The machines.
        split: Its batch.
        sharding: How weights and states are spread over GPUs.
        allocated_gib: Peak of allocated memory of a GPU.
        reserved_gib: Peak of reserved memory.
        tokens_per_s: Tokens a second of a GPU.
        ran: Whether the run completed; None where the source does not say.
        without_context: Whether the reserved memory is PyTorch's own figure, without the CUDA context.
    """

    source: str
    file: str
    label: str
    job: TrainingJob
    hardware: Hardware
    split: BatchSplit
    sharding: Sharding
    allocated_gib: float | None
    reserved_gib: float | None
    tokens_per_s: float | None
    ran: bool | None
    without_context: bool = False


def read_runs(path: Path, facts: Facts) -> tuple[list[PublishedRun], Counter[str]]:
    """All rows that can be compared, and the reasons for which others cannot."""
    runs, left_out = [], Counter[str]()
    for row in read_rows(path):
        try:
            runs.append(read_row(row, facts))
        except NotScoredError as reason:
            left_out[str(reason)] += 1
    return runs, left_out


def read_rows(path: Path = MEASURED) -> Iterator[dict[str, str]]:
    """The rows of a file as they stand."""
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


def read_row(row: dict[str, str], facts: Facts) -> PublishedRun:
    """One row of the file.

    Raises:
        NotScoredError: It leaves out what an estimate needs, or is of a kind that is not estimated.
    """
    _refuse_other_kinds(row)
    gpu = _gpu(row["gpu"], facts)
    parts = row["source"].split("/")
    ranks, micro = int(row["gpus"] or 1), int(row["micro_batch"])
    split = BatchSplit(micro, int(row["accumulation"] or 1), ranks)
    sharding = _sharding(row, ranks)
    job = _job(row, split, facts)
    return PublishedRun(
        source=f"{parts[3]}/{parts[4]}",
        file=parts[-1],
        label=f"{row['model']} {row['method']} {row['seq_len']} × {micro}, {ranks} GPUs "
        f"{row['kernels'][:12]} {row['configuration']}",
        job=job,
        hardware=Hardware(gpu, min(ranks, 8), -(-ranks // 8), rdma=True),
        split=split,
        sharding=sharding,
        allocated_gib=_number(row["allocated_gib"]),
        reserved_gib=_number(row["reserved_gib"]),
        tokens_per_s=_number(row["tokens_per_s_per_gpu"]),
        ran=row["outcome"] == "completed" if row["outcome"] else None,
        without_context="torchtitan" in row["framework"],
    )


def _refuse_other_kinds(row: dict[str, str]) -> None:
    reasons = {
        "8-bit arithmetic": re.search(r"fp8|float8|wise|fp4", row["precision"].lower()),
        "method that is not estimated": row["method"] not in METHODS
        or row["configuration"] == "embeddings trained too",
        "no sequence length or micro-batch": not (row["seq_len"] and row["micro_batch"]),
        "tensor, pipeline or context parallelism": re.search(r"[TPC]P[2-9]", row["parallelism"]),
        "several nodes without RDMA": row["configuration"] == "several nodes",
        "FSDP1 of LoRA, whose flat parameters hold gradients of frozen weights": row["framework"] == "LitGPT"
        and row["gpus"] != "1",
        "weights streamed from the host": "layer streaming" in row["framework"],
        "model whose shape is not known here": not any(
            key in row["model"].lower().replace("_", "-") for key in MODELS
        ),
    }
    for reason, holds in reasons.items():
        if holds:
            raise NotScoredError(reason)


def _gpu(name: str, facts: Facts) -> GpuType:
    known = GPUS.get(name.lower(), "")
    if known == "H100-96GB":
        base = facts.gpu("H100!")
        assert base is not None
        return replace(base, usable_gib=94.9, memory_gb_per_s=2400.0)
    gpu = facts.gpu(known)
    if gpu is None:
        raise NotScoredError("GPU that Modal does not offer, or not named")
    return gpu


def _sharding(row: dict[str, str], ranks: int) -> Sharding:
    if "Qwen" in row["framework"]:
        # Its scripts: finetune_ds.sh has ZeRO-3, finetune_qlora_*.sh ZeRO-2, finetune_lora_*.sh neither.
        if row["method"] == "qlora":
            return "zero2"
        return "zero3" if row["method"] == "full" or "ZeRO3" in row["parallelism"] else "none"
    return "fsdp" if "FSDP" in row["parallelism"] and ranks > 1 else "none"


def _job(row: dict[str, str], split: BatchSplit, facts: Facts) -> TrainingJob:
    kernels, framework, method = row["kernels"], row["framework"], METHODS[row["method"]]
    qwen, litgpt = "Qwen" in framework, framework == "LitGPT"
    titan, foundry = "torchtitan" in framework or "Accelerate" in framework, "llm-foundry" in framework
    loss: LossKernel = "liger" if "Liger" in kernels else "fused" if "FOAK" in kernels else "stock"
    if litgpt or (qwen and method == "qlora"):
        loss = "fused"  # 16-bit logits through a loss without autocast: 8 bytes each
    targets: tuple[str, ...] = LINEAR_MODULES if qwen else ("q_proj", "v_proj") if litgpt else ATTENTION
    selective = row["checkpointing"] in ("selective", "per-op SAC", "per-op selective")
    old = method in SIXTEEN_BITS.get(row["source"].rpartition("/")[2], ())
    several = int(row["gpus"] or 1) > 1
    quantisation = "gptq" if "gptq" in row["quantisation"].lower() else "nf4_double"
    return TrainingJob(
        model=model_of(row["model"], facts),
        method=method,
        seq_len=int(row["seq_len"]),
        rows=10_000,
        global_batch=split.global_batch,
        lora_r=int(row["lora_r"] or (64 if qwen else 8)),
        lora_targets=targets,
        gradient_checkpointing=row["checkpointing"] in ("True", "full") or selective or qwen,
        checkpoint_policy="operations" if selective else "layers",
        quantisation="nf4" if row["quantisation"] == "bnb.nf4" else quantisation,
        experts_quantised=True,
        linear_inputs_kept=litgpt,
        optimizer="adamw_fused" if titan or foundry else "adamw",
        packing=True,
        loss=loss,
        fused_kernels="FOAK" in kernels or foundry or "compile" in kernels,
        fused_mlp="compile" in kernels,  # FOAK fuses the MLP only where it has adapters
        attention="flash1" if foundry else "flash",
        # prepare_model_for_kbit_training, which is left out under FSDP
        residual="fp32" if row["configuration"] == "baseline-peft-bnb" and not several else "bf16",
        expandable_segments=titan,  # torchtitan's run_train.sh
        sharded_weights="bf16" if old else "fp32",
        trainer=framework,
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
