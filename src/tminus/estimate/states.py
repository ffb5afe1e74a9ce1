"""Memory that does not depend on the batch: weights, adapters, gradients and optimizer states, in bytes."""

from __future__ import annotations

from tminus.estimate.activations import BYTES
from tminus.estimate.job import Precision, Quantisation, Sharding, TrainingJob
from tminus.estimate.parameters import adapter_parameters, quantised_parameters, trainable_parameters

QUANTISED_BYTES: dict[Quantisation, float] = {
    "nf4_double": (4 + 8 / 64 + 32 / (64 * 256)) / 8,
    "nf4": (4 + 32 / 64) / 8,
    "gptq": (4 + (16 + 4) / 128) / 8,
}
"""Bytes of a quantised weight. nf4 with double quantisation: one 8-bit constant per 64 weights and one 32-bit
constant per 256 of those, together 4.127 bits; without: one 32-bit constant per 64. Source: QLoRA,
https://arxiv.org/abs/2305.14314, section 3. GPTQ: a 16-bit scale and a 4-bit zero per 128 weights
(https://arxiv.org/abs/2210.17323, section 4)."""

ZERO_BUCKET_ELEMENTS = 5e8
"""Elements of DeepSpeed's reduction bucket, by default
(https://www.deepspeed.ai/docs/config-json/#zero-optimizations-for-fp16-training)."""


def shards_weights(sharding: Sharding) -> bool:
    """Whether each GPU holds only its part of the weights: FSDP and ZeRO-3."""
    return sharding in ("fsdp", "zero3")


def shards_gradients(sharding: Sharding) -> bool:
    """Whether each GPU holds only its part of the gradients: FSDP, ZeRO-2 and 3."""
    return sharding in ("fsdp", "zero2", "zero3")


def weights_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """The base model: 2 bytes a parameter, or 4 in float32; quantised as `QUANTISED_BYTES` says.

    ``prepare_model_for_kbit_training`` of PEFT turns everything that is not quantised into float32: that is
    what ``residual == "fp32"`` stands for. Under FSDP what is trained is held in ``sharded_weights``. ZeRO
    computes with 16-bit weights; its float32 masters are in `master_bytes`.
    """
    model = job.model
    shards = world_size if shards_weights(sharding) else 1
    if job.method == "qlora":
        quantised = quantised_parameters(job)
        rest = (model.parameters - quantised) * BYTES[job.residual]
        return (quantised * QUANTISED_BYTES[job.quantisation] + rest) / shards
    precision: Precision = job.weights
    if job.method == "full" and sharding == "fsdp":
        precision = job.sharded_weights
    elif job.method == "full" and sharding != "none":
        precision = "bf16"
    return model.parameters * BYTES[precision] / shards


def adapter_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """The adapters in float32, to which PEFT casts them (``autocast_adapter_dtype``).

    TRL halves that for QLoRA.
    """
    return adapter_parameters(job) * 4 / (world_size if shards_weights(sharding) else 1)


def master_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """ZeRO's float32 copy of what is trained, sharded in every stage; 0 elsewhere.

    Source: https://arxiv.org/abs/1910.02054, section 3.1: 2 + 2 + K = 12 bytes a parameter.
    """
    if not sharding.startswith("zero"):
        return 0.0
    return trainable_parameters(job) * 4 / world_size


def gradient_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """Gradients of everything that is trained, in that parameter's precision.

    With the optimizer in the backward pass only the largest tensor's is held: the embedding's.
    """
    each, shards = _trained_bytes(job, sharding), world_size if shards_gradients(sharding) else 1
    if job.optimizer_in_backward and not job.adapters:
        return job.model.vocab_size * job.model.hidden_size * each / shards
    return trainable_parameters(job) * each / shards


def optimizer_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """AdamW's two moments for each trained parameter, in its precision; one byte each in 8 bits.

    Source: https://arxiv.org/abs/1711.05101; 8-bit states with a 32-bit constant per 256:
    https://arxiv.org/abs/2110.02861. ZeRO keeps them in float32. Paged ones (``cudaMallocManaged``) are not
    in PyTorch's allocator; `tminus.estimate.memory.Memory` carries them apart.
    """
    shards = world_size if sharding != "none" else 1
    if job.optimizer.endswith("8bit"):
        each = 1.0 + 4 / 256
    else:
        each = 4.0 if sharding.startswith("zero") else float(_trained_bytes(job, sharding))
    return trainable_parameters(job) * 2 * each / shards


def step_temporary_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """What the optimizer's step allocates: one more copy of the trained parameters for the stock AdamW.

    PyTorch's default ``foreach`` step works on all tensors at once
    (https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html); the fused, 8-bit and paged ones
    do not. Full fine-tunes in the fms-acceleration rows peak at 10.00 bytes a parameter: 2 + 2 + 4 and
    these 2. ZeRO makes a float32 copy of its part of the gradients for the step, whatever the optimizer.
    """
    if sharding.startswith("zero"):
        return trainable_parameters(job) * 4 / world_size
    if job.optimizer != "adamw":
        return 0.0
    shards = world_size if sharding == "fsdp" else 1
    return trainable_parameters(job) * _trained_bytes(job, sharding) / shards


def bucket_bytes(job: TrainingJob, world_size: int = 1, sharding: Sharding = "none") -> float:
    """Buckets of communication: DDP's are a second copy of the gradients, ZeRO's two of a fixed size.

    Sources: ``gradient_as_bucket_view`` is off by default,
    https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html;
    ``overlap_comm`` and ``contiguous_gradients`` of ZeRO double the bucket,
    https://www.deepspeed.ai/docs/config-json/#zero-optimizations-for-fp16-training
    """
    if sharding in ("zero1", "zero2", "zero3"):
        return 2 * 2 * min(ZERO_BUCKET_ELEMENTS, trainable_parameters(job))
    if world_size == 1 or sharding == "fsdp":
        return 0.0
    return gradient_bytes(job)


def _trained_bytes(job: TrainingJob, sharding: Sharding) -> int:
    # Bytes of a trained parameter, of its gradient, and of one of its moments.
    if sharding.startswith("zero"):
        return 2
    if job.adapters:
        return 4
    return BYTES[job.sharded_weights if sharding == "fsdp" else job.weights]
