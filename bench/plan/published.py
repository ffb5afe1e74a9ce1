"""Published training runs, read from a CSV file, as jobs that the estimates understand.

One row a run, with the columns source_url, framework, model, method, precision, gpu, n_gpus, parallelism,
seq_len, micro_batch, lora_rank, activation_checkpointing, fused_kernels, peak_mem_gib_per_gpu,
tokens_per_s_per_gpu and note ("reserved MiB=" and "s/it" are read from it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tminus.estimate.job import (
    LINEAR_MODULES,
    BatchSplit,
    Hardware,
    LossKernel,
    Method,
    Sharding,
    TrainingJob,
)
from tminus.facts import Facts, ModelShape

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")

METHODS: dict[str, Method] = {"full": "full", "lora": "lora", "qlora": "qlora"}

BUNDLED = {
    "meta-llama-3-8b": "meta-llama/Meta-Llama-3-8B",
    "llama 3.1 8b": "meta-llama/Meta-Llama-3-8B",
    "llama3.1 8b": "meta-llama/Meta-Llama-3-8B",
    "llama3-8b": "meta-llama/Meta-Llama-3-8B",
    "llama3 8b": "meta-llama/Meta-Llama-3-8B",
    "llama3 70b": "meta-llama/Llama-3.1-70B",
    "mistral-7b": "mistralai/Mistral-7B-v0.1",
    "smollm2-135m": "HuggingFaceTB/SmolLM2-135M",
    "qwen2.5-0.5b": "Qwen/Qwen2.5-0.5B",
    "qwen2.5-7b": "Qwen/Qwen2.5-7B",
}

# Shapes that the bundled facts do not have: hidden size, layers, heads, key-value heads, MLP, vocabulary,
# tied.
# MPT's plain MLP of 4h has the operations of a gated one of 8h/3.
SHAPES = {
    "llama-2-70b": (8192, 80, 64, 8, 28672, 32000, False),
    "llama 2 7": (4096, 32, 32, 32, 11008, 32000, False),
    "llama 2 13": (5120, 40, 40, 40, 13824, 32000, False),
    "powerlm-3b": (2304, 40, 36, 36, 9216, 49152, True),
    "qwen-1.8b": (2048, 24, 16, 16, 5504, 151936, False),
    "qwen-7b": (4096, 32, 32, 32, 11008, 151936, False),
    "qwen-14b": (5120, 40, 40, 40, 13696, 152064, False),
    "qwen-72b": (8192, 80, 64, 64, 24576, 152064, False),
    "mpt-1b": (2048, 24, 16, 16, 5461, 50368, True),
    "mpt-3b": (2560, 32, 20, 20, 6827, 50368, True),
    "mpt-7b": (4096, 32, 32, 32, 10923, 50368, True),
    "mpt-13b": (5120, 40, 40, 40, 13653, 50368, True),
    "mpt-30b": (7168, 48, 56, 56, 19115, 50368, True),
}

GPUS = {
    "a100 80gb": "A100-80GB",
    "a100-sxm4-80g": "A100-80GB",
    "a100_80gb": "A100-80GB",
    "a100_40gb": "A100-40GB",
    "a100-sxm4-40gb": "A100-40GB",
    "h100_80gb": "H100!",
    "h100": "H100!",
    "h100 sxm": "H100!",
}


class NotScoredError(Exception):
    """A row that cannot be compared with an estimate, and why."""


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A row as a job on machines, and what was measured.

    Attributes:
        source: Repository and file of the source.
        label: The row in a few words.
        job: The job.
        hardware: The machines.
        split: Its batch.
        sharding: DDP (or one GPU) or FSDP.
        peak_gib: Peak of allocated memory of a GPU.
        reserved_gib: What nvidia-smi showed.
        tokens_per_s: Tokens a second of a GPU.
        ran: Whether the run completed; None where the source does not say.
    """

    source: str
    label: str
    job: TrainingJob
    hardware: Hardware
    split: BatchSplit
    sharding: Sharding
    peak_gib: float | None
    reserved_gib: float | None
    tokens_per_s: float | None
    ran: bool | None


def read_row(row: dict[str, str], facts: Facts) -> PublishedRun:
    """One row of the file.

    Raises:
        NotScoredError: It leaves out what an estimate needs, or is of a kind that is not estimated.
    """
    model = _model(row["model"], facts)
    gpu = facts.gpu(GPUS.get(row["gpu"].lower(), ""))
    if gpu is None:
        raise NotScoredError("GPU that Modal does not offer, or not named")
    _refuse_other_kinds(row)
    ranks, micro = int(row["n_gpus"] or 1), int(row["micro_batch"])
    accumulation = 8 if "accumulation 8" in row["note"] else 1
    split = BatchSplit(micro, accumulation, ranks)
    peak = float(row["peak_mem_gib_per_gpu"]) if row["peak_mem_gib_per_gpu"] else None
    if peak and "unit printed GB" in row["note"]:
        peak *= 1e9 / 2**30
    reserved = re.search(r"reserved MiB=([\d.]+)", row["note"])
    speed = _tokens_per_s(row, split)
    parts = row["source_url"].split("/")
    says_so = "fms" in row["framework"] or row["framework"] == "LitGPT"
    return PublishedRun(
        source=f"{parts[4]}/{parts[-1]}",
        label=" ".join(
            [row["model"], row["method"], f"{row['seq_len']} × {micro}, {ranks} GPUs", row["fused_kernels"]]
        ),
        job=_job(row, model, split),
        hardware=Hardware(gpu, min(ranks, 8), -(-ranks // 8), rdma=True),
        split=split,
        sharding="fsdp" if "FSDP" in row["parallelism"] and ranks > 1 else "none",
        peak_gib=peak,
        reserved_gib=float(reserved[1]) / 1024 if reserved and peak else None,
        tokens_per_s=speed,
        ran=bool(speed or peak) if says_so else None,
    )


def _model(text: str, facts: Facts) -> ModelShape:
    name = text.lower().replace("_", "-")
    for key, model_id in BUNDLED.items():
        model = facts.model(model_id)
        if key in name and model is not None:
            return model
    for key, (hidden, layers, heads, kv_heads, width, vocab, tied) in SHAPES.items():
        if key in name:
            return ModelShape(
                id=text,
                architecture="LlamaForCausalLM",
                model_type="llama",
                hidden_size=hidden,
                layers=layers,
                heads=heads,
                kv_heads=kv_heads,
                head_dim=hidden // heads,
                intermediate_size=width,
                vocab_size=vocab,
                tied_embeddings=tied,
                attention_bias=False,
                context=8192,
                gated=False,
            )
    raise NotScoredError("model whose shape is not known here")


def _refuse_other_kinds(row: dict[str, str]) -> None:
    if re.search(r"fp8|float8|wise|fp4", row["precision"].lower()):
        raise NotScoredError("8-bit arithmetic")
    if row["method"] not in METHODS or "(emb)" in row["note"]:
        raise NotScoredError("method that is not estimated")
    if "DeepSpeed" in row["framework"] and row["method"] == "full":
        raise NotScoredError("DeepSpeed's own mixed precision")
    if not (row["seq_len"] and row["micro_batch"]):
        raise NotScoredError("no sequence length or micro-batch")
    if re.search(r"TP[2-9]|PP[2-9]|CP[2-9]|ZeRO", row["parallelism"]) or "multinode" in row["note"]:
        raise NotScoredError("other parallelism")
    if row["framework"] == "LitGPT" and row["n_gpus"] != "1":
        raise NotScoredError("other parallelism")
    if "layer streaming" in row["framework"]:
        raise NotScoredError("weights streamed from the host")


def _job(row: dict[str, str], model: ModelShape, split: BatchSplit) -> TrainingJob:
    fused, framework = row["fused_kernels"], row["framework"]
    loss: LossKernel = "liger" if "Liger" in fused else "fused" if "FOAK" in fused else "stock"
    targets: tuple[str, ...] = ATTENTION
    if "Qwen" in framework:
        targets = LINEAR_MODULES
    elif framework == "LitGPT":
        targets = ("q_proj", "v_proj")
    return TrainingJob(
        model=model,
        method=METHODS[row["method"]],
        seq_len=int(row["seq_len"]),
        rows=10_000,
        global_batch=split.global_batch,
        lora_r=int(row["lora_rank"] or (64 if "Qwen" in framework else 8)),
        lora_targets=targets,
        gradient_checkpointing=row["activation_checkpointing"] in ("True", "full") or "Qwen" in framework,
        optimizer="adamw",
        packing=True,
        loss=loss,
        fused_kernels="FOAK" in fused or "MPT" in row["model"] or "compile" in fused,
        attention="flash",
        residual="fp32" if "baseline-peft-bnb" in row["note"] else "bf16",
        trainer=framework,
    )


def _tokens_per_s(row: dict[str, str], split: BatchSplit) -> float | None:
    if row["tokens_per_s_per_gpu"]:
        return float(row["tokens_per_s_per_gpu"])
    seconds = re.search(r"([\d.]+)s/it \(grad accumulation 8\)", row["note"])
    if seconds:
        return split.micro_batch * split.accumulation * int(row["seq_len"]) / float(seconds[1])
    return None
