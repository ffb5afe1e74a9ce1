"""Shapes of language models, data sets and workspace plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from tminus.facts.linears import (
    Experts,
    LatentAttention,
    Linear,
    attention_linears,
    expert_linears,
    latent_linears,
    mlp_linears,
)


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The dimensions of a decoder-only model, as its ``config.json`` states them.

    Attributes:
        id: Name on the hub.
        architecture: Class name in transformers.
        model_type: ``model_type`` of its configuration.
        hidden_size: Width of the residual stream.
        layers: Number of decoder layers.
        heads: Query heads of a layer.
        kv_heads: Key and value heads of a layer.
        head_dim: Width of a head.
        intermediate_size: Width of the gated MLP.
        vocab_size: Rows of the embedding.
        tied_embeddings: Whether the output head shares the embedding's weights.
        attention_bias: Whether the query, key and value projections have biases (Qwen2).
        context: Longest sequence in tokens.
        gated: Whether the hub asks for an accepted licence and a token.
        output_bias: Whether the attention's output projection has a bias.
        mlp_bias: Whether the MLP's layers have biases.
        experts: The mixture of experts in place of the MLP, if there is one.
        latent: Latent attention in place of grouped queries, if there is any.
        window: Tokens that a sliding-window layer sees; None where every layer sees the whole row.
        windowed_layers: Layers with that window.
        unquantised: Linear layers that nobody quantises, by name: the routers.
        settings: What else its ``config.json`` sets, under its own names.
        counted: Its parameters, counted with transformers' own class, where `linears` does not know its
            layers.
        source: Address of what the figures were read in.
        as_of: Day on which they were read.
    """

    id: str
    architecture: str
    model_type: str
    hidden_size: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate_size: int
    vocab_size: int
    tied_embeddings: bool
    attention_bias: bool
    context: int
    gated: bool
    output_bias: bool = False
    mlp_bias: bool = False
    experts: Experts | None = None
    latent: LatentAttention | None = None
    window: int | None = None
    windowed_layers: int = 0
    unquantised: tuple[str, ...] = ("router", "shared_gate")
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    counted: int | None = None
    source: str = ""
    as_of: date | None = None

    @property
    def linears(self) -> tuple[Linear, ...]:
        """Every kind of linear layer of the decoder layers, by transformers' names."""
        return _linears(self)

    @property
    def gated_mlp(self) -> bool:
        """Whether the MLP has a gate; Phi-1 and Phi-2 have none."""
        return self.model_type != "phi"

    @property
    def norms_per_layer(self) -> int:
        """Norms over the residual stream in a layer: four in Gemma 2 and 3, one in Phi-1 and Phi-2."""
        return _NORMS.get(self.model_type, 2)

    @property
    def query_key_norms(self) -> bool:
        """Whether queries and keys are normed head by head, as in Qwen3 and Gemma 3."""
        return self.model_type in _QUERY_KEY_NORMS

    @property
    def attention_parameters(self) -> int:
        """Parameters of one layer's attention projections, biases included."""
        return sum(one.parameters // one.layers for one in self.linears if one.name in _ATTENTION)

    @property
    def mlp_parameters(self) -> int:
        """Parameters of one layer's MLP, of all its experts and the router where it has them."""
        of_mlp = (one for one in self.linears if one.name not in _ATTENTION)
        if self.experts is None:
            return sum(one.parameters // one.layers for one in of_mlp)
        return sum(one.parameters // one.layers for one in of_mlp if one.layers == self.experts.layers)

    @property
    def norm_parameters(self) -> int:
        """Parameters of one layer's norms, and the attention sinks of GPT-OSS."""
        each = self.hidden_size * (2 if self.model_type == "phi" else 1)
        inner = 2 * self.head_dim if self.query_key_norms else 0
        if self.latent is not None:
            inner = self.latent.query_rank + self.latent.key_value_rank
        sinks = self.heads if self.model_type == "gpt_oss" else 0
        return self.norms_per_layer * each + inner + sinks

    @property
    def embedding_parameters(self) -> int:
        """Parameters of the input embedding and of the output head, counted once if tied."""
        return self.vocab_size * self.hidden_size * (1 if self.tied_embeddings else 2)

    @property
    def parameters(self) -> int:
        """All parameters."""
        if self.counted is not None:
            return self.counted
        last = self.hidden_size
        if self.model_type == "phi":  # LayerNorm has a bias, and so has the head
            last = 2 * self.hidden_size + self.vocab_size
        decoder = sum(one.parameters for one in self.linears) + self.layers * self.norm_parameters
        return decoder + self.embedding_parameters + last

    @property
    def active_parameters(self) -> int:
        """Parameters that one token meets: of routed experts only those that it visits."""
        idle = sum(one.parameters // one.copies * (one.copies - one.active) for one in self.linears)
        return self.parameters - idle


_ATTENTION = frozenset(
    [
        *("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "dense"),
        *("q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj"),
    ]
)
_NORMS = {"gemma2": 4, "gemma3_text": 4, "gemma3": 4, "phi": 1}
_QUERY_KEY_NORMS = ("qwen3", "qwen3_moe", "gemma3_text", "gemma3")


@lru_cache(maxsize=256)
def _linears(model: ModelShape) -> tuple[Linear, ...]:
    hidden, layers = model.hidden_size, model.layers
    found: list[Linear] = []
    if model.latent is not None:
        found += latent_linears(hidden, model.heads, layers, model.latent)
    else:
        query, key_value = model.heads * model.head_dim, model.kv_heads * model.head_dim
        biases = (model.attention_bias, model.output_bias)
        found += attention_linears(hidden, query, key_value, layers, *biases, model.model_type)
    dense = layers - (model.experts.layers if model.experts else 0)
    if dense:
        found += mlp_linears(hidden, model.intermediate_size, dense, model.mlp_bias, model.model_type)
    if model.experts is not None:
        found += expert_linears(hidden, model.experts)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class DatasetShape:
    """A public data set as its card describes it.

    Attributes:
        id: Name on the hub.
        columns: Column name to type: ``string``, ``int64`` or ``messages`` (a list of role and content).
        splits: Split name to number of rows.
        mean_tokens: Rough mean length of a row in tokens; an assumption, not a fact.
        source: Address of the card.
    """

    id: str
    columns: Mapping[str, str]
    splits: Mapping[str, int]
    mean_tokens: int
    source: str

    @property
    def rows(self) -> int:
        """Rows of the split that training uses by default: ``train``, else the first."""
        return self.splits.get("train", next(iter(self.splits.values())))


@dataclass(frozen=True, slots=True)
class WorkspacePlan:
    """A workspace plan and its concurrency limits; None is unlimited or by agreement."""

    name: str
    concurrent_gpus: int | None
    concurrent_containers: int | None
    monthly_fee_usd: float | None
    monthly_credit_usd: float | None
    source: str
    as_of: date
