"""Peak GPU memory of a training job: a breakdown that adds up, and whether it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tminus.estimate import calibration as c
from tminus.estimate.activations import (
    BYTES,
    float32_logits_bytes,
    layer_gradient_bytes,
    layer_input_bytes,
    logits_bytes,
    saved_layer_bytes,
)
from tminus.estimate.job import BatchSplit, Precision, Sharding, TrainingJob
from tminus.estimate.parameters import (
    adapter_parameters,
    layer_linear_parameters,
    linear_shapes,
    quantised_parameters,
    trainable_parameters,
)

Fit = Literal["yes", "tight", "no"]


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak memory of one GPU, in GiB.

    Attributes:
        phase: The moment of the peak: ``loss``, ``backward`` or ``optimizer step``.
        terms: What is allocated at that moment, by name, in GiB; the sum is `allocated_gib`.
        context_gib: CUDA context, and NCCL's buffers when there is more than one rank.
        slack_gib: Memory that PyTorch's allocator holds without using it, unless it must give it back.
        minimum_slack_gib: The part of the slack that it cannot give back.
    """

    phase: str
    terms: dict[str, float]
    context_gib: float
    slack_gib: float
    minimum_slack_gib: float

    @property
    def allocated_gib(self) -> float:
        """Peak of live tensors, as ``torch.cuda.max_memory_allocated`` would report it."""
        return sum(self.terms.values())

    @property
    def reserved_gib(self) -> float:
        """What nvidia-smi would show: live tensors, the allocator's slack and the context."""
        return self.allocated_gib + self.slack_gib + self.context_gib

    @property
    def minimum_gib(self) -> float:
        """The least that the job can run in, with an allocator that keeps giving blocks back."""
        return self.allocated_gib + self.minimum_slack_gib + self.context_gib

    def fit(self, usable_gib: float) -> Fit:
        """Whether a card with `usable_gib` holds the job: comfortably, only tightly, or not.

        PyTorch gives unused blocks back and tries again before it reports that memory is out, so a job whose
        reserved memory exceeds the card may still run, more slowly and without room for error.
        Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#memory-management
        """
        if self.reserved_gib <= usable_gib:
            return "yes"
        return "tight" if self.minimum_gib <= usable_gib else "no"

    def to_dict(self) -> dict[str, Any]:
        """The breakdown as JSON values; the entries of ``terms`` add up to ``allocated_gib``."""
        return {
            "phase": self.phase,
            "terms": {name: round(gib, 3) for name, gib in self.terms.items()},
            "allocated_gib": round(self.allocated_gib, 2),
            "context_gib": round(self.context_gib, 2),
            "slack_gib": round(self.slack_gib, 2),
            "reserved_gib": round(self.reserved_gib, 2),
            "minimum_gib": round(self.minimum_gib, 2),
        }


def memory(job: TrainingJob, split: BatchSplit, sharding: Sharding = "none") -> Memory:
    """Peak memory of one GPU for rows of the longest length.

    Three moments compete: the loss (all saved activations, and the logits), the backward pass through one
    layer (the same, that layer's activations and gradients) and the optimizer step (gradients and its
    temporaries). With checkpointing the saved activations are the layers' inputs; without, everything that
    a layer saves.

    Args:
        job: What is trained.
        split: Micro-batch, accumulation and world size.
        sharding: ``none`` keeps a copy of everything on each GPU (DDP when there are several); ``fsdp``
            shards weights, gradients and states, and gathers one layer at a time, with float32 master
            weights for what is trained, as Accelerate does in mixed precision.
    """
    static = {
        "weights": weights_bytes(job, split.world_size, sharding),
        "adapters": adapter_bytes(job, split.world_size, sharding),
        "optimizer states": optimizer_bytes(job, split.world_size, sharding),
        "DDP buckets": bucket_bytes(job, split.world_size, sharding),
    }
    gradients = gradient_bytes(job, split.world_size, sharding)
    residual: Precision = "fp32" if sharding == "fsdp" and job.adapters else job.residual
    saved_layer = saved_layer_bytes(job, split.micro_batch)
    if job.gradient_checkpointing:
        saved = {"layer inputs": layer_input_bytes(job, split.micro_batch, residual)}
        working = saved_layer
    else:
        saved = {"saved activations": job.model.layers * saved_layer}
        working = 0
    working += layer_gradient_bytes(job, split.micro_batch)
    logits = logits_bytes(job, split.micro_batch)
    gathered = gathered_bytes(job, sharding)
    # The first micro-batch of a step finds no gradients yet; later ones add to those that exist.
    live = gradients if split.accumulation > 1 or job.adapters else 0
    moments: dict[str, dict[str, float]] = {
        "loss": {"gradients": live, **saved, "logits and loss": logits, "gathered weights": gathered},
        "backward": {
            "gradients": live,
            **saved,
            "layer in work": working,
            "dequantised weight": dequantised_bytes(job),
            "gathered weights": gathered,
        },
        "optimizer step": {
            "gradients": gradients,
            "optimizer temporaries": step_temporary_bytes(job, split.world_size, sharding),
        },
    }
    phase = max(moments, key=lambda name: sum(moments[name].values()))
    terms = {name: size / c.GIB for name, size in {**static, **moments[phase]}.items() if size}
    activations = sum(saved.values()) + working
    fraction = c.SHARDED_SLACK if sharding == "fsdp" else c.ALLOCATOR_SLACK
    slack = fraction * activations + c.LOGITS_SLACK * float32_logits_bytes(job, split.micro_batch)
    return Memory(
        phase=phase,
        terms=terms,
        context_gib=c.CUDA_CONTEXT_GIB + (c.NCCL_GIB if split.world_size > 1 else 0.0),
        slack_gib=slack / c.GIB,
        minimum_slack_gib=min(slack / c.GIB, c.MINIMUM_SLACK * sum(terms.values())),
    )


def weights_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """The base model: 2 bytes a parameter, or 4 in float32; for QLoRA 4.127 bits for what is quantised.

    ``prepare_model_for_kbit_training`` of PEFT turns everything that is not quantised into float32: that is
    what ``residual == "fp32"`` stands for. Sharded and trained, the master weights are float32. Otherwise
    sharding divides the same bytes by the number of GPUs.
    """
    model = job.model
    shards = world_size if sharding == "fsdp" else 1
    if job.method == "qlora":
        quantised = quantised_parameters(model)
        rest = (model.parameters - quantised) * BYTES[job.residual]
        return (quantised * c.NF4_BYTES_PER_PARAMETER + rest) / shards
    precision: Precision = "fp32" if sharding == "fsdp" and not job.adapters else job.weights
    return model.parameters * BYTES[precision] / shards


def adapter_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """The adapters in float32, to which PEFT casts them (``autocast_adapter_dtype``).

    TRL halves that for QLoRA.
    """
    return adapter_parameters(job) * 4 / (world_size if sharding == "fsdp" else 1)


def gradient_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """Gradients of everything that is trained, in that parameter's precision."""
    return trainable_parameters(job) * _trained_bytes(job, sharding) / _shards(world_size, sharding)


def optimizer_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """AdamW's two moments for each trained parameter, in its precision; one byte each in 8 bits.

    Source: https://arxiv.org/abs/1711.05101; 8-bit states: https://arxiv.org/abs/2110.02861. Paged states
    leave the GPU only when it is full, so they count in full here.
    """
    each = 1.0 if job.optimizer.endswith("8bit") else float(_trained_bytes(job, sharding))
    return trainable_parameters(job) * 2 * each / _shards(world_size, sharding)


def step_temporary_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """What the optimizer's step allocates: one more copy of the trained parameters for the stock AdamW.

    PyTorch's default ``foreach`` step works on all tensors at once
    (https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html); the fused, 8-bit and paged ones
    do not. Full fine-tunes in the fms-acceleration rows peak at 10.00 bytes a parameter: 2 + 2 + 4 and
    these 2.
    """
    if job.optimizer != "adamw":
        return 0.0
    return trainable_parameters(job) * _trained_bytes(job, sharding) / _shards(world_size, sharding)


def bucket_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """DDP's reduction buckets: a second copy of the gradients.

    Source: ``gradient_as_bucket_view`` is off by default,
    https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
    """
    if world_size == 1 or sharding == "fsdp":
        return 0.0
    return gradient_bytes(job)


def gathered_bytes(job: TrainingJob, sharding: Sharding) -> float:
    """Weights that FSDP holds whole: embeddings and head, the layer in work and the next one, in bf16.

    Source: https://docs.pytorch.org/docs/stable/distributed.fsdp.fully_shard.html (the root keeps its own
    parameters gathered; one layer is fetched ahead). The fms-acceleration rows under FSDP show 2.4 GiB for
    Llama-3-8B.
    """
    if sharding == "none":
        return 0.0
    layer = layer_linear_parameters(job.model)
    per_weight = c.NF4_BYTES_PER_PARAMETER if job.method == "qlora" else 2
    return job.model.embedding_parameters * 2 + 2 * layer * per_weight


def dequantised_bytes(job: TrainingJob) -> float:
    """The 16-bit copies of the widest quantised weight: one in use, one whose block is not yet free again.

    Source: ``MatMul4Bit`` of bitsandbytes dequantises one weight at a time, in both passes.
    """
    if job.method != "qlora":
        return 0.0
    return 2 * 2 * max(inputs * outputs for inputs, outputs in linear_shapes(job.model).values())


def _trained_bytes(job: TrainingJob, sharding: Sharding) -> int:
    if job.adapters or sharding == "fsdp":
        return 4
    return BYTES[job.weights]


def _shards(world_size: int, sharding: Sharding) -> int:
    return world_size if sharding == "fsdp" else 1
