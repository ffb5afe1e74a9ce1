"""The loss that is trained on is TRL's, bit for bit, and nothing beside it is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Tiny

from tminus.train import TrainConfig
from tminus.train.data import load_data
from tminus.train.decisions import decide
from tminus.train.lean_loss import LeanLossTrainer
from tminus.train.model import adapter_config, load_model, load_tokenizer
from tminus.train.run import sft_arguments

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


def losses(kind: Any, config: TrainConfig) -> list[tuple[float, float, float]]:
    from tminus.train.batching import split_batch

    decisions = decide(config)
    tokenizer, _ = load_tokenizer(config)
    trainer = kind(
        model=load_model(config, decisions),
        args=sft_arguments(config, split_batch(config.global_batch, int(config.micro_batch), 1), decisions),
        train_dataset=load_data(config, tokenizer, seed=1, say=lambda line: None).train,
        processing_class=tokenizer,
        peft_config=adapter_config(config),
    )
    trainer.train()
    history = [line for line in trainer.state.log_history if "loss" in line]
    assert ("entropy" in history[0]) == (kind is not LeanLossTrainer)
    return [(line["loss"], line["grad_norm"], line["num_tokens"]) for line in history]


@pytest.mark.parametrize("packing", [False, True])
def test_losses_gradients_and_tokens_are_trls(tiny: Tiny, tmp_path: Path, packing: bool) -> None:
    import trl

    config = tiny.config(tmp_path, max_steps=3, packing=packing)
    assert losses(LeanLossTrainer, config) == losses(trl.SFTTrainer, config)
