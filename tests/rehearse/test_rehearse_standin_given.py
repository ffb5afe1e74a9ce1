"""Rows that the user gives: read from any of the formats, served as the data set that the script asks for."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tminus.facts import Facts
from tminus.rehearse.hub import LocalHub
from tminus.rehearse.standin_source import StandInOptions, StandInSource
from tminus.rehearse.standins import NoStandInError
from tminus.rehearse.standins.given import given_tables

ROWS = [{"question": f"What is {n}?", "answer": f"A number,\nof {n}.", "hops": n} for n in range(5)]
CHATS = [{"messages": [{"role": "user", "content": f"{n}"}]} for n in range(3)]


def write(path: Path, rows: list[dict]) -> Path:
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        pyarrow.csv.write_csv(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=1))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
def test_every_format_gives_the_same_rows_repeated_as_often_as_needed(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"rows{suffix}", ROWS)
    (table,) = given_tables(path, None, 12).values()
    assert table.to_pylist() == [*ROWS, *ROWS, *ROWS[:2]]
    assert given_tables(path, None, 2)["train"].to_pylist() == ROWS[:2]


def test_a_folder_has_a_split_by_the_beginning_of_a_name(tmp_path: Path) -> None:
    write(tmp_path / "d" / "train-00000-of-00002.parquet", CHATS[:1])
    write(tmp_path / "d" / "train-00001-of-00002.parquet", CHATS[1:])
    write(tmp_path / "d" / "test_sft.jsonl", CHATS[:1])
    (tmp_path / "d" / "README.md").write_text("not rows")
    tables = given_tables(tmp_path / "d", None, 3)
    assert tables["train"].to_pylist() == CHATS
    assert tables["test_sft"].num_rows == 3


def test_a_file_stands_for_every_split_of_a_known_data_set(tmp_path: Path) -> None:
    shape = Facts.bundled().dataset("HuggingFaceH4/ultrachat_200k")
    assert given_tables(write(tmp_path / "r.jsonl", CHATS), shape, 4).keys() == shape.splits.keys()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("r.jsonl", "", "cannot be read|no rows"),
        ("r.jsonl", "{not json", "r.jsonl: its rows cannot be read"),
        ("r.txt", "x", r"\.parquet"),
        ("d/r.txt", "x", "no file of rows in it"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    with pytest.raises(NoStandInError, match=said):
        given_tables(tmp_path / name.split("/")[0], None, 4)


def source(folder: Path, code: str, data: dict[str, Path]) -> StandInSource:
    options = StandInOptions(data=data)
    return StandInSource(folder, Facts.bundled(), 16, ast.parse(code), options, lambda line: None)


def test_the_script_gets_the_given_rows_and_made_up_ones_for_the_rest(
    tmp_path: Path, run_script: Callable
) -> None:
    rows = write(tmp_path / "rows.jsonl", ROWS)
    made = source(
        tmp_path / "made",
        'load_dataset("acme/other").map(lambda row: row["body"])',
        {"acme/Given": rows, "acme/never": rows},
    )
    code = """
from datasets import load_dataset
given = load_dataset("acme/given", split="train")
print(given.num_rows, given[6]["answer"].split()[-1], given.features["hops"].dtype)
other = load_dataset("acme/other", split="train")
print(other.column_names, other.num_rows, len(other[0]["body"]) > 20)
"""
    with LocalHub({}, {}, resolve=made.resolve) as hub:
        done = run_script(code, hub)
    assert done.stdout.splitlines() == ["16 1. int64", "['body'] 16 True"], done.stderr
    assert made.made == [
        f"data set acme/given: 16 rows of question, answer, hops (from {rows})",
        "data set acme/other: 16 rows of body (made up, in the columns that the script's code reads: "
        "the real ones are not known)",
    ]
    assert made.unused == [f"--data acme/never={rows}: the script asked the hub for no data set of that name"]


def test_rows_without_a_name_are_for_every_data_set(tmp_path: Path) -> None:
    made = source(tmp_path / "made", "", {"": write(tmp_path / "rows.jsonl", ROWS)})
    assert made.unused
    folder = made.resolve("dataset", "acme/any")
    table = pyarrow.parquet.read_table(folder / "data" / "train-00000-of-00001.parquet")
    assert table.slice(0, 5).to_pylist() == ROWS
    assert not made.unused


def test_a_data_set_of_which_nothing_is_known_is_refused(tmp_path: Path) -> None:
    made = source(tmp_path / "made", "print(1)", {})
    with pytest.raises(NoStandInError, match=r"--data acme/any=FILE\.jsonl"):
        made.resolve("dataset", "acme/any")
    assert made.refused
