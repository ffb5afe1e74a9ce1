"""How a script's training is shrunk, by what can be read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.rehearse.workload import Shrink, Workload, workload_of
from tminus.script import Script, Source


def shrunk(arguments: str, shrink: Shrink | None = None) -> Workload:
    text = f"""
import modal
from trl import SFTConfig, SFTTrainer
app = modal.App("x")

@app.function(gpu="H100:8")
def train(more):
    SFTTrainer(model="m", train_dataset=rows, args=SFTConfig({arguments})).train()
"""
    return workload_of(Script.parse(Source(Path("train.py"), text)), shrink or Shrink())


@pytest.mark.parametrize(
    ("arguments", "shrink", "steps", "max_steps", "rows"),
    [
        ("num_train_epochs=2, per_device_train_batch_size=4", None, 24, None, 24 * 32 // 2),
        ("max_steps=10, per_device_train_batch_size=4", None, 10, None, 10 * 32),
        ("max_steps=500, per_device_train_batch_size=4", None, 500, None, 24 * 32),
        ("max_steps=500, per_device_train_batch_size=4", Shrink(6, steps_told=True), 6, 6, 6 * 32),
        ("max_steps=5, per_device_train_batch_size=4", Shrink(6, steps_told=True), 5, None, 5 * 32),
        ("max_steps=-1, num_train_epochs=1, per_device_train_batch_size=1", None, 24, None, 24 * 8),
    ],
)
def test_the_batch_stays_and_the_steps_are_the_scripts_unless_told(
    arguments: str, shrink: Shrink | None, steps: int, max_steps: int | None, rows: int
) -> None:
    workload = shrunk(arguments, shrink)
    assert (workload.steps, workload.max_steps, workload.rows) == (steps, max_steps, rows)


def test_a_default_is_not_taken_where_unreadable_arguments_may_hold_the_setting() -> None:
    assert shrunk("").rows == 24 * 8 * 8 // 3  # 8 rows a GPU, three epochs: the defaults
    hidden = shrunk("**more")
    assert hidden.rows == 24 * hidden.global_batch
    assert {one.partition(":")[0] for one in hidden.assumed} >= {"one epoch", "a global batch of 16"}
