"""The shape of a model from its ``config.json``, without transformers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tminus.facts.linears import Experts, LatentAttention
from tminus.facts.models import ModelShape

ARCHITECTURES = {
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "smollm3": "SmolLM3ForCausalLM",
    "gemma": "GemmaForCausalLM",
    "gemma2": "Gemma2ForCausalLM",
    "gemma3_text": "Gemma3ForCausalLM",
    "phi": "PhiForCausalLM",
    "phi3": "Phi3ForCausalLM",
    "granite": "GraniteForCausalLM",
    "mixtral": "MixtralForCausalLM",
    "qwen2_moe": "Qwen2MoeForCausalLM",
    "qwen3_moe": "Qwen3MoeForCausalLM",
    "gpt_oss": "GptOssForCausalLM",
    "deepseek_v3": "DeepseekV3ForCausalLM",
}
"""Families whose configuration is understood, and the class of transformers that each is."""

_TIED_BY_DEFAULT = ("gemma", "gemma2", "gemma3_text", "smollm3")


class ConfigError(ValueError):
    """A configuration that is not understood; the message says what was found and what is."""


def shape_of_file(path: Path, model_id: str | None = None) -> ModelShape:
    """The shape that a ``config.json`` states.

    Args:
        path: The file, or the folder that it is in.
        model_id: A name for the model; the folder's by default.

    Raises:
        ConfigError: The file is no JSON object, or of a family that is not understood.
        OSError: It cannot be read.
    """
    file = path / "config.json" if path.is_dir() else path
    try:
        config = json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise ConfigError(f"{file}:{error.lineno}: not JSON: {error.msg}") from error
    if not isinstance(config, dict):
        raise ConfigError(f"{file}: a configuration is a JSON object, not {type(config).__name__}")
    return shape_of_config(config, model_id or str(config.get("_name_or_path") or file.parent.name))


def shape_of_config(config: Mapping[str, Any], model_id: str) -> ModelShape:
    """The shape that a configuration of transformers states.

    What a file leaves out has the default of transformers 5's configuration classes. A model of text and
    images is taken by its ``text_config``: its tower for images is not counted.

    Raises:
        ConfigError: It is of a family that is not understood, or lacks a dimension.
    """
    text = config.get("text_config")
    if isinstance(text, Mapping):
        config = {"tie_word_embeddings": config.get("tie_word_embeddings", True), **text}
    family = str(config.get("model_type"))
    if family not in ARCHITECTURES:
        raise ConfigError(
            f"{model_id}: model_type {family!r} is not understood; those that are: "
            + ", ".join(sorted(ARCHITECTURES))
        )
    hidden, heads = _count(config, "hidden_size", model_id), _count(config, "num_attention_heads", model_id)
    layers = _count(config, "num_hidden_layers", model_id)
    experts = _experts(config, family, layers, model_id)
    window, windowed = _window(config, family, layers)
    return ModelShape(
        id=model_id,
        architecture=ARCHITECTURES[family],
        model_type=family,
        hidden_size=hidden,
        layers=layers,
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or hidden // heads),
        intermediate_size=_count(config, "intermediate_size", model_id),
        vocab_size=_count(config, "vocab_size", model_id),
        tied_embeddings=bool(config.get("tie_word_embeddings", family in _TIED_BY_DEFAULT)),
        attention_bias=_attention_bias(config, family),
        context=int(config.get("max_position_embeddings") or 2048),
        gated=False,
        output_bias=_output_bias(config, family),
        mlp_bias=family == "phi" or bool(config.get("mlp_bias", False)),
        experts=experts,
        latent=_latent(config) if family == "deepseek_v3" else None,
        window=window,
        windowed_layers=windowed,
    )


def _count(config: Mapping[str, Any], name: str, model_id: str) -> int:
    value = config.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{model_id}: {name} is {value!r}; a configuration gives it as a positive number")
    return value


def _attention_bias(config: Mapping[str, Any], family: str) -> bool:
    if family in ("qwen2", "phi"):
        return True
    if family == "qwen2_moe":
        return bool(config.get("qkv_bias", True))
    return bool(config.get("attention_bias", family == "gpt_oss"))


def _output_bias(config: Mapping[str, Any], family: str) -> bool:
    # ``attention_bias`` is for all four projections, but in the Qwen families, whose biases are of three.
    if family in ("qwen2", "qwen2_moe", "mistral", "mixtral"):
        return False
    return family == "phi" or bool(config.get("attention_bias", family == "gpt_oss"))


def _experts(config: Mapping[str, Any], family: str, layers: int, model_id: str) -> Experts | None:
    active = int(config.get("num_experts_per_tok") or 0)
    if family in ("mixtral", "gpt_oss"):
        width = _count(config, "intermediate_size", model_id)
        return Experts(_routed(config, model_id), active, width, layers, biases=family == "gpt_oss")
    if family == "deepseek_v3":
        width = _count(config, "moe_intermediate_size", model_id)
        sparse = max(0, layers - int(config.get("first_k_dense_replace") or 0))
        shared = width * int(config.get("n_shared_experts") or 0)
        return Experts(_routed(config, model_id), active, width, sparse, shared)
    if family in ("qwen2_moe", "qwen3_moe"):
        every = int(config.get("decoder_sparse_step") or 1)
        dense = set(config.get("mlp_only_layers") or ())
        sparse = sum(1 for layer in range(layers) if layer not in dense and (layer + 1) % every == 0)
        shared = int(config.get("shared_expert_intermediate_size") or 0) if family == "qwen2_moe" else 0
        width = _count(config, "moe_intermediate_size", model_id)
        return Experts(_routed(config, model_id), active, width, sparse, shared, shared_gate=bool(shared))
    return None


def _routed(config: Mapping[str, Any], model_id: str) -> int:
    # Older files name the count by family; transformers 5 writes num_local_experts.
    names = ("num_local_experts", "num_experts", "n_routed_experts")
    return _count(config, next((name for name in names if config.get(name)), names[0]), model_id)


def _latent(config: Mapping[str, Any]) -> LatentAttention:
    return LatentAttention(
        query_rank=int(config.get("q_lora_rank") or 0),
        key_value_rank=int(config["kv_lora_rank"]),
        rope_dim=int(config["qk_rope_head_dim"]),
        nope_dim=int(config["qk_nope_head_dim"]),
        value_dim=int(config["v_head_dim"]),
    )


def _window(config: Mapping[str, Any], family: str, layers: int) -> tuple[int | None, int]:
    # The window, and how many layers have it.
    window = config.get("sliding_window")
    asked = config.get("use_sliding_window", not family.startswith("qwen"))
    if not window or not asked:
        return None, 0
    types = config.get("layer_types")
    if types:
        return int(window), list(types).count("sliding_attention")
    if family == "gemma3_text":
        every = int(config.get("sliding_window_pattern") or 6)
        return int(window), layers - layers // every
    if family in ("gemma2", "gpt_oss"):
        return int(window), (layers + 1) // 2
    return (int(window), layers) if family in ("mistral", "mixtral", "phi3") else (None, 0)
