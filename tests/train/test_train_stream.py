"""Streamed rows: the same samples from any place, at any number of ranks, and a run that resumes in them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from conftest import Tiny, finish, start, start_ranks, trace, weights
from test_train_run import as_killed_after

from tminus.train import DataError, TrainConfig, train
from tminus.train.model import load_tokenizer
from tminus.train.sources import training_source
from tminus.train.stream import RowStream


def stream(config: TrainConfig) -> RowStream:
    tokenizer, _ = load_tokenizer(config)
    return RowStream(config, training_source(config), tokenizer, config.seed, lambda line: None)


@pytest.fixture
def streamed(tiny: Tiny, tmp_path: Path) -> TrainConfig:
    return tiny.config(tmp_path / "run", streaming=True, shuffle_buffer=16, max_steps=12)


@pytest.mark.parametrize("packing", [False, True])
def test_every_place_goes_on_with_the_next_sample(streamed: TrainConfig, packing: bool) -> None:
    config = replace(streamed, packing=packing)
    first = stream(config)
    samples = list(islice(first.samples(), 200))  # more than two passes over the 90 rows
    for number in (0, 1, 15, 16, 17, 89, 90, 91, 150):
        place = json.loads(json.dumps(first.place_of(number)))
        second = stream(config)
        second.seek(place)
        assert list(islice(second.samples(), 20)) == samples[number : number + 20]
        assert second.report.read <= 16 * (20 if packing else 3)  # nothing before the place is read


def test_each_pass_has_every_row_in_another_order(streamed: TrainConfig) -> None:
    rows = [tuple(sample["input_ids"]) for sample in islice(stream(streamed).samples(), 180)]
    assert sorted(rows[:90]) == sorted(rows[90:])
    assert len(set(rows[:90])) == 90
    assert rows[:90] != rows[90:]


def test_bad_rows_are_refused_or_named(streamed: TrainConfig, tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(Path(tiny.rows).read_text() + '{"prompt": "a"}\n')
    config = replace(streamed, dataset=str(path))
    with pytest.raises(DataError, match=f"{path}:91: it lacks completion"):
        list(islice(stream(config).samples(), 100))
    skipping = stream(replace(config, on_bad_row="skip"))
    assert len(list(islice(skipping.samples(), 100))) == 100
    assert skipping.report.bad == 1
    next(skipping.samples())  # begins anew, and counts anew
    assert (skipping.report.read, skipping.report.bad) == (16, 0)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_streamed_run_continues_bit_for_bit(streamed: TrainConfig, tmp_path: Path) -> None:
    """30 steps of 4 rows are more than one pass over the 90 rows; the checkpoint lies in the second."""
    config = replace(streamed, output_dir=str(tmp_path / "straight"), max_steps=30, save_every=13)
    train(config)
    continued = as_killed_after(config, 26, tmp_path / "killed")
    result = train(continued)
    assert (result.status, result.resumed_from, result.steps) == ("finished", 26, 30)
    assert trace(continued.output_dir) == trace(config.output_dir)
    assert weights(continued.output_dir) == weights(config.output_dir)
    told = json.loads((Path(config.output_dir) / "inputs.json").read_text())
    assert told["rows"]["read"] >= 120


@pytest.mark.slow
def test_two_ranks_stream_the_rows_of_one(streamed: TrainConfig, tmp_path: Path) -> None:
    """The global batch of a step holds the same rows, whatever the number of ranks."""
    configs = [
        replace(streamed, output_dir=str(tmp_path / name), max_steps=6, lora_dropout=0.0, micro_batch=1)
        for name in ("one", "two")
    ]
    assert finish(start(configs[0]), timeout_s=240) == [0]
    assert finish(*start_ranks(configs[1], 2), timeout_s=240) == [0, 0]
    one, two = (trace(config.output_dir) for config in configs)
    assert [line[-1] for line in one] == [line[-1] for line in two]  # tokens
    for left, right in zip(one, two, strict=True):
        assert left == pytest.approx(right, rel=1e-5)
