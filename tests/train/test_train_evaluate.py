"""Held-out rows: drawn by the seed, evaluated without changing the training, and able to end it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Tiny, trace, weights
from hypothesis import given
from hypothesis import strategies as st
from test_train_run import as_killed_after

from tminus.train import DataError, TrainConfig, train
from tminus.train.checkpoint import list_checkpoints
from tminus.train.data import load_data
from tminus.train.early_stopping import is_over
from tminus.train.metrics import METRICS_FILE, read_evaluations, read_metrics
from tminus.train.model import load_tokenizer
from tminus.train.record import RECORD_FILE


def load(config: TrainConfig) -> tuple[Any, Any, list[str]]:
    said: list[str] = []
    tokenizer, _ = load_tokenizer(config)
    data = load_data(config, tokenizer, seed=config.seed, say=said.append)
    return data.train, data.evaluation, said


def test_held_out_rows_are_drawn_by_the_seed_and_not_trained_on(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.config(tmp_path, eval_fraction=0.2, global_batch=1)
    rows, held, said = load(config)
    assert (len(rows), len(held)) == (72, 18)
    assert "18 rows are held out for the evaluation, drawn by seed 42" in said
    trained = {tuple(ids) for ids in rows["input_ids"]}
    assert trained.isdisjoint(tuple(ids) for ids in held["input_ids"])
    assert load(config)[1]["input_ids"] == held["input_ids"]
    assert load(replace(config, seed=7))[1]["input_ids"] != held["input_ids"]
    with pytest.raises(DataError, match="which of 90 rows leaves 0 to"):
        load(replace(config, eval_fraction=0.001))


def test_evaluation_rows_come_from_a_file_or_a_split(tiny: Tiny, tmp_path: Path) -> None:
    lines = Path(tiny.rows).read_text().splitlines(keepends=True)
    (tmp_path / "train.jsonl").write_text("".join(lines[:60]))
    (tmp_path / "test.jsonl").write_text("".join(lines[60:]))
    config = tiny.config(tmp_path / "run", global_batch=1)
    by_file = replace(
        config, dataset=str(tmp_path / "train.jsonl"), eval_dataset=str(tmp_path / "test.jsonl")
    )
    by_split = replace(config, dataset=str(tmp_path), eval_split="test")
    for one in (by_file, by_split):
        rows, held, _ = load(one)
        assert (len(rows), len(held)) == (60, 30)


def test_bad_rows_are_left_out_only_where_that_is_asked(tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(Path(tiny.rows).read_text() + '{"prompt": "a", "completion": ""}\n{\n')
    config = tiny.config(tmp_path / "run", dataset=str(path), global_batch=1)
    for _ in range(2):  # read, and read from what was kept
        with pytest.raises(DataError) as caught:
            load(config)
        assert f"{path}:91: its completion is empty" in str(caught.value)
        assert f"{path}:92: it is not JSON" in str(caught.value)
        rows, _, said = load(replace(config, on_bad_row="skip"))
        assert len(rows) == 90
        assert "2 bad rows are left out:" in said


def test_what_was_prepared_is_used_until_the_rows_change(tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    shutil.copy(tiny.rows, path)
    config = tiny.config(tmp_path / "run", dataset=str(path), global_batch=1)
    before, _, _ = load(config)
    again, _, _ = load(config)
    assert again.cache_files == before.cache_files
    with path.open("a") as stream:
        stream.write('{"prompt": "one", "completion": "more"}\n')
    assert len(load(config)[0]) == 91


@given(st.lists(st.floats(0, 9), max_size=8), st.integers(1, 4))
def test_a_run_is_over_once_the_best_is_old_enough(losses: list[float], patience: int) -> None:
    history: list[dict[str, Any]] = [{"loss": 1.0}, *({"eval_loss": loss} for loss in losses)]
    over = is_over(history, patience)
    since_best = len(losses) - 1 - losses.index(min(losses)) if losses else 0
    assert over == (since_best >= patience)
    assert not is_over(history, None)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_evaluations_are_no_steps_and_resume_exactly(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.config(tmp_path / "run", eval_dataset=tiny.rows, eval_every=2)
    train(config)
    path = Path(config.output_dir) / METRICS_FILE
    assert [line["step"] for line in read_evaluations(path)] == [2, 4, 6, 8, 10, 12]
    assert [line["step"] for line in read_metrics(path)] == list(range(1, 13))
    continued = as_killed_after(config, 4, tmp_path / "killed")
    train(continued)
    assert trace(continued.output_dir) == trace(config.output_dir)
    assert weights(continued.output_dir) == weights(config.output_dir)
    losses = [line["eval_loss"] for line in read_evaluations(path)]
    there = read_evaluations(Path(continued.output_dir) / METRICS_FILE)
    assert [line["eval_loss"] for line in there] == losses


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_early_stopping_ends_the_run_and_it_stays_ended(tiny: Tiny, tmp_path: Path) -> None:
    # A step this large makes the loss worse from the second step on.
    config = tiny.config(
        tmp_path / "run", method="full", learning_rate=1.0, lr_scheduler="constant", warmup_ratio=0.0,
        eval_fraction=0.2, eval_every=1, early_stopping_patience=2,
    )  # fmt: skip
    result = train(config)
    assert result.status == "finished"
    assert result.steps < 12 == result.total_steps
    assert [checkpoint.step for checkpoint in list_checkpoints(tmp_path / "run")][-1] == result.steps
    # Killed between the last checkpoint and the result: no step is trained again.
    record = json.loads((tmp_path / "run" / RECORD_FILE).read_text())
    (tmp_path / "run" / RECORD_FILE).write_text(json.dumps(record | {"status": "running"}))
    shutil.rmtree(tmp_path / "run" / "final")
    again = train(config)
    assert (again.status, again.steps, again.resumed_from) == ("finished", result.steps, result.steps)
