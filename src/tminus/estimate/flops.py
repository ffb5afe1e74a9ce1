"""Floating-point operations and memory traffic of training, for one token."""

from __future__ import annotations

from dataclasses import dataclass

from tminus.estimate import assumptions
from tminus.estimate.job import Sharding, TrainingJob
from tminus.estimate.parameters import (
    adapted_linears,
    adapter_parameters,
    key_value_width,
    layers_parameters,
    mlp_width,
    quantised_parameters,
    query_width,
    trainable_parameters,
)
from tminus.estimate.states import QUANTISED_BYTES

ADAPTER_INPUT_BYTES = 25.0
ADAPTER_OUTPUT_BYTES = 12.0
FUSED_ADAPTER_SHARE = 0.5
"""Memory traffic of one pass over an adapter, in bytes an element of its input (cast to float32, dropout,
cast back) and of its output (scaling, sum with the base layer's output), and what fused kernels leave of
it. Scaled by the calibrated ``adapter_traffic``."""


@dataclass(frozen=True, slots=True)
class TokenWork:
    """What one token costs in forward, backward and recomputation together.

    Attributes:
        matmul_flops: Operations of linear layers, head and adapters.
        matmul_bytes: Memory traffic of those products' inputs and outputs.
        attention_flops: Operations of scores and weighted sums.
        elementwise_bytes: Memory traffic of norms, rotary embedding, residual sums, gated MLP and loss.
        adapter_bytes: Memory traffic of adapters.
    """

    matmul_flops: float
    matmul_bytes: float
    attention_flops: float
    elementwise_bytes: float
    adapter_bytes: float


def token_work(job: TrainingJob, row_tokens: float) -> TokenWork:
    """Work for one token of a row of `row_tokens` tokens.

    A weight costs 2 operations a token forward and 2 backward for the gradient of its input; a trained
    weight 2 more for its own gradient; a checkpointed layer its forward pass again, of which the selective
    policy repeats half of the matrix products. So LoRA with checkpointing is 4 + 2 and full fine-tuning 6 + 2
    for each weight; of routed experts those count that a token visits. Source:
    https://arxiv.org/abs/2001.08361, section 2.1, for the 6.
    """
    model = job.model
    layers = model.layers * layers_parameters(job)
    head = model.vocab_size * model.hidden_size
    recompute = recomputed(job)
    weight_gradients = 0 if job.adapters else 1
    passes = 2 + weight_gradients + recompute
    head_passes = 2 + weight_gradients + (1 if job.loss == "chunked" else 0)
    matmul = 2 * layers * passes + 2 * head * head_passes
    matmul += 2 * adapter_parameters(job) * (3 + recompute)
    widths = sum(one.layers * one.active * (one.inputs + one.outputs) for one in model.linears)
    return TokenWork(
        matmul_flops=matmul,
        matmul_bytes=2.0 * (widths * passes + (model.vocab_size + model.hidden_size) * head_passes),
        attention_flops=attention_flops(job, row_tokens),
        elementwise_bytes=elementwise_bytes(job),
        adapter_bytes=adapter_traffic_bytes(job),
    )


def recomputed(job: TrainingJob) -> float:
    """Share of the forward pass's products that the backward pass repeats."""
    if not job.gradient_checkpointing:
        return 0.0
    return 0.5 if job.checkpoint_policy == "operations" else 1.0


def weight_bytes(job: TrainingJob) -> float:
    """Memory traffic of the weights of all products for one micro-batch: read in 16 bits in every pass."""
    return job.model.active_parameters * 2 * (2 + (0 if job.adapters else 1) + recomputed(job))


def attention_flops(job: TrainingJob, row_tokens: float) -> float:
    """Scores and weighted sums of all layers for one token, as the kernels compute them.

    A query meets on average half the row under a causal mask, which flash and SDPA kernels skip and eager
    attention does not: 2 products of 2 operations for each pair and channel. A layer with a sliding window
    of w tokens meets w (1 - w / 2n) of a row of n. The backward pass of a flash kernel costs 2.5 times the
    forward pass. Source: https://arxiv.org/abs/2307.08691, section 4.1.
    """
    model = job.model
    whole = row_tokens if job.attention == "eager" else row_tokens / 2
    near = whole
    if model.window is not None and model.window < row_tokens and job.attention != "eager":
        near = model.window * (1 - model.window / (2 * row_tokens))
    pairs = (model.layers - model.windowed_layers) * whole + model.windowed_layers * near
    forward = 4 * query_width(model) * pairs
    backward = 2.0 if job.attention == "eager" else 2.5
    again = 1 if job.gradient_checkpointing and job.checkpoint_policy == "layers" else 0
    return forward * (1 + backward + again)


def elementwise_bytes(job: TrainingJob) -> float:
    """Memory traffic of everything that is not a matrix product, for one token.

    Forward, in bytes, h hidden size, q and k widths of queries and keys, f of the MLP: transformers'
    RMSNorm makes six passes, partly in float32 (38h each), the rotary embedding five (14 for each of q and
    k), the residual sums two (12h), the gated MLP two (10f). Fused kernels read and write once: 4h for a
    norm, 4(q + k), 12h, 6f. The backward pass moves twice as much. The loss moves its peak memory about
    three times. Experts move their rows twice besides (8h for each that a token visits).
    """
    model = job.model
    hidden, norms = model.hidden_size, model.norms_per_layer
    width = mlp_width(model, model.experts is not None)
    rotated = query_width(model) + key_value_width(model)
    if job.fused_kernels or job.loss == "liger":
        forward = norms * 4 * hidden + 4 * rotated + 12 * hidden
    else:
        forward = norms * 38 * hidden + 14 * rotated + 12 * hidden
    forward += (6 if job.fused_mlp else 10) * width
    if model.experts is not None:
        forward += 8 * hidden * model.experts.active
    passes = 4 if job.gradient_checkpointing else 3
    loss = {"stock": 36, "fused": 16, "chunked": 16, "liger": 12}[job.loss] * model.vocab_size
    return model.layers * forward * passes + loss


def adapter_traffic_bytes(job: TrainingJob) -> float:
    """Memory traffic of the adapters for one token: their inputs and outputs in each pass."""
    one_pass = sum(
        one.layers * (one.inputs * ADAPTER_INPUT_BYTES + one.outputs * ADAPTER_OUTPUT_BYTES)
        for one in adapted_linears(job)
    )
    if job.fused_kernels:
        one_pass *= FUSED_ADAPTER_SHARE
    return one_pass * (4 if job.gradient_checkpointing else 3)


def dequantise_bytes(job: TrainingJob) -> float:
    """Memory traffic of dequantisation for one micro-batch, however many tokens it has.

    Each pass reads the 4-bit weights and writes them in 16 bits: forward, backward, and recomputation.
    """
    if job.method != "qlora":
        return 0.0
    passes = 3 if job.gradient_checkpointing else 2
    return passes * quantised_parameters(job) * (QUANTISED_BYTES[job.quantisation] + 2)


def optimizer_step_bytes(job: TrainingJob) -> float:
    """Memory traffic of gradient clipping and AdamW for one step: 9 passes over what is trained.

    Clipping reads the gradients and scales them; the step reads parameter, gradient and two moments and
    writes parameter and moments.
    """
    return trainable_parameters(job) * (4 if job.adapters else 2) * 10


def gathered_modules(job: TrainingJob, sharding: Sharding) -> float:
    """Modules whose weights ZeRO-3 gathers for one micro-batch: linear layers and norms, in every pass."""
    if sharding != "zero3":
        return 0.0
    passes = 2 + recomputed(job)
    linears = sum(one.layers for one in job.model.linears)
    return passes * (linears + job.model.layers * job.model.norms_per_layer + 3)


def kernels_per_micro_batch(job: TrainingJob) -> float:
    """Kernels launched for one micro-batch: forward, twice as many backward, and the recomputation.

    Fused kernels launch half as many; each expert of a layer adds six.
    """
    passes = 4 if job.gradient_checkpointing else 3
    adapters = len(adapted_linears(job)) * assumptions.KERNELS_PER_ADAPTER_PASS
    experts = 6 * job.model.experts.count if job.model.experts is not None and job.experts_quantised else 0
    own = assumptions.KERNELS_PER_LAYER_PASS * (0.5 if job.fused_kernels else 1.0)
    return job.model.layers * passes * (own + adapters + experts)
