"""Shrinking a model to one that trains on a CPU: the same kinds of layers, few and narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tminus.facts import ModelShape
from tminus.facts.linears import Experts, LatentAttention

HEAD_DIM = 16
LAYERS = 2
_MIN_HEADS = 4
# Query heads that share a key and value head, at most: Falcon's 71 would make the widest stand-in of all.
_MAX_GROUP = 8
_MAX_EXPERTS = 8
_MAX_ACTIVE = 2
_LATENT_WIDTH = 16


def shrink(shape: ModelShape, vocab_size: int) -> ModelShape:
    """A small model of the same architecture.

    As many query heads share a key and value head as in the real model (8 at most), and the width of all
    heads together has the same ratio to the hidden width, rounded to a multiple of 8. Of experts there are 8
    at most, of which a token visits 2 at most. Two layers: one of each kind where the real model has two.
    """
    group = min(shape.heads // shape.kv_heads, _MAX_GROUP)
    kv_heads = max(1, -(-_MIN_HEADS // group))
    heads = group * kv_heads
    hidden = _multiple_of(8, heads * HEAD_DIM * shape.hidden_size / (shape.heads * shape.head_dim))
    narrower = hidden / shape.hidden_size
    both_kinds = 0 < shape.windowed_layers < shape.layers
    return replace(
        shape,
        hidden_size=hidden,
        intermediate_size=_multiple_of(16, shape.intermediate_size * narrower),
        layers=LAYERS,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=HEAD_DIM,
        vocab_size=vocab_size,
        windowed_layers=1 if both_kinds else min(LAYERS, shape.windowed_layers),
        experts=_fewer(shape, shape.experts, narrower),
        latent=_narrower(shape.latent),
        settings=_settings(shape, both_kinds),
        counted=None,
    )


def _fewer(shape: ModelShape, experts: Experts | None, narrower: float) -> Experts | None:
    if experts is None:
        return None
    width = _multiple_of(8, experts.width * narrower)
    return replace(
        experts,
        count=min(experts.count, _MAX_EXPERTS),
        active=min(experts.active, _MAX_ACTIVE),
        width=width,
        layers=LAYERS if experts.layers == shape.layers else LAYERS - 1,
        shared_width=width * (experts.shared_width // experts.width),
    )


def _narrower(latent: LatentAttention | None) -> LatentAttention | None:
    if latent is None:
        return None
    return LatentAttention(
        query_rank=2 * _LATENT_WIDTH if latent.query_rank else 0,
        key_value_rank=_LATENT_WIDTH,
        rope_dim=HEAD_DIM // 2,
        nope_dim=HEAD_DIM,
        value_dim=HEAD_DIM,
    )


def _settings(shape: ModelShape, both_kinds: bool) -> dict[str, Any]:
    settings = dict(shape.settings)
    # The scale of attention follows from the width of a head: Gemma 2 and 3, Granite.
    settings["query_pre_attn_scalar"] = HEAD_DIM
    if "attention_multiplier" in settings:
        settings["attention_multiplier"] *= shape.head_dim / HEAD_DIM
    # DeepSeek chooses experts by groups; there have to be two to choose from, with two experts each.
    if settings.get("n_group", 1) > 1:
        settings |= {"n_group": 2, "topk_group": 1}
    if both_kinds:
        settings["layer_types"] = ["sliding_attention", "full_attention"]
    return settings


def _multiple_of(step: int, value: float) -> int:
    return max(step, step * round(value / step))
