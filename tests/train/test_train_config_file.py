"""Configuration files: what they say, at which line they are wrong, and words beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from test_train_config import configs

from tminus.train import ConfigError, TrainConfig
from tminus.train.config_file import read_config, to_yaml

YAML = """\
# A comment.
model: meta-llama/Llama-3.1-8B
method: qlora
dataset: tatsu-lab/alpaca
output_dir: /data/run
global_batch: 128
learning_rate: 1e-4
target_modules: [q_proj, v_proj]
"""
TOML = """\
model = "meta-llama/Llama-3.1-8B"
method = "qlora"
dataset = "tatsu-lab/alpaca"
output_dir = "/data/run"
global_batch = 128
learning_rate = 1e-4
target_modules = ["q_proj", "v_proj"]
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_yaml_toml_json_and_words_say_the_same(tmp_path: Path) -> None:
    yaml = read_config(write(tmp_path, "c.yaml", YAML)).config
    assert (yaml.learning_rate, yaml.target_modules) == (1e-4, ("q_proj", "v_proj"))
    assert read_config(write(tmp_path, "c.toml", TOML)).config == yaml
    assert read_config(write(tmp_path, "c.json", yaml.to_json())).config == yaml
    words = [
        f"{key}={'null' if value is None else value}".replace("'", "")
        for key, value in yaml.to_dict().items()
        if key != "target_modules"
    ]
    assert read_config(None, [*words, "target_modules=[q_proj, v_proj]"]).config == yaml


@given(configs)
@settings(max_examples=30)
def test_the_saved_configuration_can_be_run_again(config: TrainConfig) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assert read_config(write(Path(folder), "config.yaml", to_yaml(config))).config == config


def test_words_win_over_the_file_and_aliases_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "c.yaml", YAML + "max_seq_length: 512\n")
    read = read_config(path, ["lr=3e-5", "model=Qwen/Qwen2.5-0.5B", "save_every=10min", "run_name=007"])
    assert (read.config.learning_rate, read.config.seq_len) == (3e-5, 512)
    assert (read.config.model, read.config.save_every) == ("Qwen/Qwen2.5-0.5B", "10min")
    assert read.config.run_name == "007"
    assert read.notices == (
        f"{path}:9: max_seq_length is read as seq_len",
        "given on the command line: lr is read as learning_rate",
    )


@pytest.mark.parametrize(
    ("name", "text", "line", "says"),
    [
        (
            "c.yaml",
            YAML + "lerning_rate: 1\n",
            9,
            "unknown key 'lerning_rate'. Did you mean 'learning_rate'?",
        ),
        ("c.toml", TOML + "packking = true\n", 8, "unknown key 'packking'. Did you mean 'packing'?"),
        ("c.json", '{\n"model": "m",\n"sed": 1\n}', 3, "unknown key 'sed'. Did you mean 'seed'?"),
        ("c.yaml", YAML + "seed: 1\nseed: 2\n", 10, "seed is given twice"),
        ("c.yaml", YAML + "lr: 1e-3\n", 9, "learning_rate is given twice"),
        (
            "c.yaml",
            YAML.replace("128", "'128'"),
            6,
            "global_batch: found '128', but it must be a whole number",
        ),
        ("c.toml", TOML.replace("128", "0"), 5, "global_batch: found 0, but it must be at least 1"),
        ("c.yaml", YAML + "seed: [1\n", 10, "not YAML"),
        ("c.toml", TOML + "seed = \n", 8, "not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, line: int, says: str
) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("lerning_rate=1", "given on the command line: unknown key 'lerning_rate'. Did you mean"),
        ("epochs=x", "given on the command line: epochs: found 'x', but it must be a finite number"),
        ("seed=[", "cannot be read as a value"),
        ("packing", "write it as key=value"),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, word: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(write(tmp_path, "c.yaml", YAML), [word])
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"streaming": True}, "max_steps: found None, but a streamed data set has no length"),
        ({"streaming": True, "max_steps": 3, "eval_fraction": 0.1}, "eval_fraction: found 0.1"),
        ({"eval_fraction": 0.1, "eval_split": "test"}, "already name the rows"),
        ({"eval_every": 3}, "there is nothing to evaluate on"),
        ({"early_stopping_patience": 3}, "there is nothing to evaluate on"),
        ({"method": "full", "dora": True}, "a full fine-tune has no adapter"),
        ({"report_to": ["wandbb"]}, "Did you mean 'wandb'?"),
        ({"gradient_checkpointing": False, "activation_checkpointing": "selective"}, "is false"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(changes: dict[str, Any], says: str) -> None:
    values = {"model": "m", "method": "lora", "dataset": "d", "output_dir": "o", "global_batch": 1}
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_dict(values | changes)
    assert says in str(caught.value)


def test_the_learning_rate_follows_the_method() -> None:
    values = {"model": "m", "dataset": "d", "output_dir": "o", "global_batch": 1}
    rates = [TrainConfig.from_dict(values | {"method": name}).learning_rate for name in ("lora", "full")]
    assert rates == [2e-4, 2e-5]
