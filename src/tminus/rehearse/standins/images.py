"""Models of text and images: a text model of the usual kind, with a tower for images beside it."""

from __future__ import annotations

from typing import Any

WITH_IMAGES = ("gemma3",)
"""Model types of text and images that have stand-ins."""

# 16 patches, which are pooled to 4 tokens.
_TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
}
_IMAGE_TOKENS = 4


def text_class_of(config_class: type[Any]) -> type[Any]:
    """The configuration class of a model's text model; its own where it has nothing else."""
    parts: dict[str, type[Any]] = config_class.sub_configs
    return parts.get("text_config", config_class)


def with_tower(config_class: type[Any], text: dict[str, Any], tokenizer: Any) -> Any:
    """The configuration of a model with a small tower for images.

    Args:
        config_class: Of the whole model: Gemma 3's.
        text: Settings of the text model.
        tokenizer: Has the tokens that stand for images.
    """
    return config_class(
        text_config=text,
        vision_config=_TOWER,
        mm_tokens_per_image=_IMAGE_TOKENS,
        boi_token_index=tokenizer.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=tokenizer.convert_tokens_to_ids("<end_of_image>"),
        image_token_index=tokenizer.convert_tokens_to_ids("<image_soft_token>"),
        tie_word_embeddings=text["tie_word_embeddings"],
    )
