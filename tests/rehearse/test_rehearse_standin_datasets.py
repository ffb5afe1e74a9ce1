from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tminus.facts import DatasetShape, Facts
from tminus.rehearse.standins import NoStandInError, make_dataset
from tminus.rehearse.standins.rows import COLUMN_TYPES, make_rows


def _rows(directory: Path, split: str) -> list[dict[str, object]]:
    return pq.read_table(directory / "data" / f"{split}-00000-of-00001.parquet").to_pylist()


@pytest.mark.parametrize("dataset_id", sorted(shape.id for shape in Facts.bundled().datasets.values()))
def test_has_the_columns_and_splits_of_the_real_one(dataset_id: str, tmp_path: Path) -> None:
    shape = Facts.bundled().dataset(dataset_id)
    assert shape is not None
    made = make_dataset(dataset_id, shape, 32, tmp_path / "d")
    assert set(made.splits) == set(shape.splits)
    for split, count in made.splits.items():
        rows = _rows(tmp_path / "d", split)
        assert len(rows) == count
        assert list(rows[0]) == list(shape.columns)
    for name, type_name in shape.columns.items():
        value = rows[0][name]
        if type_name == "messages":
            assert [turn["role"] for turn in value] == ["user", "assistant"]
        else:
            assert isinstance(value, {"string": str, "int64": int}[type_name])


def test_training_splits_get_the_rows_asked_for_and_others_their_share(tmp_path: Path) -> None:
    shape = DatasetShape("a/b", {"text": "string"}, {"train": 10_000, "test": 2_000, "dev": 5}, 10, "")
    made = make_dataset("a/b", shape, 100, tmp_path / "d")
    assert made.splits == {"train": 100, "test": 20, "dev": 5}


def test_rows_are_the_same_on_every_call_and_texts_short(tmp_path: Path) -> None:
    columns = {"prompt": "string", "completion": "string"}
    for name in ("a", "b"):
        make_dataset("me/mine", None, 50, tmp_path / name, columns)
    rows = _rows(tmp_path / "a", "train")
    assert rows == _rows(tmp_path / "b", "train")
    assert all(row["prompt"] and row["completion"] for row in rows)
    assert max(len(str(row["completion"])) for row in rows) <= 240
    assert make_dataset("me/mine", None, 50, tmp_path / "a", columns).splits == {"train": 50}
    with pytest.raises(FileExistsError):
        make_dataset("me/mine", None, 51, tmp_path / "a", columns)


def test_unknown_data_set_says_how_to_give_rows(tmp_path: Path) -> None:
    with pytest.raises(NoStandInError, match=r"me/unknown.*tatsu-lab/alpaca.*--data me/unknown=FILE.jsonl"):
        make_dataset("me/unknown", None, 10, tmp_path / "d")
    with pytest.raises(NoStandInError, match=r"column 'audio' has the type 'bytes'"):
        make_dataset("me/unknown", None, 10, tmp_path / "d", {"audio": "bytes"})
    assert not list(tmp_path.iterdir())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    columns=st.dictionaries(
        st.sampled_from(["prompt", "chosen", "rejected", "text", "id", "label", "Output", "x"]),
        st.sampled_from(COLUMN_TYPES),
        min_size=1,
    ),
    count=st.integers(1, 30),
)
def test_any_columns_give_full_rows(columns: dict[str, str], count: int) -> None:
    rows = make_rows(columns, count)
    assert len(rows) == count
    assert all(set(row) == set(columns) for row in rows)
    assert all(value is not None for row in rows for value in row.values())
