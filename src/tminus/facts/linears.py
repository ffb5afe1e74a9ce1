"""The linear layers of a decoder: what a model's parameters, operations and activations are counted from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture of experts in place of the MLP.

    Attributes:
        count: Routed experts of a layer.
        active: Routed experts that a token visits.
        width: Width of one expert's MLP.
        layers: Decoder layers that have experts; the others have a plain MLP.
        shared_width: Width of the MLP that every token visits besides; 0 without one.
        shared_gate: Whether that shared MLP is weighted by a gate of its own (Qwen2-MoE).
        biases: Whether router and experts have biases (GPT-OSS).
    """

    count: int
    active: int
    width: int
    layers: int
    shared_width: int = 0
    shared_gate: bool = False
    biases: bool = False


@dataclass(frozen=True, slots=True)
class LatentAttention:
    """Multi-head latent attention: queries, keys and values through narrow projections (DeepSeek-V2 and V3).

    Attributes:
        query_rank: Width of the queries' latent; 0 where queries are projected directly.
        key_value_rank: Width of the keys' and values' latent.
        rope_dim: Width of a head's rotated part.
        nope_dim: Width of a head's part that is not rotated.
        value_dim: Width of a head's values.

    Source: https://arxiv.org/abs/2412.19437, section 2.1.1.
    """

    query_rank: int
    key_value_rank: int
    rope_dim: int
    nope_dim: int
    value_dim: int


@dataclass(frozen=True, slots=True)
class Linear:
    """A kind of linear layer.

    Attributes:
        name: Its name in transformers, the same in every layer; routed experts are ``experts.gate_proj`` etc.
        inputs: Width of its input.
        outputs: Width of its output.
        layers: Decoder layers that have it.
        copies: How many a layer has: the routed experts, else 1.
        active: How many of those a token passes through.
        bias: Whether it has one.
    """

    name: str
    inputs: int
    outputs: int
    layers: int
    copies: int = 1
    active: int = 1
    bias: bool = False

    @property
    def weights(self) -> int:
        """Weights of one copy."""
        return self.inputs * self.outputs

    @property
    def parameters(self) -> int:
        """Weights and biases of all copies in all layers."""
        return self.layers * self.copies * (self.weights + (self.outputs if self.bias else 0))

    @property
    def routed(self) -> bool:
        """Whether it belongs to routed experts."""
        return self.copies > 1


def attention_linears(
    hidden: int, query: int, key_value: int, layers: int, bias: bool, output_bias: bool, model_type: str
) -> Iterator[Linear]:
    """The projections of grouped-query attention."""
    if model_type == "phi3":
        yield Linear("qkv_proj", hidden, query + 2 * key_value, layers, bias=bias)
    else:
        yield Linear("q_proj", hidden, query, layers, bias=bias)
        yield Linear("k_proj", hidden, key_value, layers, bias=bias)
        yield Linear("v_proj", hidden, key_value, layers, bias=bias)
    yield Linear("dense" if model_type == "phi" else "o_proj", query, hidden, layers, bias=output_bias)


def latent_linears(hidden: int, heads: int, layers: int, latent: LatentAttention) -> Iterator[Linear]:
    """The projections of multi-head latent attention."""
    query = heads * (latent.nope_dim + latent.rope_dim)
    if latent.query_rank:
        yield Linear("q_a_proj", hidden, latent.query_rank, layers)
        yield Linear("q_b_proj", latent.query_rank, query, layers)
    else:
        yield Linear("q_proj", hidden, query, layers)
    yield Linear("kv_a_proj_with_mqa", hidden, latent.key_value_rank + latent.rope_dim, layers)
    yield Linear("kv_b_proj", latent.key_value_rank, heads * (latent.nope_dim + latent.value_dim), layers)
    yield Linear("o_proj", heads * latent.value_dim, hidden, layers)


def mlp_linears(hidden: int, width: int, layers: int, bias: bool, model_type: str) -> Iterator[Linear]:
    """The layers of a plain MLP: gated, or with two layers in Phi-1 and Phi-2."""
    if model_type == "phi":
        yield Linear("fc1", hidden, width, layers, bias=bias)
        yield Linear("fc2", width, hidden, layers, bias=bias)
        return
    if model_type == "phi3":
        yield Linear("gate_up_proj", hidden, 2 * width, layers, bias=bias)
    else:
        yield Linear("gate_proj", hidden, width, layers, bias=bias)
        yield Linear("up_proj", hidden, width, layers, bias=bias)
    yield Linear("down_proj", width, hidden, layers, bias=bias)


def expert_linears(hidden: int, experts: Experts) -> Iterator[Linear]:
    """Router, routed experts, and the shared MLP beside them."""
    count, active, layers, biased = experts.count, experts.active, experts.layers, experts.biases
    yield Linear("router", hidden, count, layers, bias=biased)
    for name in ("gate_proj", "up_proj"):
        yield Linear(f"experts.{name}", hidden, experts.width, layers, count, active, biased)
    yield Linear("experts.down_proj", experts.width, hidden, layers, count, active, biased)
    if experts.shared_width:
        for name in ("gate_proj", "up_proj"):
            yield Linear(f"shared.{name}", hidden, experts.shared_width, layers)
        yield Linear("shared.down_proj", experts.shared_width, hidden, layers)
    if experts.shared_gate:
        yield Linear("shared_gate", hidden, 1, layers)
