"""The configuration: round trips, refusals that help, and what makes two runs the same run."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.train import ConfigError, TrainConfig
from tminus.train.config import NOT_TRAINING, differences

NEEDED: dict[str, Any] = {
    "model": "meta-llama/Llama-3.1-8B",
    "method": "qlora",
    "dataset": "tatsu-lab/alpaca",
    "output_dir": "/data/run",
    "global_batch": 128,
}


def make(**changes: Any) -> TrainConfig:
    return TrainConfig(**(NEEDED | changes))


positive = st.floats(min_value=1e-9, max_value=1e6, allow_nan=False)
configs = st.builds(
    TrainConfig,
    model=st.just("m"),
    method=st.sampled_from(["qlora", "lora", "full"]),
    dataset=st.sampled_from(["owner/name", "/data/rows.jsonl", "rows.parquet"]),
    output_dir=st.text(min_size=1).filter(lambda text: bool(text.strip()) and "\0" not in text),
    global_batch=st.integers(1, 10**6),
    epochs=positive,
    max_steps=st.none() | st.integers(1, 10**9),
    learning_rate=positive,
    warmup_ratio=st.floats(0, 0.999),
    lora_dropout=st.floats(0, 0.999),
    target_modules=st.just("all-linear") | st.lists(st.text(min_size=1), min_size=1).map(tuple),
    packing=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    volume=st.none() | st.just("noesis"),
)


@given(configs)
def test_json_round_trip(config: TrainConfig) -> None:
    again = TrainConfig.from_json(config.to_json())
    assert again == config
    assert again.digest == config.digest
    assert again.run_id == config.run_id


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("method", "qlroa", "Did you mean 'qlora'"),
        ("global_batch", 0, "at least 1"),
        ("global_batch", 8.0, "whole number"),
        ("global_batch", True, "whole number"),
        ("epochs", 0, "above 0"),
        ("epochs", float("nan"), "finite"),
        ("epochs", "3", "finite number"),
        ("warmup_ratio", 1.0, "below 1"),
        ("lora_dropout", -0.1, "at least 0"),
        ("seq_len", 1, "at least 2"),
        ("max_steps", 0, "at least 1"),
        ("save_every", 2.5, "whole number"),
        ("packing", "yes", "true or false"),
        ("seed", 2**32, "between 0 and"),
        ("target_modules", "q_proj", "a single module as"),
        ("target_modules", [], "not empty"),
        ("model", " ", "not empty"),
        ("volume", "", "text or null"),
        ("lr_scheduler", "cosin", "Did you mean 'cosine'"),
        ("dataset", "/data/rows.txt", ".jsonl"),
    ],
)
def test_bad_value_names_field_value_and_limit(field: str, value: object, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(**{field: value})
    message = str(caught.value)
    assert message.startswith(f"{field}: found {value!r}")
    assert says in message


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
field_names = st.sampled_from([field.name for field in fields(TrainConfig)])


@given(st.dictionaries(field_names, anything))
def test_any_values_are_taken_or_refused_in_words(values: dict[str, Any]) -> None:
    refusal = ""
    try:
        config = TrainConfig.from_dict(NEEDED | values)
    except ConfigError as error:
        refusal = str(error)
    if refusal:
        assert any(field in refusal for field in values)
    else:
        assert TrainConfig.from_json(config.to_json()) == config


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'learing_rate'.*'learning_rate'"):
        TrainConfig.from_dict(NEEDED | {"learing_rate": 1e-4})


def test_missing_keys_are_named() -> None:
    with pytest.raises(ConfigError, match="dataset, global_batch"):
        TrainConfig.from_dict({"model": "m", "method": "lora", "output_dir": "out"})


@pytest.mark.parametrize("text", ["[]", "{", "3"])
def test_not_an_object(text: str) -> None:
    with pytest.raises(ConfigError, match="training configuration"):
        TrainConfig.from_json(text)


def test_file_errors_start_with_the_path(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with pytest.raises(ConfigError, match=f"^{path}: cannot be read"):
        TrainConfig.from_file(path)
    path.write_text(json.dumps(NEEDED | {"method": "x"}))
    with pytest.raises(ConfigError, match=f"^{path}:1: method"):
        TrainConfig.from_file(path)


def test_run_id_ignores_where_and_how() -> None:
    config = make(run_name="llama")
    elsewhere = replace(
        config, output_dir="/other", micro_batch=4, save_every=7, keep_checkpoints=1, log_every=5,
        gradient_checkpointing=False, volume="noesis",
    )  # fmt: skip
    assert elsewhere.run_id == config.run_id
    assert replace(config, learning_rate=1e-4).run_id != config.run_id
    assert config.training_fields().keys().isdisjoint(NOT_TRAINING)


def test_differences_name_fields() -> None:
    changed = replace(make(), lora_r=8, seed=1)
    assert differences(make().training_fields(), changed.training_fields()) == [
        "lora_r: 16 -> 8",
        "seed: 42 -> 1",
    ]
