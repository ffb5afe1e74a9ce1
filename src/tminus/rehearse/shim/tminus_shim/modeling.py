"""Loading of models: attention and placement that need a GPU are replaced where there is none."""

from __future__ import annotations

import functools
from typing import Any

from .state import change, without_gpu


def adapt(module: Any) -> None:
    """Adapt PreTrainedModel, which every model class derives from."""
    model = module.PreTrainedModel
    _adapt_attention(model)
    _adapt_placement(model)


def _adapt_attention(model: Any) -> None:
    original = model._check_and_adjust_attn_implementation

    @functools.wraps(original)
    def check_and_adjust(self: Any, attn_implementation: Any, *positional: Any, **named: Any) -> Any:
        if isinstance(attn_implementation, str) and "flash" in attn_implementation and without_gpu():
            change("attn_implementation", attn_implementation, "sdpa", "no GPU")
            attn_implementation = "sdpa"
        return original(self, attn_implementation, *positional, **named)

    model._check_and_adjust_attn_implementation = check_and_adjust


def _adapt_placement(model: Any) -> None:
    original = model.from_pretrained.__func__

    @functools.wraps(original)
    def from_pretrained(cls: Any, *positional: Any, **named: Any) -> Any:
        device_map = named.get("device_map")
        if _names_gpu(device_map) and without_gpu():
            change("device_map", device_map, "cpu", "no GPU")
            named["device_map"] = "cpu"
        return original(cls, *positional, **named)

    model.from_pretrained = classmethod(from_pretrained)


def _names_gpu(device_map: Any) -> bool:
    """Whether a device map names a GPU: 0, "cuda:1", torch.device("cuda"), or a dictionary of these."""
    if isinstance(device_map, dict):
        return any(_names_gpu(device) for device in device_map.values())
    return (isinstance(device_map, int) and not isinstance(device_map, bool)) or str(device_map).startswith(
        "cuda"
    )
