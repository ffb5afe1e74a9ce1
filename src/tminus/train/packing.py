"""Putting short rows together, by best fit, with their lengths, so that they can be kept apart again.

The packing is TRL's (best fit, longest rows first, in batches of 1,000 rows: https://arxiv.org/abs/2404.10830).
What keeps the rows apart are position ids that begin anew with each of them, and no attention mask:
FlashAttention then gets the rows' boundaries, and SDPA and eager attention a mask of blocks, as long as the
model keeps no cache of keys and values, which TRL's trainer sees to.
"""

from __future__ import annotations

from typing import Any

from tminus.train.config import TrainConfig

LENGTHS = "seq_lengths"
"""Column of a packed row: the lengths of the rows that it is made of."""


def pack(samples: list[dict[str, list[int]]], config: TrainConfig) -> list[dict[str, list[int]]]:
    """Pack a block of rows, where the configuration packs; the same rows otherwise."""
    if not config.packing or not samples:
        return samples
    import datasets

    columns = {name: [sample[name] for sample in samples] for name in ("input_ids", "labels")}
    packed = pack_dataset(datasets.Dataset.from_dict(columns), config)
    return [dict(row) for row in packed]


def pack_dataset(dataset: Any, config: TrainConfig) -> Any:
    """Pack a `datasets.Dataset` of `input_ids` and `labels`; it gets the column `seq_lengths`."""
    import trl

    return trl.pack_dataset(dataset, config.seq_len, "bfd")
