"""Rows of one file, JSON lines, JSON, CSV or Parquet, from any offset, each with its line. No torch."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BOM = b"\xef\xbb\xbf"
_FIELD_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a data set."""

    values: Mapping[str, Any]
    place: str
    """`rows.jsonl:12`."""

    problem: str | None = None
    """Why it cannot be read; its values are empty then."""


Read = tuple[Row, int, int]
"""A row, the offset after it, and the line, or the number of the row, that it ended at."""


def read_rows(path: Path, offset: int = 0, line: int = 0) -> Iterator[Read]:
    """Rows of a file.

    Args:
        path: The file.
        offset: Where to start, as an earlier row gave it.
        line: The line that belongs to it.
    """
    if path.suffix == ".csv":
        return _csv(path, offset, line)
    if path.suffix == ".parquet":
        return _parquet(path, offset)
    if path.suffix == ".json" and _is_array(path):
        return _array(path, offset)
    return _lines(path, offset, line)


def count_rows(path: Path) -> int:
    """Rows of a file, broken ones too."""
    if path.suffix == ".parquet":
        from pyarrow import parquet  # type: ignore[import-untyped]  # it has no types

        return int(parquet.ParquetFile(path).metadata.num_rows)
    if path.suffix == ".jsonl":
        with path.open("rb") as stream:
            return sum(1 for text in stream if text.strip())
    return sum(1 for _ in read_rows(path))


def _lines(path: Path, offset: int, line: int) -> Iterator[Read]:
    with path.open("rb") as stream:
        stream.seek(offset)
        for text in stream:
            offset += len(text)
            line += 1
            text = text.removeprefix(_BOM)
            if not text.strip():
                continue
            yield _parsed(text, f"{path}:{line}"), offset, line


def _parsed(text: bytes, place: str) -> Row:
    try:
        values = json.loads(text)
    except UnicodeDecodeError as error:
        return Row({}, place, f"it is not UTF-8 ({error.reason} at byte {error.start + 1})")
    except json.JSONDecodeError as error:
        return Row({}, place, f"it is not JSON ({error.msg} at column {error.colno})")
    if not isinstance(values, dict):
        return Row({}, place, f"it is a JSON {type(values).__name__}, not an object")
    return Row(values, place)


def _is_array(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(4096).removeprefix(_BOM).lstrip()
    return start.startswith(b"[")


def _array(path: Path, offset: int) -> Iterator[Read]:
    try:
        items = json.loads(path.read_bytes().removeprefix(_BOM))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        yield Row({}, str(path), f"the file is not JSON ({error})"), offset + 1, 1
        return
    for number, values in enumerate(items[offset:], offset + 1):
        place = f"{path}, row {number}"
        good = isinstance(values, dict)
        row = Row(values, place) if good else Row({}, place, f"it is a JSON {type(values).__name__}")
        yield row, number, number


def _csv(path: Path, offset: int, line: int) -> Iterator[Read]:
    csv.field_size_limit(_FIELD_LIMIT)  # a text is easily longer than the library's 128 KiB
    with path.open("rb") as stream:
        lines = _Lines(stream)
        header = next(csv.reader(lines), [])
        if offset:
            stream.seek(offset)
            lines.offset, lines.line = offset, line
        reader = csv.reader(lines, strict=True)
        while True:
            first = lines.line + 1
            place = f"{path}:{first}"
            try:
                fields = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as error:
                yield Row({}, place, f"it is not CSV ({error})"), lines.offset, lines.line
                reader = csv.reader(lines, strict=True)
                continue
            if not fields:
                continue
            if len(fields) != len(header):
                problem = f"it has {len(fields)} fields, and the header {len(header)}"
                yield Row({}, place, problem), lines.offset, lines.line
                continue
            yield Row(dict(zip(header, fields, strict=True)), place), lines.offset, lines.line


class _Lines:
    """Lines of a binary stream as text, counting what was read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.offset = 0
        self.line = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        text = self._stream.readline()
        if not text:
            raise StopIteration
        self.offset += len(text)
        self.line += 1
        return str(text.removeprefix(_BOM).decode("utf-8"))


def _parquet(path: Path, offset: int) -> Iterator[Read]:
    from pyarrow import parquet

    file = parquet.ParquetFile(path)
    first = 0
    for group in range(file.metadata.num_row_groups):
        size = file.metadata.row_group(group).num_rows
        if first + size > offset:
            number = first
            for batch in file.iter_batches(batch_size=1000, row_groups=[group]):
                for values in batch.to_pylist():
                    number += 1
                    if number > offset:
                        yield Row(values, f"{path}, row {number}"), number, number
        first += size
