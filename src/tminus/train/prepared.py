"""A data set as tokens in an Arrow file, made once for its settings and read by every rank.

What is kept is known by the rows' source, the tokenizer, the template and the settings that go into it; the
report of what was left out is kept beside it, so that a later start tells the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from tminus.train.chat import ChatTemplate, chat_template
from tminus.train.config import TrainConfig
from tminus.train.encode import Encoded, Encoder
from tminus.train.errors import DataError
from tminus.train.row_files import Row
from tminus.train.row_report import NAMED, RowReport
from tminus.train.rows import NothingToLearn, recognise
from tminus.train.sources import Source

FORMAT = 1
"""Raised when the same settings give other tokens."""

_BLOCK = 500
_ROWS_FILE, _REPORT_FILE = "rows.arrow", "report.json"
_LOOKED_AT = 100
"""Rows whose columns tell the schema."""


def prepare(config: TrainConfig, source: Source, tokenizer: Any) -> tuple[Any, RowReport]:
    """The rows of a source as a `datasets.Dataset` of `input_ids` and `labels`, and what became of them.

    Raises:
        DataError: There is no row to learn from, or a bad one and `on_bad_row` is `refuse`.
    """
    import datasets

    template = chat_template(tokenizer, config.chat_template)
    directory = Path(datasets.config.HF_DATASETS_CACHE) / "tminus" / _key(config, source, tokenizer, template)
    if not (directory / _REPORT_FILE).exists():
        _write(config, source, tokenizer, template, directory)
    report = RowReport.from_dict(json.loads((directory / _REPORT_FILE).read_text(encoding="utf-8")))
    if report.bad and config.on_bad_row == "refuse":
        raise report.refusal()
    if report.used == 0:
        raise report.refusal() if report.bad else DataError(f"dataset: {source.name} has no rows.")
    return datasets.Dataset.from_file(str(directory / _ROWS_FILE)), report


def make_encoder(
    config: TrainConfig, source: Source, tokenizer: Any, template: ChatTemplate | None
) -> tuple[Encoder, RowReport]:
    """The encoder of a source's rows, whose first ones tell the schema, and an empty report.

    Raises:
        DataError: There are no rows, or they are no accepted training rows.
    """
    first, _ = next(source.blocks(_LOOKED_AT), ([], None))
    columns = dict.fromkeys(name for row in first for name in row.values)
    if not first:
        raise DataError(f"dataset: {source.name} has no rows.")
    if not columns:
        raise DataError(f"dataset: none of the first {len(first)} rows can be read; {_why(first[0])}.")
    schema = recognise(columns, f"dataset {source.name}", config.row_format)
    encoder = Encoder(config, tokenizer, schema, template)
    chats = schema.kind != "text" and template is not None and config.loss_on != "all"
    return encoder, RowReport(source.name, schema.kind, template.notice if chats and template else "")


def encode_block(encoder: Encoder, rows: list[Row], report: RowReport) -> list[Encoded]:
    """The tokens of the good rows of a block; the report counts both kinds."""
    report.read += len(rows)
    good = [row for row in rows if row.problem is None]
    for row in rows:
        if row.problem is not None:
            report.reject(row.place, row.problem)
    encoded = []
    for row, one in zip(good, encoder.encode([dict(row.values) for row in good]), strict=True):
        if isinstance(one, Encoded):
            learned = sum(label >= 0 for label in one.labels)
            report.accept(row.place, len(one.input_ids), learned, one.full_length)
            encoded.append(one)
        else:
            report.reject(row.place, str(one), nothing=isinstance(one, NothingToLearn))
    return encoded


def _write(
    config: TrainConfig, source: Source, tokenizer: Any, template: ChatTemplate | None, directory: Path
) -> None:
    from datasets import Features, List, Value
    from datasets.arrow_writer import ArrowWriter

    encoder, report = make_encoder(config, source, tokenizer, template)
    workshop = directory.with_name(f".{directory.name}-{os.getpid()}")
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir(parents=True)
    try:
        features = Features({"input_ids": List(Value("int32")), "labels": List(Value("int32"))})
        with ArrowWriter(path=str(workshop / _ROWS_FILE), features=features) as writer:
            for rows, _ in source.blocks(_BLOCK):
                encoded = encode_block(encoder, rows, report)
                if encoded:
                    ids, labels = [one.input_ids for one in encoded], [one.labels for one in encoded]
                    writer.write_batch({"input_ids": ids, "labels": labels})
                if config.on_bad_row == "refuse" and report.bad > NAMED:
                    raise report.refusal()
            writer.finalize()
        (workshop / _REPORT_FILE).write_text(json.dumps(report.to_dict()), encoding="utf-8")
        try:
            workshop.rename(directory)
        except OSError:
            if not (directory / _REPORT_FILE).exists():  # another process was faster, with the same rows
                raise
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _why(row: Row) -> str:
    return f"{row.place}: {row.problem}"


def _key(config: TrainConfig, source: Source, tokenizer: Any, template: ChatTemplate | None) -> str:
    parts = (
        FORMAT,
        source.stamp,
        tokenizer.backend_tokenizer.to_str(),
        tokenizer.eos_token_id,
        "" if template is None else f"{template.text} {template.tagged} {sorted(template.special.items())}",
        config.row_format,
        config.loss_on,
        config.seq_len,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
