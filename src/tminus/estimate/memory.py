"""Peak GPU memory of a training job: a breakdown that adds up, and whether it fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tminus.estimate.activations import (
    float32_logits_bytes,
    kept_operations_bytes,
    largest_layer_bytes,
    layer_gradient_bytes,
    layer_input_bytes,
    logits_bytes,
    saved_activation_bytes,
)
from tminus.estimate.calibration import Calibration, calibration
from tminus.estimate.job import BatchSplit, Precision, Sharding, TrainingJob
from tminus.estimate.parameters import layer_linear_parameters
from tminus.estimate.states import (
    QUANTISED_BYTES,
    adapter_bytes,
    bucket_bytes,
    gradient_bytes,
    master_bytes,
    optimizer_bytes,
    shards_weights,
    step_temporary_bytes,
    weights_bytes,
)

Fit = Literal["yes", "tight", "no"]

GIB = 2**30

_STATES = ("weights", "adapters", "master weights", "optimizer states")


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak memory of one GPU, in GiB.

    Attributes:
        phase: The moment of the peak: ``loss``, ``backward`` or ``optimizer step``.
        terms: What is allocated at that moment, by name, in GiB; the sum is `allocated_gib`.
        context_gib: CUDA context, and NCCL's buffers when there is more than one rank.
        slack_gib: Memory that PyTorch's allocator holds without using it, unless it must give it back.
        minimum_slack_gib: The part of the slack that it cannot give back.
        paged_gib: Optimizer states in memory of their own, which PyTorch does not count, and which moves to
            the host when the GPU is full.
        error: Half-width of the 80 % interval of what is allocated, as a fraction.
        reserved_error: The same of what is reserved.
    """

    phase: str
    terms: dict[str, float]
    context_gib: float
    slack_gib: float
    minimum_slack_gib: float
    paged_gib: float
    error: float
    reserved_error: float

    @property
    def allocated_gib(self) -> float:
        """Peak of live tensors, as ``torch.cuda.max_memory_allocated`` would report it."""
        return sum(self.terms.values())

    @property
    def reserved_gib(self) -> float:
        """What nvidia-smi would show: live tensors, the allocator's slack, the context and paged states."""
        return self.allocated_gib + self.slack_gib + self.context_gib + self.paged_gib

    @property
    def minimum_gib(self) -> float:
        """The least that the job can run in, with an allocator that keeps giving blocks back."""
        return self.allocated_gib + self.minimum_slack_gib + self.context_gib

    @property
    def states_gib(self) -> float:
        """What is known to the byte: weights, adapters and optimizer states."""
        return sum(self.terms.get(name, 0.0) for name in _STATES)

    @property
    def allocated_interval_gib(self) -> tuple[float, float]:
        """Between what four of five measurements of live tensors are expected."""
        return self.allocated_gib * (1 - self.error), self.allocated_gib * (1 + self.error)

    @property
    def reserved_interval_gib(self) -> tuple[float, float]:
        """Between what four of five measurements of reserved memory are expected."""
        return self.reserved_gib * (1 - self.reserved_error), self.reserved_gib * (1 + self.reserved_error)

    def fit(self, usable_gib: float) -> Fit:
        """Whether a card with `usable_gib` holds the job: comfortably, only tightly, or not.

        PyTorch gives unused blocks back and tries again before it reports that memory is out, so a job whose
        reserved memory exceeds the card may still run, more slowly and without room for error. ``tight`` is
        all that lies between: neither ``yes`` nor ``no`` is said within the estimate's own uncertainty.
        Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#memory-management
        """
        if self.states_gib > usable_gib:
            return "no"
        held = self.reserved_gib - self.paged_gib
        if held <= usable_gib and self.minimum_gib * (1 + self.error) <= usable_gib:
            return "yes"
        return "tight" if self.minimum_gib * (1 - self.error) <= usable_gib else "no"

    def to_dict(self) -> dict[str, Any]:
        """The breakdown as JSON values, which add up as they are written."""
        terms = {name: round(gib, 3) for name, gib in self.terms.items()}
        context, slack = round(self.context_gib, 3), round(self.slack_gib, 3)
        paged = round(self.paged_gib, 3)
        allocated = round(sum(terms.values()), 3)
        return {
            "phase": self.phase,
            "terms": terms,
            "allocated_gib": allocated,
            "allocated_interval_gib": [round(gib, 2) for gib in self.allocated_interval_gib],
            "context_gib": context,
            "slack_gib": slack,
            "paged_gib": paged,
            "reserved_gib": round(allocated + slack + context + paged, 3),
            "reserved_interval_gib": [round(gib, 2) for gib in self.reserved_interval_gib],
            "minimum_gib": round(self.minimum_gib, 3),
        }


def memory(
    job: TrainingJob,
    split: BatchSplit,
    sharding: Sharding = "none",
    constants: Calibration | None = None,
) -> Memory:
    """Peak memory of one GPU for rows of the longest length.

    Three moments compete: the loss (all saved activations, and the logits), the backward pass through one
    layer (the same, that layer's activations and gradients) and the optimizer step (gradients and its
    temporaries). With checkpointing the saved activations are the layers' inputs; without, everything that
    a layer saves.

    Args:
        job: What is trained.
        split: Micro-batch, accumulation and world size.
        sharding: ``none`` keeps a copy of everything on each GPU (DDP when there are several); ``fsdp``
            shards weights, gradients and states, and gathers one layer at a time; ``zero1`` shards the
            states, ``zero2`` the gradients too, ``zero3`` all.
        constants: The calibrated constants; the bundled ones by default.
    """
    c = constants or calibration()
    world, paged = split.world_size, job.optimizer.startswith("paged")
    static = {
        "weights": weights_bytes(job, world, sharding),
        "adapters": adapter_bytes(job, world, sharding),
        "master weights": master_bytes(job, world, sharding),
        "optimizer states": 0.0 if paged else optimizer_bytes(job, world, sharding),
        "communication buckets": bucket_bytes(job, world, sharding),
    }
    gradients = gradient_bytes(job, world, sharding)
    mixed = sharding == "fsdp" and job.adapters and job.sharded_weights == "fp32"
    residual: Precision = "fp32" if mixed else job.residual
    working = layer_gradient_bytes(job, split.micro_batch)
    if job.gradient_checkpointing:
        kept = kept_operations_bytes(job, split.micro_batch)
        saved = {"layer inputs": layer_input_bytes(job, split.micro_batch, residual), "kept operations": kept}
        working += largest_layer_bytes(job, split.micro_batch)
    else:
        saved = {"saved activations": saved_activation_bytes(job, split.micro_batch)}
    logits = logits_bytes(job, split.micro_batch, half=mixed)
    root, layer = gathered_bytes(job, sharding)
    # The first micro-batch of a step finds no gradients yet; later ones add to those that exist.
    live = gradients if split.accumulation > 1 or job.adapters or job.optimizer_in_backward else 0
    moments: dict[str, dict[str, float]] = {
        "loss": {"gradients": live, **saved, "logits and loss": logits, "gathered weights": root},
        "backward": {
            "gradients": live,
            **saved,
            "layer in work": working,
            "dequantised weight": dequantised_bytes(job),
            "gathered weights": root + layer,
            "gradients to scatter": scattered_bytes(job, sharding),
        },
        "optimizer step": {
            "gradients": gradients,
            "optimizer temporaries": step_temporary_bytes(job, world, sharding),
        },
    }
    phase = max(moments, key=lambda name: sum(moments[name].values()))
    terms = {name: size / GIB for name, size in {**static, **moments[phase]}.items() if size}
    slack = slack_gib(job, split, sharding, static, moments, sum(saved.values()) + working, c)
    return Memory(
        phase=phase,
        terms=terms,
        context_gib=c.cuda_context_gib + (c.nccl_gib if world > 1 else 0.0),
        slack_gib=slack,
        minimum_slack_gib=min(slack, c.minimum_slack * sum(terms.values())),
        paged_gib=optimizer_bytes(job, world, sharding) / GIB if paged else 0.0,
        error=c.memory_error,
        reserved_error=c.reserved_error,
    )


def slack_gib(
    job: TrainingJob,
    split: BatchSplit,
    sharding: Sharding,
    static: Mapping[str, float],
    moments: Mapping[str, Mapping[str, float]],
    activations: float,
    c: Calibration,
) -> float:
    """What the allocator holds at the end without having used it at the peak, in GiB.

    Blocks of one size are not free for requests of another. Three causes, in the order of their size:

    * what the optimizer's step allocates rarely fits into the blocks that the backward pass left, and the
      other way round: without any reuse, all moments would add up. ``phase_slack`` of the way to that;
    * blocks of whole logits, several GiB each: ``logits_slack`` float32 copies;
    * activations of different widths: ``allocator_slack`` of them, or ``sharded_slack`` under FSDP.

    With expandable segments only ``expandable_slack`` of what is allocated remains.
    """
    live = {name: sum(moment.values()) for name, moment in moments.items()}
    allocated = sum(static.values()) + max(live.values())
    if job.expandable_segments:
        return c.expandable_slack * allocated / GIB
    step = moments["optimizer step"]
    passes = max(live["loss"], live["backward"]) - moments["loss"].get("gradients", 0.0)
    apart = sum(static.values()) + passes + sum(step.values())
    share = c.sharded_slack if shards_weights(sharding) else c.allocator_slack
    slack = c.phase_slack * max(0.0, apart - allocated) + share * activations
    return (slack + c.logits_slack * float32_logits_bytes(job, split.micro_batch)) / GIB


def gathered_bytes(job: TrainingJob, sharding: Sharding) -> tuple[float, float]:
    """Weights that FSDP and ZeRO-3 hold whole: embeddings and head all the time, and the layer in work.

    Source: https://docs.pytorch.org/docs/stable/distributed.fsdp.fully_shard.html (the root keeps its own
    parameters gathered). The fms-acceleration rows of Mixtral under FSDP leave no room for a second layer.
    """
    if not shards_weights(sharding):
        return 0.0, 0.0
    layer = layer_linear_parameters(job.model)
    per_weight = QUANTISED_BYTES[job.quantisation] if job.method == "qlora" else 2
    return job.model.embedding_parameters * 2.0, layer * per_weight


def scattered_bytes(job: TrainingJob, sharding: Sharding) -> float:
    """A layer's whole gradients on their way to the GPUs that keep them: 16 bits, and float32 to reduce.

    Source: ``reduce_dtype`` of ``MixedPrecisionPolicy``, float32 in torchtitan and Accelerate.
    """
    if job.adapters or not shards_weights(sharding):
        return 0.0
    return layer_linear_parameters(job.model) * (2 + 4 if job.sharded_weights == "fp32" else 2)


def dequantised_bytes(job: TrainingJob) -> float:
    """The 16-bit copies of the widest quantised weight: one in use, one whose block is not yet free again.

    Source: ``MatMul4Bit`` of bitsandbytes dequantises one weight at a time, in both passes.
    """
    if job.method != "qlora":
        return 0.0
    quantised = (one for one in job.model.linears if job.experts_quantised or not one.routed)
    return 2 * 2 * max(one.weights for one in quantised)
