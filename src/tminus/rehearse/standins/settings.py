"""A model's shape in the names that transformers' configurations give to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tminus.facts import ModelShape

# Names of the same setting, by the one that most configurations have.
_ALSO = {
    "num_key_value_heads": ("num_kv_heads",),
    "intermediate_size": ("ffn_hidden_size", "n_inner"),
    "num_local_experts": ("num_experts", "n_routed_experts"),
    "attention_bias": ("qkv_bias", "use_qkv_bias"),
}


def config_settings(
    shape: ModelShape, known: Collection[str], attribute_map: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments of a configuration class for a model of this shape.

    Args:
        shape: The model.
        known: Names of the class's fields. Not every architecture has every setting: Qwen2's biases, for
            one, are part of the class.
        attribute_map: Names that the class has for those of others (GPT-2).
    """
    found: dict[str, Any] = {}
    for name, value in {**_dimensions(shape), **_experts(shape, known), **shape.settings}.items():
        names = (name, attribute_map.get(name, name), *_ALSO.get(name, ()))
        mine = next((one for one in names if one in known), None)
        if mine is not None:
            found[mine] = value
    # Some classes have no field for the width of a head and yet read it where it is set (Qwen3-MoE).
    if "head_dim" not in known and shape.latent is None and shape.heads * shape.head_dim != shape.hidden_size:
        found["head_dim"] = shape.head_dim
    return found


def _dimensions(shape: ModelShape) -> dict[str, Any]:
    latent = shape.latent
    named: dict[str, Any] = {
        "hidden_size": shape.hidden_size,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "intermediate_size": shape.intermediate_size,
        "vocab_size": shape.vocab_size,
        "tie_word_embeddings": shape.tied_embeddings,
        "attention_bias": shape.attention_bias,
        "max_position_embeddings": shape.context,
    }
    if latent is None:
        named["head_dim"] = shape.head_dim
    else:
        named |= {
            "q_lora_rank": latent.query_rank or None,
            "kv_lora_rank": latent.key_value_rank,
            "qk_rope_head_dim": latent.rope_dim,
            "qk_nope_head_dim": latent.nope_dim,
            "v_head_dim": latent.value_dim,
        }
    if shape.window is not None:
        named["sliding_window"] = shape.window
    return named


def _experts(shape: ModelShape, known: Collection[str]) -> dict[str, Any]:
    experts = shape.experts
    if experts is None:
        return {}
    named = {
        "num_local_experts": experts.count,
        "num_experts_per_tok": experts.active,
        "moe_intermediate_size": experts.width,
        "first_k_dense_replace": shape.layers - experts.layers,
        "shared_expert_intermediate_size": experts.shared_width,
        "n_shared_experts": experts.shared_width // experts.width,
    }
    if "moe_intermediate_size" not in known:
        named["intermediate_size"] = experts.width
    return named
