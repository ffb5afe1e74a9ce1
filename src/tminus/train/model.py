"""Loading the base model and its tokenizer for training."""

from __future__ import annotations

import os
from typing import Any

from tminus.train.chat import read_template
from tminus.train.config import TrainConfig
from tminus.train.decisions import Decisions

_PAD_TOKENS = (
    "<|finetune_right_pad_id|>", "<|pad|>", "<pad>", "[PAD]", "<|padding|>", "<|endoftext|>",
    "<|reserved_special_token_0|>", "<unk>",
)  # fmt: skip
"""Tokens that tokenizers carry and that no text needs, best first: a pad of its own, then a spare one."""


def load_tokenizer(config: TrainConfig) -> tuple[Any, str]:
    """Load the tokenizer with a pad token that is safe to mask, and say which and why.

    With pad equal to the end-of-sequence token, tools that mask padding by its id mask the end of every row
    too, and the model never learns to stop. No token is added, so the embedding keeps its size.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(config.model)
    if config.chat_template is not None:
        tokenizer.chat_template = read_template(config.chat_template)  # and it is saved with the adapter
    if tokenizer.pad_token_id is not None and tokenizer.pad_token_id != tokenizer.eos_token_id:
        return tokenizer, f"pad token {tokenizer.pad_token!r}: the tokenizer's own"
    vocabulary = tokenizer.get_vocab()
    for token in _PAD_TOKENS:
        if token in vocabulary and token != tokenizer.eos_token:
            had = "is the end-of-sequence token" if tokenizer.pad_token is not None else "is missing"
            tokenizer.pad_token = token
            return tokenizer, f"pad token {token!r}: the tokenizer's own {had}"
    tokenizer.pad_token = tokenizer.eos_token
    return tokenizer, (
        f"pad token {tokenizer.eos_token!r}: the vocabulary has no spare token. Padding is masked by its "
        "place, not by its id, so the end of every row is learned"
    )


def load_model(config: TrainConfig, decisions: Decisions) -> Any:
    """Load the base model: 4-bit for qlora, in the decided number format otherwise."""
    import torch
    from transformers import AutoModelForCausalLM

    dtype = getattr(torch, decisions.weights)
    options: dict[str, Any] = {"dtype": dtype, "attn_implementation": decisions.attention}
    if config.method == "qlora":
        options["quantization_config"] = quantisation(dtype)
        options["device_map"] = {"": int(os.environ.get("LOCAL_RANK", "0")) if decisions.gpu else "cpu"}
    model = AutoModelForCausalLM.from_pretrained(config.model, **options)
    if config.activation_checkpointing == "selective":
        from tminus.train.selective import keep_dear_operations

        keep_dear_operations(model)
    return model


def quantisation(dtype: Any) -> Any:
    """How qlora's base is held: nf4, its constants quantised once more, computed with in `dtype`."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def adapter_config(config: TrainConfig) -> Any:
    """PEFT's configuration of the adapter, or None for a full fine-tune."""
    if config.method == "full":
        return None
    from peft import LoraConfig

    targets = config.target_modules
    return LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        use_rslora=config.rslora,
        use_dora=config.dora,
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )
