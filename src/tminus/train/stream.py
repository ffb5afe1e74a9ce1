"""Rows as they come, in an order that is exact on resume without reading anything twice.

The source is read in blocks of `shuffle_buffer` rows. A block is packed, where packing is on, and shuffled by
a seed that depends on its number alone. So a place in the stream is the position of a block in the source and
a number within the block, and nothing before that block has to be read to go on from it. The stream has
no end: after the last row it begins anew, with the rows of each block in another order.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from tminus.train.chat import chat_template
from tminus.train.config import TrainConfig
from tminus.train.errors import DataError
from tminus.train.packing import pack
from tminus.train.prepared import encode_block, make_encoder
from tminus.train.sources import Source

Sample = dict[str, list[int]]

_REMEMBERED = 4096
"""Blocks whose beginnings are kept: far more than a data loader reads ahead."""

_START: dict[str, Any] = {"pass": 0, "block": 0, "position": None, "first": 0, "skip": 0}


class RowStream:
    """An endless stream of samples that tells its place, and starts from any."""

    def __init__(
        self, config: TrainConfig, source: Source, tokenizer: Any, seed: int, say: Callable[[str], None]
    ) -> None:
        """Look at the first rows.

        Raises:
            DataError: They are no accepted training rows.
        """
        template = chat_template(tokenizer, config.chat_template)
        self._encoder, self.report = make_encoder(config, source, tokenizer, template)
        self._config = config
        self._source = source
        self._seed = seed
        self._say = say
        self._told: set[str] = set()
        self._start = dict(_START)
        self._blocks: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)

    def seek(self, place: dict[str, Any]) -> None:
        """Start from a place that `place_of` told."""
        self._start = dict(place)

    def place_of(self, sample: int) -> dict[str, Any]:
        """The place of a sample, by its number from the beginning of the run, as a JSON value."""
        for block in reversed(self._blocks):
            if block["first"] <= sample:
                return {**block, "skip": sample - block["first"]}
        return dict(self._start)

    def samples(self) -> Iterator[Sample]:
        """The samples from the place on, without end.

        Raises:
            DataError: A row is bad and `on_bad_row` is `refuse`, or a whole pass has no good row.
        """
        at = dict(self._start)
        self._blocks.clear()
        self.report.clear()  # a trainer looks at the first sample before it begins
        while True:
            used = at["block"] > 0
            for rows, after in self._source.blocks(self._config.shuffle_buffer, at["position"]):
                self._blocks.append(dict(at))
                samples = self._block(rows, at)
                used = used or bool(samples)
                yield from samples[at["skip"] :]
                at.update(block=at["block"] + 1, position=after, first=at["first"] + len(samples), skip=0)
            if not used:
                raise DataError(f"dataset: no row of {self._source.name} can be learned from.")
            at.update({"pass": at["pass"] + 1, "block": 0, "position": None})

    def _block(self, rows: list[Any], at: dict[str, Any]) -> list[Sample]:
        encoded = encode_block(self._encoder, rows, self.report)
        self._tell_bad_rows()
        samples = pack([{"input_ids": one.input_ids, "labels": one.labels} for one in encoded], self._config)
        random.Random(f"{self._seed} {at['pass']} {at['block']}").shuffle(samples)
        return samples

    def _tell_bad_rows(self) -> None:
        if self.report.bad and self._config.on_bad_row == "refuse":
            raise self.report.refusal()
        for place, reason in self.report.bad_rows:
            if place not in self._told:
                self._say(f"left out {place}: {reason}")
                self._told.add(place)


def as_iterable_dataset(stream: RowStream, packed: bool) -> Any:
    """The stream as the `datasets.IterableDataset` that trainers take."""
    import datasets
    from datasets.iterable_dataset import ExamplesIterable

    numbers = datasets.List(datasets.Value("int32"))
    columns = ("input_ids", "labels", "seq_lengths") if packed else ("input_ids", "labels")

    def examples() -> Iterator[tuple[int, Sample]]:
        yield from enumerate(stream.samples())

    features = datasets.Features(dict.fromkeys(columns, numbers))
    return datasets.IterableDataset(
        ExamplesIterable(examples, {}), info=datasets.DatasetInfo(features=features)
    )
