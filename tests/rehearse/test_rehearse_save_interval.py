"""The interval of checkpoints in a rehearsal, which takes fewer steps than the run that it stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.rehearse.workload import Shrink, workload_of
from tminus.script import Script, Source

SCRIPT = """
import modal
from trl import SFTConfig, SFTTrainer
from datasets import load_dataset

app = modal.App("x")


@app.function(gpu="H100", timeout=3600)
def train():
    rows = load_dataset("{data}", split="train")
    trainer = SFTTrainer(
        model="HuggingFaceTB/SmolLM2-135M",
        train_dataset=rows,
        args=SFTConfig(
            output_dir="/data/out", num_train_epochs=1, per_device_train_batch_size=8,
            gradient_accumulation_steps=4, save_strategy="steps", {more}
        ),
    )
    trainer.train()
"""


def _save_steps(more: str, data: str = "tatsu-lab/alpaca", shrink: Shrink | None = None) -> int | None:
    text = SCRIPT.replace("{data}", data).replace("{more}", more)
    return workload_of(Script.parse(Source(Path("train.py"), text)), shrink or Shrink()).save_steps


@pytest.mark.parametrize(("interval", "expected"), [(163, 2), (500, 7), (1000, 15), (10, 1)])
def test_it_is_shortened_as_the_run_is(interval, expected):
    # 52,002 rows at 32 a step are 1,626 steps; the rehearsal takes 24.
    assert _save_steps(f"save_steps={interval}") == expected


def test_one_that_never_fires_in_the_real_run_is_left_so():
    assert _save_steps("save_steps=2000") is None


def test_where_the_length_of_the_run_cannot_be_told_one_that_fires_here_stays():
    assert _save_steps("save_steps=20", "someone/unknown") is None
    assert _save_steps("save_steps=500", "someone/unknown") == 6


def test_a_run_that_keeps_its_own_steps_keeps_its_interval():
    assert _save_steps("save_steps=50, max_steps=60") is None
    assert _save_steps("save_steps=50, max_steps=200", shrink=Shrink(steps=20, steps_told=True)) == 5


def test_the_librarys_own_interval_is_shortened_too():
    assert _save_steps("") == 7, "transformers saves every 500 steps"
