"""Rows of files: each format, each bad row by its place, any position, splits and slices."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.train import DataError
from tminus.train.sources import FileSource, HubSource, open_source
from tminus.train.splits import Split

ROWS = [{"text": f"row {number}\nof many", "n": str(number)} for number in range(25)]


def write(folder: Path, name: str, rows: list[dict[str, Any]] = ROWS) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, ["text", "n"])
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=7)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def values(source: Any, size: int = 4, position: Any = None) -> list[Any]:
    return [row.values for rows, _ in source.blocks(size, position) for row in rows]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.parquet"])
def test_every_position_goes_on_with_the_next_row(tmp_path: Path, name: str) -> None:
    source = open_source(str(write(tmp_path, name)), "train", None, streaming=True)
    assert values(source) == ROWS
    read = 0
    for rows, position in source.blocks(4):
        read += len(rows)
        assert values(source, 3, json.loads(json.dumps(position))) == ROWS[read:]


def test_positions_go_from_file_to_file(tmp_path: Path) -> None:
    for number, suffix in enumerate(["jsonl", "csv", "parquet"]):
        write(tmp_path, f"part-{number}.{suffix}")
    source = open_source(str(tmp_path), "train", None, streaming=True)
    read = 0
    for rows, position in source.blocks(10):
        read += len(rows)
        assert values(source, 10, position) == (ROWS * 3)[read:]
    assert read == 75


def test_a_streamed_data_set_goes_on_from_its_own_state(tmp_path: Path) -> None:
    import datasets

    path = write(tmp_path, "a.parquet")
    streamed = datasets.load_dataset("parquet", data_files=str(path), split="train", streaming=True)
    source = HubSource.of("owner/name", streamed)
    assert values(source) == ROWS
    _, position = list(source.blocks(4))[2]
    assert values(source, 4, json.loads(json.dumps(position))) == ROWS[12:]
    assert values(source) == ROWS  # and from the beginning again
    assert next(source.blocks(4, position))[0][0].place == "owner/name, row 13"


BROKEN = b'{"text": "a"}\n\n{"text": \n[1]\n{"text": "\xff"}\n{"text": "b"}\n'


def test_bad_lines_are_named_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(BROKEN)
    rows = [row for rows, _ in FileSource("a", (path,)).blocks(2) for row in rows]
    assert [row.values for row in rows if row.problem is None] == [{"text": "a"}, {"text": "b"}]
    problems = {row.place: row.problem for row in rows if row.problem}
    assert list(problems) == [f"{path}:3", f"{path}:4", f"{path}:5"]
    assert "not JSON" in str(problems[f"{path}:3"])
    assert problems[f"{path}:4"] == "it is a JSON list, not an object"
    assert "not UTF-8" in str(problems[f"{path}:5"])


def test_a_csv_row_of_another_width_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,n\n"two\nlines",1\nshort\nlast,2\n')
    rows = [row for rows, _ in FileSource("a", (path,)).blocks(9) for row in rows]
    assert [(row.place, row.problem) for row in rows] == [
        (f"{path}:2", None),
        (f"{path}:4", "it has 1 fields, and the header 2"),
        (f"{path}:5", None),
    ]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_slices_and_splits_of_a_folder(tmp_path: Path, suffix: str) -> None:
    write(tmp_path, f"train-0.{suffix}", ROWS[:10])
    write(tmp_path, f"train-1.{suffix}", ROWS[10:20])
    write(tmp_path, f"val/part.{suffix}", ROWS[20:])
    for split, expected in {
        "train": ROWS[:20],
        "train[:12]": ROWS[:12],
        "train[5:-5]": ROWS[5:15],
        "train[50%:]": ROWS[10:20],
        "validation": ROWS[20:],
        "validation[:2]": ROWS[20:22],
    }.items():
        assert values(open_source(str(tmp_path), split, None, streaming=True)) == expected
    with pytest.raises(DataError, match="are the splits train, validation"):
        open_source(str(tmp_path), "test", None, streaming=True)


@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(0, 25))
def test_slices_are_pythons(low: int, high: int, rows: int) -> None:
    first, stop = Split.parse(f"train[{low}:{high}]").bounds(rows)
    assert list(range(rows))[first:stop] == list(range(rows))[low:high]


@pytest.mark.parametrize(
    ("dataset", "split", "says"),
    [
        ("./missing.jsonl", "train", "does not exist"),
        ("/no/such/folder", "train", "does not exist"),
        ("{}", "train", "holds no file that ends in .jsonl"),
        ("{}/a.jsonl", "test", "is one file, which is the split train"),
        ("{}/a.jsonl", "train[:1:2]", "a name and at most one slice"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, dataset: str, split: str, says: str) -> None:
    (tmp_path / "a.jsonl").write_text("") if "a.jsonl" in dataset else None
    with pytest.raises(DataError, match=says):
        open_source(dataset.format(tmp_path), split, None, streaming=False)
