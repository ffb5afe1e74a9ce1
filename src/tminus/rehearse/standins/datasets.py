"""Data set stand-ins: the real columns, types and split names with few, short rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.facts import DatasetShape, Facts
from tminus.rehearse.standins.errors import NoStandInError
from tminus.rehearse.standins.folder import appearing_whole
from tminus.rehearse.standins.given import given_tables
from tminus.rehearse.standins.rows import make_rows

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

_RECORD = ".standin.json"  # a dot file, which the local hub does not serve
_MIN_ROWS = 8


@dataclass(frozen=True, slots=True)
class StandInDataset:
    """A stand-in on disk.

    Attributes:
        dataset_id: The data set that it stands in for.
        columns: Column name to type, the real data set's.
        splits: Split name to rows of the stand-in.
    """

    dataset_id: str
    columns: Mapping[str, str]
    splits: Mapping[str, int]


def make_dataset(
    dataset_id: str,
    shape: DatasetShape | None,
    rows: int,
    directory: Path,
    columns: Mapping[str, str] | None = None,
) -> StandInDataset:
    """Write a stand-in that `load_dataset` loads: one Parquet file a split and a card.

    Every split whose name begins with ``train`` gets `rows` rows, or as many as the real one has if that is
    fewer; the others keep their proportion to the largest of these, with at least 8 rows.

    Args:
        dataset_id: Name on the hub.
        shape: Columns and splits of the real data set, None if they are not known.
        rows: Rows of a training split.
        directory: Made by this call; appears complete or not at all. One that already holds this
            stand-in is left as it is.
        columns: Column name to type; wanted if the shape is not known, taken before it otherwise.

    Raises:
        NoStandInError: Neither a shape nor columns are given, or a column has a type that cannot be made.
        ValueError: `rows` is not positive.
        FileExistsError: The directory holds something else.
    """
    if rows < 1:
        raise ValueError(f"rows: found {rows}, but a data set needs at least 1")
    if columns is None:
        if shape is None:
            raise NoStandInError(_unknown(dataset_id))
        columns = shape.columns
    splits = _split_rows(shape.splits if shape is not None else {"train": rows}, rows)
    made = StandInDataset(dataset_id, dict(columns), splits)
    if directory.exists():
        return _existing(directory, dataset_id, made)
    with appearing_whole(directory) as temporary:
        _write(made, temporary)
    return made


def make_given_dataset(
    dataset_id: str, shape: DatasetShape | None, rows: int, directory: Path, path: Path
) -> StandInDataset:
    """Write a stand-in of the user's own rows; as `make_dataset` otherwise.

    Args:
        dataset_id: Name on the hub.
        shape: The real data set, if it is known.
        rows: Rows of a split.
        directory: Made by this call; appears complete or not at all.
        path: File or folder of rows, as `given_tables` reads it.

    Raises:
        NoStandInError: The rows cannot be read.
        FileExistsError: The directory holds something else.
    """
    if directory.exists():
        return _existing(directory, dataset_id, None)
    tables = given_tables(path, shape, rows)
    columns = {field.name: str(field.type) for table in tables.values() for field in table.schema}
    made = StandInDataset(dataset_id, columns, {name: table.num_rows for name, table in tables.items()})
    with appearing_whole(directory) as temporary:
        _write_tables(made, tables, temporary)
    return made


def _split_rows(real: Mapping[str, int], rows: int) -> dict[str, int]:
    training = {name: count for name, count in real.items() if name.startswith("train")} or dict(real)
    largest = max(training.values())
    return {
        name: min(count, rows if name in training else max(_MIN_ROWS, round(rows * count / largest)))
        for name, count in real.items()
    }


def _write(made: StandInDataset, directory: Path) -> None:
    import pyarrow as pa

    rows = make_rows(made.columns, sum(made.splits.values()))
    schema = pa.schema([pa.field(name, _arrow_type(type_name)) for name, type_name in made.columns.items()])
    tables: dict[str, pa.Table] = {}
    first = 0
    for split, count in made.splits.items():
        tables[split] = pa.Table.from_pylist(rows[first : first + count], schema=schema)
        first += count
    _write_tables(made, tables, directory)


def _write_tables(made: StandInDataset, tables: Mapping[str, pa.Table], directory: Path) -> None:
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    data = directory / "data"
    data.mkdir()
    for split, table in tables.items():
        pq.write_table(table, data / f"{split}-00000-of-00001.parquet")
    (directory / "README.md").write_text(_card(made))
    (directory / _RECORD).write_text(json.dumps(asdict(made), indent=2) + "\n")


def _arrow_type(type_name: str) -> pa.DataType:
    import pyarrow as pa

    types: dict[str, pa.DataType] = {
        "string": pa.string(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "messages": pa.list_(pa.struct([("content", pa.string()), ("role", pa.string())])),
    }
    return types[type_name]


def _card(made: StandInDataset) -> str:
    # https://huggingface.co/docs/hub/datasets-manual-configuration
    files = "".join(f"  - split: {split}\n    path: data/{split}-*\n" for split in made.splits)
    return (
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n"
        f"A stand-in for {made.dataset_id}, made by tminus for a rehearsal.\n"
    )


def _existing(directory: Path, dataset_id: str, wanted: StandInDataset | None) -> StandInDataset:
    """The stand-in that a directory holds; it has to be `wanted`, or of this data set for None."""
    record = directory / _RECORD
    if record.is_file():
        found = StandInDataset(**json.loads(record.read_text()))
        if found == wanted or (wanted is None and found.dataset_id == dataset_id):
            return found
    raise FileExistsError(
        f"{directory} already exists and is not the stand-in of {dataset_id} with these columns and rows"
    )


def _unknown(dataset_id: str) -> str:
    known = sorted(shape.id for shape in Facts.bundled().datasets.values())
    return (
        f"no stand-in for the data set {dataset_id!r}: its columns are not among the bundled ones. "
        f"Known: {', '.join(known)}. The script's code names none that it reads either. "
        f"Give rows of it: --data {dataset_id}=FILE.jsonl; "
        "or add it to tminus/facts/data/datasets.toml."
    )
