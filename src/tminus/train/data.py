"""The rows that a run trains and evaluates on, as its trainer takes them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tminus.train.config import TrainConfig
from tminus.train.errors import DataError
from tminus.train.packing import pack_dataset
from tminus.train.prepared import prepare
from tminus.train.row_report import RowReport
from tminus.train.sources import evaluation_source, training_source
from tminus.train.stream import RowStream, as_iterable_dataset


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Rows to train and to evaluate on."""

    train: Any
    """A `datasets.Dataset` whose rows are a multiple of the global batch, or an endless `IterableDataset`."""

    evaluation: Any | None
    report: RowReport
    """What became of the training rows; where they are streamed, of those read so far."""

    stream: RowStream | None
    """Where the training rows are streamed: what tells the place in them."""


def load_data(config: TrainConfig, tokenizer: Any, *, seed: int, say: Callable[[str], None]) -> TrainingData:
    """Read, tokenise, split and pack the rows of a configuration.

    Args:
        config: The run.
        tokenizer: The model's.
        seed: Of the order in which streamed rows are shuffled.
        say: Takes one line for the user.

    Raises:
        DataError: Files are missing, rows are bad, or there is nothing to learn from.
    """
    source = training_source(config)
    held_out = evaluation_source(config)
    evaluation = None
    if held_out is not None:
        evaluation, counted = prepare(config, held_out, tokenizer)
        for line in counted.lines():
            say(f"evaluation: {line}")
    if config.streaming:
        stream = RowStream(config, source, tokenizer, seed, say)
        say(f"{source.name}: streamed, shuffled in blocks of {config.shuffle_buffer:,} rows")
        return TrainingData(as_iterable_dataset(stream, config.packing), evaluation, stream.report, stream)
    rows, report = prepare(config, source, tokenizer)
    for line in report.lines():
        say(line)
    if config.eval_fraction > 0:
        rows, evaluation = hold_out(rows, config)
        say(f"{len(evaluation):,} rows are held out for the evaluation, drawn by seed {config.seed}")
    if config.packing:
        before = len(rows)
        rows = pack_dataset(rows, config)
        say(f"packed {before:,} rows into {len(rows):,} sequences of at most {config.seq_len:,} tokens")
    return TrainingData(fill_last_batch(rows, config.global_batch), evaluation, report, None)


def hold_out(rows: Any, config: TrainConfig) -> tuple[Any, Any]:
    """Draw the share `eval_fraction` of the rows by the seed. Returns those to train on, and those held out.

    Raises:
        DataError: One of the two would have no row.
    """
    count = round(len(rows) * config.eval_fraction)
    if not 0 < count < len(rows):
        raise DataError(
            f"eval_fraction: found {config.eval_fraction:g}, which of {len(rows)} rows leaves {count} to "
            f"evaluate on and {len(rows) - count} to train on. Both need at least one."
        )
    drawn = set(random.Random(config.seed).sample(range(len(rows)), count))
    kept = [index for index in range(len(rows)) if index not in drawn]
    return rows.select(kept), rows.select(sorted(drawn))


def fill_last_batch(dataset: Any, global_batch: int) -> Any:
    """Repeat the first rows until the rows are a multiple of the global batch.

    Every step of every epoch then has the same rows at every world size. Without it each world size fills or
    drops the end of an epoch in its own way.
    """
    rows = len(dataset)
    missing = -rows % global_batch
    if not missing:
        return dataset
    return dataset.select([*range(rows), *(index % rows for index in range(missing))])
