"""Floating-point operations and memory traffic of training, for one token."""

from __future__ import annotations

from dataclasses import dataclass

from tminus.estimate import calibration as c
from tminus.estimate.job import TrainingJob
from tminus.estimate.parameters import (
    adapter_parameters,
    key_value_width,
    layer_linear_parameters,
    linear_shapes,
    quantised_parameters,
    query_width,
    trainable_parameters,
)


@dataclass(frozen=True, slots=True)
class TokenWork:
    """What one token costs in forward, backward and recomputation together.

    Attributes:
        matmul_flops: Operations of linear layers, head and adapters.
        attention_flops: Operations of scores and weighted sums.
        elementwise_bytes: Memory traffic of norms, rotary embedding, residual sums, gated MLP and loss.
        adapter_bytes: Memory traffic of adapters.
    """

    matmul_flops: float
    attention_flops: float
    elementwise_bytes: float
    adapter_bytes: float


def token_work(job: TrainingJob, row_tokens: float) -> TokenWork:
    """Work for one token of a row of `row_tokens` tokens.

    A weight costs 2 operations a token forward and 2 backward for the gradient of its input; a trained
    weight 2 more for its own gradient; a checkpointed layer its forward pass again. So LoRA with
    checkpointing is 4 + 2 and full fine-tuning 6 + 2 for each weight. Source:
    https://arxiv.org/abs/2001.08361, section 2.1, for the 6.
    """
    model = job.model
    layers = model.layers * layer_linear_parameters(model)
    head = model.vocab_size * model.hidden_size
    recompute = 1 if job.gradient_checkpointing else 0
    weight_gradients = 0 if job.adapters else 1
    matmul = 2 * layers * (2 + weight_gradients + recompute)
    matmul += 2 * head * (2 + weight_gradients + (1 if job.loss == "chunked" else 0))
    matmul += 2 * adapter_parameters(job) * (3 + recompute)
    return TokenWork(
        matmul_flops=matmul,
        attention_flops=attention_flops(job, row_tokens),
        elementwise_bytes=elementwise_bytes(job),
        adapter_bytes=adapter_traffic_bytes(job),
    )


def attention_flops(job: TrainingJob, row_tokens: float) -> float:
    """Scores and weighted sums of all layers for one token, as the kernels compute them.

    A query meets on average half the row under a causal mask, which flash and SDPA kernels skip and eager
    attention does not: 2 products of 2 operations for each pair and channel. The backward pass of a flash
    kernel costs 2.5 times the forward pass. Source: https://arxiv.org/abs/2307.08691, section 4.1.
    """
    pairs = row_tokens if job.attention == "eager" else row_tokens / 2
    forward = job.model.layers * 4 * query_width(job.model) * pairs
    backward = 2.0 if job.attention == "eager" else 2.5
    return forward * (1 + backward + (1 if job.gradient_checkpointing else 0))


def elementwise_bytes(job: TrainingJob) -> float:
    """Memory traffic of everything that is not a matrix product, for one token.

    Forward, in bytes, h hidden size, q and k widths of queries and keys, f of the MLP: transformers'
    RMSNorm makes six passes, partly in float32 (38h each, two a layer), the rotary embedding five (14 for
    each of q and k), the residual sums two (12h), the gated MLP two (10f). Fused kernels read and write
    once: 8h, 4(q + k), 12h, 6f. The backward pass moves twice as much. The loss moves its peak memory about
    three times.
    """
    model = job.model
    hidden, width = model.hidden_size, model.intermediate_size
    rotated = query_width(model) + key_value_width(model)
    if job.fused_kernels or job.loss == "liger":
        forward = 2 * 8 * hidden + 4 * rotated + 12 * hidden + 6 * width
    else:
        forward = 2 * 38 * hidden + 14 * rotated + 12 * hidden + 10 * width
    passes = 4 if job.gradient_checkpointing else 3
    loss = {"stock": 36, "fused": 16, "chunked": 16, "liger": 12}[job.loss] * model.vocab_size
    return model.layers * forward * passes + loss


def adapter_traffic_bytes(job: TrainingJob) -> float:
    """Memory traffic of the adapters for one token: their inputs and outputs in each pass."""
    if not job.adapters:
        return 0.0
    shapes = linear_shapes(job.model)
    adapted = [shapes[name] for name in job.lora_targets]
    one_pass = sum(
        inputs * c.ADAPTER_INPUT_BYTES + outputs * c.ADAPTER_OUTPUT_BYTES for inputs, outputs in adapted
    )
    if job.fused_kernels:
        one_pass *= c.FUSED_ADAPTER_FRACTION
    return job.model.layers * one_pass * (4 if job.gradient_checkpointing else 3)


def dequantise_bytes(job: TrainingJob) -> float:
    """Memory traffic of dequantisation for one micro-batch, however many tokens it has.

    Each pass reads the 4-bit weights and writes them in 16 bits: forward, backward, and recomputation.
    """
    if job.method != "qlora":
        return 0.0
    passes = 3 if job.gradient_checkpointing else 2
    return passes * quantised_parameters(job.model) * (c.NF4_BYTES_PER_PARAMETER + 2)


def optimizer_step_bytes(job: TrainingJob) -> float:
    """Memory traffic of gradient clipping and AdamW for one step: 9 passes over what is trained.

    Clipping reads the gradients and scales them; the step reads parameter, gradient and two moments and
    writes parameter and moments.
    """
    return trainable_parameters(job) * (4 if job.adapters else 2) * 10


def kernels_per_micro_batch(job: TrainingJob) -> float:
    """Kernels launched for one micro-batch: forward, twice as many backward, and the recomputation."""
    passes = 4 if job.gradient_checkpointing else 3
    adapters = len(job.lora_targets) * c.KERNELS_PER_ADAPTER_PASS if job.adapters else 0
    return job.model.layers * passes * (c.KERNELS_PER_LAYER_PASS + adapters)
