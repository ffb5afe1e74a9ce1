"""What the lines of a run's output say of its progress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.launch.progress import Progress


def _after(*lines: str) -> Progress:
    progress = Progress()
    for line in lines:
        progress = progress.after(line)
    return progress


def test_lines_of_the_built_in_recipe():
    progress = _after("tminus: step 12/60  loss 3.102  lr 2.00e-04  1,234 tokens/s")
    assert progress == Progress(step=12, steps=60, loss=3.102, tokens_per_s=1234.0)


def test_what_transformers_prints():
    bar = " 20%|██        | 12/60 [00:10<00:40,  1.20it/s]"
    table = "{'loss': '2.513', 'grad_norm': '0.81', 'learning_rate': '1.9e-04', 'epoch': '0.4'}"
    progress = _after(bar, table, " 22%|██        | 13/60 [00:11<00:40,  1.20it/s]")
    assert progress == Progress(step=13, steps=60, loss=2.513, epoch=0.4)


def test_the_bar_of_a_download_is_no_step_once_the_training_tells():
    progress = _after(
        "100%|██████████| 60/60 [00:10<00:00]",
        "{'loss': 2.5, 'epoch': 0.4}",
        "Loading: 50%|█████     | 2/4 [00:01<00:01]",
    )
    assert progress.steps == 60
    assert progress.step == 60


@pytest.mark.parametrize("line", ["{'loss': nan-ish, }", "loss", "step x/y", "{'loss': [}"])
def test_what_cannot_be_read_changes_nothing(line):
    assert _after(line) == Progress()


@given(st.text())
def test_no_line_stops_it(line):
    assert isinstance(_after(line), Progress)
