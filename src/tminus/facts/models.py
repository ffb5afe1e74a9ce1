"""Shapes of language models, data sets and workspace plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


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

    @property
    def attention_parameters(self) -> int:
        """Parameters of one layer's four attention projections, biases included."""
        query, key_value = self.heads * self.head_dim, self.kv_heads * self.head_dim
        biases = query + 2 * key_value if self.attention_bias else 0
        return self.hidden_size * (2 * query + 2 * key_value) + biases

    @property
    def mlp_parameters(self) -> int:
        """Parameters of one layer's gated MLP: gate, up and down projections."""
        return 3 * self.hidden_size * self.intermediate_size

    @property
    def norm_parameters(self) -> int:
        """Parameters of one layer's norms (Gemma 2 has four, Qwen3 norms its queries and keys)."""
        norms = 4 if self.model_type == "gemma2" else 2
        per_head = 2 * self.head_dim if self.model_type == "qwen3" else 0
        return norms * self.hidden_size + per_head

    @property
    def embedding_parameters(self) -> int:
        """Parameters of the input embedding and of the output head, counted once if tied."""
        return self.vocab_size * self.hidden_size * (1 if self.tied_embeddings else 2)

    @property
    def parameters(self) -> int:
        """All parameters."""
        layer = self.attention_parameters + self.mlp_parameters + self.norm_parameters
        return self.layers * layer + self.embedding_parameters + self.hidden_size


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
