"""Scripts with several trainings: each function's own settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.script import Script, Source

TWO = """\
import modal
from datasets import load_dataset
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

app = modal.App("two")
ROWS = 10_000
LONG = SFTConfig(num_train_epochs=3, save_steps=50)
SHORT = SFTConfig(max_steps=100)
MODEL = "a/base"

def rows():
    return load_dataset("org/shared", split="train")

@app.function(gpu="H100")
def first():
    model = AutoModelForCausalLM.from_pretrained(MODEL)
    SFTTrainer(model, args=LONG, train_dataset=rows()).train()

@app.function(gpu="A100")
def second():
    config = SHORT
    SFTTrainer("other/model", args=config, train_dataset=rows()).train()

@app.function()
def nothing(): ...

@app.function(gpu="L4")
def third(quick: bool):
    if quick:
        args = SFTConfig(num_train_epochs=1, learning_rate=1e-4)
    else:
        args = SFTConfig(num_train_epochs=2)
    SFTTrainer("third/model", args=args, train_dataset=rows()).train()
"""


def read(text: str) -> Script:
    return Script.parse(Source(Path("train.py"), text))


def test_each_function_has_the_settings_that_it_uses() -> None:
    script = read(TWO)
    first, second, nothing, third = script.functions
    (one,) = script.trainings(first)
    assert (one.known("epochs"), one.known("save_every"), one.known("max_steps")) == (3, 50, None)
    assert (one.known("model"), one.known("dataset"), one.known("rows")) == ("a/base", "org/shared", 10_000)
    (other,) = script.trainings(second)
    assert (other.known("max_steps"), other.known("epochs")) == (100, 3.0)
    assert other.known("model") == "other/model", "TRL loads a model that it is given by name"
    (none,) = script.trainings(nothing)
    assert not none
    assert [settings.known("epochs") for settings in script.trainings(third)] == [1, 2]
    assert [settings.known("learning_rate") for settings in script.trainings(third)] == [1e-4, None]
    assert {settings.known("dataset") for settings in script.trainings(third)} == {"org/shared"}


@pytest.mark.parametrize("name", ["finetune_llama.py", "finetune_llama_cluster.py"])
def test_of_a_single_training_both_readings_are_the_same(name: str) -> None:
    script = Script.read(Path(__file__).parents[2] / "examples" / name)
    (function,) = (one for one in script.functions if script.trains(one))
    (own,) = script.trainings(function)
    assert own.values == script.training.values
