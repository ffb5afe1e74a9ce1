"""A check before training on packed rows: that this model, with this attention, keeps them apart.

Whether it does depends on the model's code, the attention and the library's version, and nothing shows where
it does not: packed rows then cost "roughly 0.03 to 0.15 in final loss"
(https://github.com/huggingface/trl/issues/3910).
"""

from __future__ import annotations

from typing import Any

from tminus.train.errors import SetupError
from tminus.train.packing import LENGTHS

TOLERANCE = 0.1
"""Largest difference of two logits, in standard deviations of the logits. Formats and kernels round within
it: 5e-5 was seen in float32 on a CPU. A neighbour that is attended to moves logits by whole deviations."""

_TOKENS = 48
"""Tokens of each row that are compared: enough to show, quick on a large model."""


def refuse_mixed_rows(model: Any, collator: Any, dataset: Any) -> str | None:
    """Compare a row alone with the same row behind another one.

    Args:
        model: The model, as it will be trained.
        collator: The trainer's.
        dataset: Packed rows.

    Returns:
        What was found, in words; None where no two rows share a sequence.

    Raises:
        SetupError: The logits differ.
    """
    import torch

    pair = _first_pair(dataset)
    if pair is None:
        return None
    first, second = pair
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            alone = _logits(model, collator, [second])
            packed = _logits(model, collator, [first, second])[:, len(first) :]
    finally:
        model.train(was_training)
    difference = float((alone - packed).abs().max() / alone.std().clamp(min=1e-6))
    if difference > TOLERANCE:
        raise SetupError(
            f"packing: a row's logits change by {difference:.2g} standard deviations when another row stands "
            f"before it (at most {TOLERANCE:g} is rounding): {type(model).__name__} does not keep packed "
            "rows apart with this attention. Set packing to false, or choose another attention."
        )
    return f"packed rows are kept apart: a row's logits move by {difference:.1e} of their spread"


def _first_pair(dataset: Any) -> tuple[list[int], list[int]] | None:
    for row in dataset.select(range(min(100, len(dataset)))):
        if len(row[LENGTHS]) > 1:
            first, second = row[LENGTHS][:2]
            ids = row["input_ids"]
            return ids[: min(first, _TOKENS)], ids[first : first + min(second, _TOKENS)]
    return None


def _logits(model: Any, collator: Any, rows: list[list[int]]) -> Any:
    ids = [token for row in rows for token in row]
    batch = collator([{"input_ids": ids, "labels": ids, LENGTHS: [len(row) for row in rows]}])
    batch.pop("labels")
    device = next(model.parameters()).device
    inputs = {key: value.to(device) if hasattr(value, "to") else value for key, value in batch.items()}
    return model(**inputs, use_cache=False).logits.float()
