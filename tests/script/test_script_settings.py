"""Settings that scripts pass to the libraries that train, by the names that this tool gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.script import Known, Script, Source, Unknown, possible

HEAD = """\
import argparse, os, torch
from dataclasses import dataclass
from datasets import load_dataset
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer, TrainingArguments
from trl import SFTConfig, SFTTrainer
"""


def script(text: str) -> Script:
    return Script.parse(Source(Path("script.py"), HEAD + text))


def settings(text: str, *names: str) -> dict[str, object]:
    training = script(text).training
    return {name: training.known(name) for name in names}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trainer(m, args=TrainingArguments('out', per_device_train_batch_size=4))",
         {"micro_batch": 4, "output_dir": "out", "trainer": "transformers"}),
        ("SFTConfig(max_length=4096, packing=True, learning_rate=2e-4, optim='paged_adamw_8bit')",
         {"seq_len": 4096, "packing": True, "learning_rate": 2e-4, "optimizer": "paged_adamw_8bit"}),
        ("SFTConfig(max_seq_length=1024, save_steps=50, output_dir='/runs/a', gradient_checkpointing=True)",
         {"seq_len": 1024, "save_every": 50, "output_dir": "/runs/a", "gradient_checkpointing": True}),
        ("OPTIONS = dict(num_train_epochs=2)\nSFTConfig(**OPTIONS, max_steps=100)",
         {"epochs": 2, "max_steps": 100}),
        ("SFTConfig(**{'num_train_epochs': 2, **{'save_steps': 10}})", {"epochs": 2, "save_every": 10}),
        ("class C:\n    epochs = 3\n    lr = 1e-5\nSFTConfig(num_train_epochs=C.epochs, learning_rate=C.lr)",
         {"epochs": 3, "learning_rate": 1e-5}),
        ("@dataclass\nclass C:\n    batch: int = 8\nc = C()\nSFTConfig(per_device_train_batch_size=c.batch)",
         {"micro_batch": 8}),
        ("def args(n):\n    return SFTConfig(num_train_epochs=n)\ndef f():\n    SFTTrainer(m, args=args(3))",
         {"trainer": "trl"}),
        ("SFTTrainer(m, peft_config=LoraConfig(r=64, lora_alpha=16, target_modules=['q_proj', 'v_proj']))",
         {"lora_r": 64, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"], "method": "lora"}),
        ("AutoModelForCausalLM.from_pretrained('Qwen/Qwen3-8B')\nSFTConfig()",
         {"model": "Qwen/Qwen3-8B", "method": "full"}),
        ("NAME = 'Qwen/Qwen3-8B'\nAutoModelForCausalLM.from_pretrained(pretrained_model_name_or_path=NAME)",
         {"model": "Qwen/Qwen3-8B"}),
        ("bits = BitsAndBytesConfig(load_in_4bit=True)\nSFTTrainer(m, peft_config=LoraConfig())",
         {"method": "qlora"}),
        ("bits = BitsAndBytesConfig(load_in_8bit=True)\nSFTTrainer(m, peft_config=LoraConfig())",
         {"method": "lora"}),
        ("rows = load_dataset('tatsu-lab/alpaca', split='train[:1000]')",
         {"dataset": "tatsu-lab/alpaca", "dataset_split": "train[:1000]"}),
        ("NUM_SAMPLES = 5_000\nSFTConfig()", {"rows": 5000}),
        ("GPU_SIZE = 80\nBATCH_SIZE = 4\nSFTConfig()", {"rows": None}),
        ("from unsloth import FastLanguageModel\n"
         "m, t = FastLanguageModel.from_pretrained(model_name='unsloth/Qwen3-8B', max_seq_length=2048,\n"
         "                                         load_in_4bit=True)\n"
         "m = FastLanguageModel.get_peft_model(m, r=16)",
         {"model": "unsloth/Qwen3-8B", "seq_len": 2048, "trainer": "unsloth", "method": "qlora"}),
        ("from tminus.train import TrainConfig\nTrainConfig(model='a/b', method='qlora', global_batch=16)",
         {"model": "a/b", "method": "qlora", "global_batch": 16, "trainer": "tminus"}),
        ("import transformers as t\nt.Trainer(m, args=t.TrainingArguments(num_train_epochs=5))",
         {"epochs": 5}),
    ],
)  # fmt: skip
def test_settings_by_this_tools_names(text: str, expected: dict[str, object]) -> None:
    assert settings(text, *expected) == expected


def test_what_is_left_out_is_the_librarys_default_and_says_so() -> None:
    training = script(
        "SFTTrainer(m, args=SFTConfig(num_train_epochs=2), peft_config=LoraConfig())\n"
    ).training
    for name, value, of in (
        ("micro_batch", 8, "SFTConfig"),
        ("lora_r", 8, "LoraConfig"),
        ("seq_len", 1024, "SFTConfig"),
    ):
        found = training.get(name)
        assert isinstance(found, Known)
        assert (found.value, found.assumed) == (value, f"the default of {of}")
    epochs = training.get("epochs")
    assert isinstance(epochs, Known)
    assert epochs.assumed is None


def test_a_setting_that_cannot_be_read_is_unknown_and_not_its_default() -> None:
    training = script(
        "args = argparse.ArgumentParser().parse_args()\n"
        "SFTTrainer(m, args=SFTConfig(per_device_train_batch_size=args.batch, max_steps=args.steps))\n"
    ).training
    assert isinstance(training.get("micro_batch"), Unknown)
    assert isinstance(training.get("max_steps"), Unknown)


def test_minus_one_steps_are_none() -> None:
    assert (
        script("SFTConfig(max_steps=-1, num_train_epochs=2)\nSFTTrainer(m)\n").training.get("max_steps")
        is None
    )


def test_a_setting_points_at_the_literal_that_defines_it() -> None:
    one = script("EPOCHS = 3\nSFTConfig(num_train_epochs=EPOCHS)\n")
    epochs = one.training.get("epochs")
    assert isinstance(epochs, Known)
    ((name, value, text),) = [(leaf.name, leaf.value, one.source.slice(leaf.span)) for leaf in epochs.leaves]
    assert (name, value, text) == ("EPOCHS", 3, "3")


def test_several_values_of_a_setting_keep_their_conditions() -> None:
    value = script("fast = ask()\nSFTConfig(num_train_epochs=1 if fast else 3)\n").training.get("epochs")
    assert {one.value.value: one.condition for one in possible(value)} == {1: "if fast", 3: "unless fast"}


@pytest.mark.parametrize(
    "text",
    [
        "from mylib import SFTConfig\nSFTConfig(num_train_epochs=3)\n",
        "class TrainingArguments:\n    def __init__(self, **k): ...\nTrainingArguments(num_train_epochs=3)\n",
        "'SFTConfig(num_train_epochs=3)'\n",
    ],
)
def test_other_things_of_that_name_are_no_training(text: str) -> None:
    assert not Script.parse(Source(Path("script.py"), text)).training
