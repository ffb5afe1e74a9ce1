"""Memory that depends on the batch: activations, logits and their gradients, in bytes of one GPU.

The counts were checked tensor by tensor against transformers 5.23 and PEFT 0.21 with PyTorch's saved-tensor
hooks; ``tests/estimate`` repeats that check on small models.
"""

from __future__ import annotations

from tminus.estimate.job import Precision, TrainingJob
from tminus.estimate.parameters import adapted_linears, key_value_width, mlp_width, query_width

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


def kept_operations_bytes(job: TrainingJob, micro_batch: int) -> int:
    """What the selective policy keeps besides: attention's output, and every second matrix product's.

    In a layer of seven products these are the queries, the values, the gate's (or first) and the down
    projection's outputs, 16 bits each. Source: ``_save_list`` and ``_get_custom_policy`` in
    https://github.com/pytorch/torchtitan/blob/main/torchtitan/parallelisms/parallelize_llama.py (2024-12).
    """
    if job.checkpoint_policy != "operations":
        return 0
    model, tokens = job.model, micro_batch * job.seq_len
    attention = 2 * query_width(model) + 4 * model.heads
    products = 2 * (query_width(model) + key_value_width(model) + model.intermediate_size + model.hidden_size)
    return model.layers * tokens * (attention + products)


def saved_activation_bytes(job: TrainingJob, micro_batch: int) -> int:
    """What all layers keep when nothing is recomputed."""
    model, experts = job.model, job.model.experts
    sparse = experts.layers if experts is not None else 0
    dense = model.layers - sparse
    return dense * saved_layer_bytes(job, micro_batch) + sparse * saved_layer_bytes(job, micro_batch, True)


def largest_layer_bytes(job: TrainingJob, micro_batch: int) -> int:
    """What the largest layer keeps while it is worked on."""
    experts = job.model.experts
    sizes = [saved_layer_bytes(job, micro_batch, True)] if experts is not None else []
    if experts is None or experts.layers < job.model.layers:
        sizes.append(saved_layer_bytes(job, micro_batch))
    return max(sizes)


def saved_layer_bytes(job: TrainingJob, micro_batch: int, sparse: bool = False) -> int:
    """What the backward pass of one decoder layer needs, when nothing is recomputed.

    By token, h hidden size, q and k widths of all query and key heads, f width of the MLP (of all experts
    that a token visits), in bytes:

    * a norm over the residual stream keeps its input in float32: 4h; a fused one in 16 bits: 2h; norms of
      queries and keys likewise;
    * queries and the attention's output: 2q each; keys and values: 2k each; its statistics: 4 a head;
    * gate, activation and up of the MLP: 2f each; a fused gate recomputes the activation; without a gate two;
    * full fine-tuning also keeps what the weights' gradients need: normalised input and output of each
      norm (2h each) and the input of the down projection (2f);
    * an adapter keeps a 16-bit copy of its input, and its r-wide product;
    * a quantised layer of an old bitsandbytes keeps its 16-bit input;
    * eager attention keeps the scores (4 bytes) and the probabilities (2) of every pair of tokens, and keys
      and values repeated for every query head;
    * experts keep the rows sent to each of them and what each gives back: 4h for each that a token visits.

    Args:
        job: The job.
        micro_batch: Rows.
        sparse: Whether the layer has experts.
    """
    model, tokens = job.model, micro_batch * job.seq_len
    hidden, query, key_value = model.hidden_size, query_width(model), key_value_width(model)
    width, norms = mlp_width(model, sparse), model.norms_per_layer
    products = 3 if model.gated_mlp and not job.fused_mlp else 2
    per_token = (2 if job.fused_kernels else 4) * norms * hidden + 4 * query + 2 * products * width
    if model.query_key_norms:
        per_token += (2 if job.fused_kernels else 4) * (query + key_value)
    if job.attention == "eager":
        per_token += 4 * query + 6 * model.heads * job.seq_len
    else:
        per_token += 4 * key_value + 4 * model.heads
    if sparse and model.experts is not None:
        per_token += 4 * hidden * model.experts.active
    if job.adapters:
        layer = (one for one in adapted_linears(job) if sparse or not one.name.startswith("shared."))
        per_token += sum(2 * (one.inputs + job.lora_r) for one in layer)
    else:
        # Gemma's norms multiply by 1 + w in float32.
        per_token += (6 if model.model_type.startswith("gemma") else 4) * norms * hidden + 2 * width
        per_token += 2 * (query + key_value) if model.query_key_norms else 0
    if job.method == "qlora" and job.linear_inputs_kept:
        adapted = {one.name for one in adapted_linears(job)}
        first = 0 if adapted & {"q_proj", "k_proj", "v_proj", "qkv_proj"} else 2 * hidden
        per_token += first + 2 * query + 2 * hidden + 2 * width
    return tokens * per_token


def layer_gradient_bytes(job: TrainingJob, micro_batch: int) -> int:
    """Gradients of activations alive at once in a layer's backward pass: three as wide as the MLP.

    The gated product, the gate and the up projection each have a 16-bit gradient while the MLP is
    traversed. With `saved_layer_bytes` this gives 63 bytes a token and unit of hidden size for Llama-3-8B;
    the fms-acceleration rows with Liger's loss show 60 to 68.
    """
    width = mlp_width(job.model, job.model.experts is not None)
    return micro_batch * job.seq_len * 3 * 2 * width


def logits_bytes(job: TrainingJob, micro_batch: int, half: bool = False) -> int:
    """Logits, loss and their gradients at the peak: with a vocabulary of 128,000 the largest single lever.

    For ``stock`` and ``fused`` see `_LOGITS_BYTES`. ``chunked`` (TRL) and ``liger`` never hold the whole
    logits: the gradient of the hidden states remains (float32 in TRL, 16-bit in Liger), and a tile: TRL's
    is 4,096 tokens × 32,768 words in 16 bits beside its float32 gradient
    (``trl/kernels/chunked_logprob.py``, 1.16), Liger's takes about as much as the hidden states. A trained
    head has a float32 gradient meanwhile.

    Args:
        job: The job.
        micro_batch: Rows.
        half: Whether the head's own logits are let go before the loss's peak: adapters under FSDP take 2
            bytes less (6.0 a logit for ``fused`` in the fms-acceleration rows on 2 and 4 GPUs).
    """
    model, tokens = job.model, micro_batch * job.seq_len
    if job.loss == "chunked":
        head = 0 if job.adapters else model.vocab_size * model.hidden_size * 4
        return tokens * model.hidden_size * 4 + min(tokens, 4096) * min(model.vocab_size, 32768) * 6 + head
    if job.loss == "liger":
        return 3 * tokens * model.hidden_size * 2
    each = _LOGITS_BYTES[job.loss] - (2 if half else 0)
    return tokens * model.vocab_size * each + tokens * model.hidden_size * 2


def float32_logits_bytes(job: TrainingJob, micro_batch: int) -> int:
    """One float32 copy of the logits, for losses that make one; 0 for the others."""
    if job.loss in ("chunked", "liger"):
        return 0
    return micro_batch * job.seq_len * job.model.vocab_size * 4
