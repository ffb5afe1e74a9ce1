"""Activation checkpointing that keeps what is dear to compute: attention, and every second matrix product.

The policy is torchtitan's (https://github.com/pytorch/torchtitan, `activation_checkpoint.py`, `selective` by
operation). It is set on the model's own method: TRL 1.16 has a policy too, but sets it on a method that
transformers 5.23 no longer calls.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import CheckpointPolicy, create_selective_checkpoint_contexts

_ATTENTION = (
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
)
"""Operations of torch that SDPA becomes, by device; not every build has all."""


def keep_dear_operations(model: Any) -> None:
    """Have a model keep the dear operations' results wherever its activations are checkpointed."""
    enable = model.activation_checkpointing_enable

    def with_policy(activation_checkpointing_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        options = {
            **(activation_checkpointing_kwargs or {}),
            "use_reentrant": False,
            "context_fn": contexts,
        }
        return enable(activation_checkpointing_kwargs=options, **kwargs)

    model.activation_checkpointing_enable = with_policy


def contexts() -> Any:
    """The contexts of the forward pass and of the recomputation of one layer."""
    policy = partial(_policy, defaultdict(int))
    return create_selective_checkpoint_contexts(policy)  # type: ignore[no-untyped-call]  # of torch


def _policy(products: dict[bool, int], context: Any, operation: Any, *args: Any, **kwargs: Any) -> Any:
    if operation == torch.ops.aten.mm.default:
        products[context.is_recompute] += 1
        keep = products[context.is_recompute] % 2 == 1
    else:
        keep = operation in _kept() or "flash_attn" in str(operation)
    return CheckpointPolicy.MUST_SAVE if keep else CheckpointPolicy.PREFER_RECOMPUTE


def _kept() -> set[Any]:
    packets = (getattr(torch.ops.aten, name, None) for name in _ATTENTION)
    return {packet.default for packet in packets if packet is not None}
