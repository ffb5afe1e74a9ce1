"""What the rows of a configuration become, looked at before anything is paid for: no weights are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tminus.facts import Facts
from tminus.train.config import TrainConfig
from tminus.train.encode import IGNORED
from tminus.train.errors import ConfigError
from tminus.train.packing import LENGTHS, pack_dataset
from tminus.train.prepared import prepare
from tminus.train.row_report import RowReport
from tminus.train.sources import Block, Source, training_source

STREAMED_ROWS = 10_000
"""Rows of a streamed data set that are looked at where nothing else is asked for."""

_SHOWN_TOKENS = 400


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number is spread over rows."""

    least: int
    median: int
    p95: int
    p99: int
    most: int
    mean: float

    @classmethod
    def of(cls, values: Any) -> Spread:
        """The spread of an array of counts, which is not empty."""
        at = [int(one) for one in np.percentile(values, [0, 50, 95, 99, 100], method="nearest")]
        return cls(at[0], at[1], at[2], at[3], at[4], round(float(values.mean()), 1))


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens of the shown sequence that follow each other and are all learned, or all not."""

    text: str
    tokens: int
    learned: bool
    row: int
    """Which of the packed rows it belongs to, from 0."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found."""

    report: RowReport
    lengths: Spread
    """Tokens of a row, after cutting."""

    learned: Spread
    """Learned tokens of a row."""

    duplicates: int
    """Rows that have the tokens of an earlier one."""

    ended: int
    """Rows, of those not cut, whose last learned token ends the turn or the sequence."""

    not_cut: int
    pad_is_end: bool
    """Whether padding and the end of the sequence are the same token."""

    pad: str
    sequences: int
    """Sequences that are trained on: packed ones where packing is on."""

    filled: float
    """Share of the tokens of a micro-batch's place that rows fill, at `seq_len`."""

    shown: tuple[Piece, ...]
    """One sequence, from its beginning."""

    memory: str
    """The longest micro-batch against the plan of the memory."""

    fits: bool | None
    """Whether it fits; None where the model's shape or the GPU is not known."""

    problems: tuple[str, ...]
    """What is wrong with the data: none of it should be trained on."""

    advice: tuple[str, ...]
    """What should be thought about."""

    def to_dict(self) -> dict[str, Any]:
        """The findings as JSON values."""
        return asdict(self) | {"shown": [asdict(piece) for piece in self.shown]}


def inspect(config: TrainConfig, tokenizer: Any, pad_reason: str, rows: int | None = None) -> Inspection:
    """Look at the rows of a configuration.

    Args:
        config: The run.
        tokenizer: The model's, as `load_tokenizer` gives it.
        pad_reason: What `load_tokenizer` said of the pad token.
        rows: At most this many rows, the first ones. None: all, or `STREAMED_ROWS` where they are streamed.

    Raises:
        DataError: No row can be learned from.
    """
    limit = rows if rows is not None else STREAMED_ROWS if config.streaming else None
    source: Source = training_source(config)
    if limit is not None:
        source = _FirstRows(source, limit)
    lenient = replace(config, on_bad_row="skip")
    dataset, report = prepare(lenient, source, tokenizer)
    lengths, learned, duplicates, ended, not_cut = _measure(dataset, tokenizer, config.seq_len)
    sequences = pack_dataset(dataset, config) if config.packing else dataset
    longest = int(lengths.max()) if not config.packing else config.seq_len
    memory, fits = _memory(config, longest)
    found = Inspection(
        report=report,
        lengths=Spread.of(lengths),
        learned=Spread.of(learned),
        duplicates=duplicates,
        ended=ended,
        not_cut=not_cut,
        pad_is_end=tokenizer.pad_token_id == tokenizer.eos_token_id,
        pad=pad_reason,
        sequences=len(sequences),
        filled=float(lengths.sum()) / (len(sequences) * config.seq_len),
        shown=tuple(_pieces(sequences[0], tokenizer)),
        memory=memory,
        fits=fits,
        problems=(),
        advice=(),
    )
    return replace(found, problems=tuple(_problems(config, found)), advice=tuple(_advice(config, found)))


@dataclass(frozen=True, slots=True)
class _FirstRows:
    source: Source
    limit: int

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def stamp(self) -> str:
        return f"{self.source.stamp} first {self.limit}"

    def blocks(self, size: int, position: Any = None) -> Iterator[Block]:
        left = self.limit
        for rows, after in self.source.blocks(min(size, self.limit), position):
            yield rows[:left], after
            left -= len(rows)
            if left <= 0:
                return


def _measure(dataset: Any, tokenizer: Any, seq_len: int) -> tuple[Any, Any, int, int, int]:
    """Lengths and learned tokens of the rows, and how many repeat others, end, and are not cut."""
    ends = {tokenizer.eos_token_id, *tokenizer.added_tokens_decoder}
    lengths, learned, seen = [], [], set()
    duplicates = ended = not_cut = 0
    for batch in dataset.with_format("numpy").iter(batch_size=1000):
        for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
            lengths.append(len(ids))
            places = np.flatnonzero(labels != IGNORED)
            learned.append(len(places))
            content = hash(ids.tobytes())
            duplicates += content in seen
            seen.add(content)
            if len(ids) < seq_len:
                not_cut += 1
                last = places[-1]
                # Some templates write a line break after the token that ends a turn.
                ended += any(int(token) in ends for token in ids[max(0, last - 1) : last + 1])
    return np.array(lengths), np.array(learned), duplicates, ended, not_cut


def _pieces(sequence: Any, tokenizer: Any) -> Iterator[Piece]:
    ids, labels = sequence["input_ids"], sequence["labels"]
    starts, at = [], 0
    for length in sequence.get(LENGTHS) or [len(ids)]:
        starts.append(at)
        at += length
    first = 0
    row = 0
    for index in range(1, min(len(ids), _SHOWN_TOKENS) + 1):
        ended = index == len(ids) or index == _SHOWN_TOKENS
        new_row = index in starts
        if ended or new_row or (labels[index] != IGNORED) != (labels[first] != IGNORED):
            text = tokenizer.decode(ids[first:index])
            yield Piece(text, index - first, labels[first] != IGNORED, row)
            first = index
            row += new_row


def _memory(config: TrainConfig, longest: int) -> tuple[str, bool | None]:
    from tminus.estimate import BatchSplit, Hardware, memory
    from tminus.train.batching import split_batch
    from tminus.train.planned import fitting_micro_batch, gpu_of, model_shape, training_job

    facts = Facts.bundled()
    if config.gpu is None:
        return "gpu is not given, so there is no memory to compare with", None
    try:
        gpu, request = gpu_of(config, facts)
        shape = model_shape(config, facts)
        micro = config.micro_batch
        if micro == "auto":
            micro = fitting_micro_batch(config, shape, Hardware(gpu, request.count, config.nodes), facts)
        split = split_batch(config.global_batch, int(micro), request.count * config.nodes)
    except ConfigError as error:
        return str(error), None
    job = training_job(replace(config, seq_len=max(2, longest)), shape, config.global_batch, None)
    used = memory(job, BatchSplit(split.micro_batch, split.accumulation, split.world_size), "none")
    fit = used.fit(gpu.usable_gib)
    verdict = {"yes": "fits in", "tight": "is tight in", "no": "does not fit in"}[fit]
    return (
        f"{split.micro_batch} sequence{'s' * (split.micro_batch > 1)} of {longest:,} tokens take "
        f"{used.reserved_gib:.1f} GiB by estimate, which {verdict} the {gpu.usable_gib:g} of one {gpu.name}"
    ), fit != "no"


def _problems(config: TrainConfig, found: Inspection) -> Iterator[str]:
    report = found.report
    if report.nothing:
        yield f"{report.nothing:,} rows have no token to learn"
    if report.bad > report.nothing and config.on_bad_row == "refuse":
        yield f"{report.bad - report.nothing:,} rows cannot be read, and on_bad_row is refuse"
    if found.not_cut and found.ended == 0:
        yield (
            "no row learns the end of its turn: the model would not learn to stop. Give a chat_template that "
            "ends the assistant's turns within what is learned"
        )
    if found.fits is False:
        yield f"the longest micro-batch does not fit: {found.memory}"


def _advice(config: TrainConfig, found: Inspection) -> Iterator[str]:
    report = found.report
    if 0 < found.ended < found.not_cut:
        yield f"{found.not_cut - found.ended:,} of {found.not_cut:,} rows end without the end of a turn"
    if found.duplicates:
        yield f"{found.duplicates:,} rows repeat an earlier one"
    if report.cut:
        yield f"{report.cut:,} rows are cut at {config.seq_len} tokens; the longest has {report.longest:,}"
    if found.filled < 0.5 and not config.packing:
        yield f"rows fill {found.filled:.0%} of seq_len: packing: true trains on several at once"
    if found.pad_is_end:
        yield "padding is the end-of-sequence token: masked by its place here, by its id in other tools"
