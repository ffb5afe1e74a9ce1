"""Real rows that the user gives for a data set: files of them, read whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.facts import DatasetShape
from tminus.rehearse.standins.errors import NoStandInError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

FORMATS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_SPLIT = re.compile(r"[A-Za-z]+(_[A-Za-z]+)*")


def given_tables(path: Path, shape: DatasetShape | None, rows: int) -> dict[str, pa.Table]:
    """The user's rows, as many as a rehearsal needs, by split.

    A folder's files are splits by the beginnings of their names (``train-00000-of-00002.parquet``); a single
    file is the training split, and stands for every split of a data set whose splits are known. Where there
    are fewer rows than needed, they are repeated.

    Args:
        path: A file in one of `FORMATS`, or a folder of such files.
        shape: The real data set, if it is known.
        rows: Rows of a training split.

    Raises:
        NoStandInError: There is no such file, it cannot be read, or has no rows; the message says which.
    """
    if not path.is_dir():
        table = _read(path)
        names = shape.splits if shape is not None else ("train",)
        return {name: _exactly(table, rows) for name in names}
    tables: dict[str, pa.Table] = {}
    for split, files in _splits_of(path).items():
        tables[split] = _exactly(_joined([_read(file) for file in files]), rows)
    return tables


def _splits_of(folder: Path) -> Mapping[str, list[Path]]:
    splits: dict[str, list[Path]] = {}
    for file in _files(folder):
        name = _SPLIT.match(file.stem)
        splits.setdefault(name[0].lower() if name else "train", []).append(file)
    if not splits:
        raise NoStandInError(f"{folder}: no file of rows in it; a file ends in one of {', '.join(FORMATS)}")
    return splits


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.suffix.lower() in FORMATS)


def _read(path: Path) -> pa.Table:
    import pyarrow as pa

    if path.suffix.lower() not in FORMATS:
        raise NoStandInError(f"{path}: rows are read from files that end in one of {', '.join(FORMATS)}")
    try:
        table = _parsed(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise NoStandInError(f"{path}: its rows cannot be read: {error}") from error
    if table.num_rows == 0:
        raise NoStandInError(f"{path}: it has no rows")
    return table


def _parsed(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv  # type: ignore[import-untyped]
    import pyarrow.json  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    match path.suffix.lower():
        case ".parquet":
            return pyarrow.parquet.read_table(path)
        case ".csv" | ".tsv" as kind:
            delimiter = "," if kind == ".csv" else "\t"
            # A quoted text may go on over lines.
            parsing = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
            return pyarrow.csv.read_csv(path, parse_options=parsing)
        case ".json" if path.read_text("utf-8").lstrip().startswith("["):
            return pa.Table.from_pylist(json.loads(path.read_text("utf-8")))
        case _:
            return pyarrow.json.read_json(path)


def _joined(tables: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(tables, promote_options="default")


def _exactly(table: pa.Table, rows: int) -> pa.Table:
    times = -(-rows // table.num_rows)
    return _joined([table] * times).slice(0, rows)
