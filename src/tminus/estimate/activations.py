"""Memory that depends on the batch: activations, logits and their gradients, in bytes of one GPU.

The counts were checked tensor by tensor against transformers 5.23 and PEFT 0.21 with PyTorch's saved-tensor
hooks; ``tests/estimate`` repeats that check on a small model.
"""

from __future__ import annotations

from tminus.estimate.job import Precision, TrainingJob
from tminus.estimate.parameters import key_value_width, linear_shapes, query_width

BYTES: dict[Precision, int] = {"bf16": 2, "fp32": 4}

_LOGITS_BYTES = {"stock": 12, "fused": 8}
"""Bytes an element of the logits at the loss's peak, for losses that hold them whole.

stock: the float32 log-probabilities, their gradient and the gradient of the logits, which transformers'
``ForCausalLMLoss`` has alive together in the backward pass (measured: 12.0; older versions, which copied the
shifted logits, came to 14 in the fms-acceleration rows). fused: float32 logits and their gradient (8.1
there)."""


def layer_input_bytes(job: TrainingJob, micro_batch: int, residual: Precision) -> int:
    """What gradient checkpointing keeps: the input of every layer, tokens × hidden size each.

    Source: https://arxiv.org/abs/1604.06174; ``GradientCheckpointingLayer`` of transformers checkpoints
    whole layers.
    """
    tokens = micro_batch * job.seq_len
    return job.model.layers * tokens * job.model.hidden_size * BYTES[residual]


def saved_layer_bytes(job: TrainingJob, micro_batch: int) -> int:
    """What the backward pass of one decoder layer needs, when nothing is recomputed.

    By token, h hidden size, q and k widths of all query and key heads, f width of the MLP, in bytes:

    * the two RMSNorms keep their input in float32: 4h each;
    * queries and the attention's output: 2q each; keys and values: 2k each; its statistics: 4 a head;
    * gate, activation and up of the MLP: 2f each;
    * full fine-tuning also keeps what the weights' gradients need: normalised input and output of both
      norms (2h each) and the input of the down projection (2f);
    * an adapter keeps a 16-bit copy of its input, and its r-wide product;
    * eager attention keeps the scores (4 bytes) and the probabilities (2) of every pair of tokens, and keys
      and values repeated for every query head.
    """
    model, tokens = job.model, micro_batch * job.seq_len
    hidden, query, key_value = model.hidden_size, query_width(model), key_value_width(model)
    per_token = 8 * hidden + 4 * query + 6 * model.intermediate_size
    if job.attention == "eager":
        per_token += 4 * query + 6 * model.heads * job.seq_len
    else:
        per_token += 4 * key_value + 4 * model.heads
    if job.adapters:
        shapes = linear_shapes(model)
        per_token += sum(2 * (shapes[name][0] + job.lora_r) for name in job.lora_targets)
    else:
        per_token += 8 * hidden + 2 * model.intermediate_size
    return tokens * per_token


def layer_gradient_bytes(job: TrainingJob, micro_batch: int) -> int:
    """Gradients of activations alive at once in a layer's backward pass: three as wide as the MLP.

    The gated product, the gate and the up projection each have a 16-bit gradient while the MLP is
    traversed. With `saved_layer_bytes` this gives 63 bytes a token and unit of hidden size for Llama-3-8B;
    the fms-acceleration rows with Liger's loss show 60 to 68.
    """
    return micro_batch * job.seq_len * 3 * 2 * job.model.intermediate_size


def logits_bytes(job: TrainingJob, micro_batch: int) -> int:
    """Logits, loss and their gradients at the peak: with a vocabulary of 128,000 the largest single lever.

    For ``stock`` and ``fused`` see `_LOGITS_BYTES`. ``chunked`` (TRL) and ``liger`` never hold the whole
    logits: the gradient of the hidden states remains (float32 in TRL, 16-bit in Liger), and a tile: TRL's
    is 4,096 tokens × 32,768 words in 16 bits beside its float32 gradient
    (``trl/kernels/chunked_logprob.py``, 1.16), Liger's takes about as much as the hidden states. A trained
    head has a float32 gradient meanwhile.
    """
    model, tokens = job.model, micro_batch * job.seq_len
    if job.loss == "chunked":
        head = 0 if job.adapters else model.vocab_size * model.hidden_size * 4
        return tokens * model.hidden_size * 4 + min(tokens, 4096) * min(model.vocab_size, 32768) * 6 + head
    if job.loss == "liger":
        return 3 * tokens * model.hidden_size * 2
    return tokens * model.vocab_size * _LOGITS_BYTES[job.loss] + tokens * model.hidden_size * 2


def float32_logits_bytes(job: TrainingJob, micro_batch: int) -> int:
    """One float32 copy of the logits, for losses that make one; 0 for the others."""
    if job.loss in ("chunked", "liger"):
        return 0
    return micro_batch * job.seq_len * job.model.vocab_size * 4
