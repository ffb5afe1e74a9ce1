"""Packed rows: all there, well filled, and each as if it were alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from tminus.train import SetupError
from tminus.train.isolation import refuse_mixed_rows
from tminus.train.packing import LENGTHS, pack

ROWS = [[3, 4, 5, 6, 7], [8, 9], [10, 11, 12], [13, 14, 15, 16, 17, 18]]


def packed(tiny: Tiny, rows: list[list[int]], seq_len: int) -> list[dict[str, list[int]]]:
    config = tiny.config(Path("unused"), packing=True, seq_len=seq_len)
    return pack([{"input_ids": row, "labels": [-100, *row[1:]]} for row in rows], config)


@given(st.lists(st.integers(1, 16), min_size=1, max_size=40))
@settings(max_examples=15)
def test_every_row_is_in_one_sequence_whole(tiny: Tiny, lengths: list[int]) -> None:
    rows = [[index] * length for index, length in enumerate(lengths)]
    sequences = packed(tiny, rows, 16)
    found = []
    for sequence in sequences:
        assert len(sequence["input_ids"]) == len(sequence["labels"]) == sum(sequence[LENGTHS]) <= 16
        at = 0
        for length in sequence[LENGTHS]:
            row = sequence["input_ids"][at : at + length]
            assert sequence["labels"][at : at + length] == [-100, *row[1:]]
            found.append(row)
            at += length
    assert sorted(found) == sorted(rows)
    # Best fit needs at most 11/9 of the fewest possible sequences, and one more.
    assert len(sequences) <= 11 / 9 * -(-sum(lengths) // 16) + max(1, sum(2 * one > 16 for one in lengths))


def test_nothing_is_packed_that_is_not_asked_for(tiny: Tiny) -> None:
    samples = [{"input_ids": [1, 2], "labels": [1, 2]}]
    assert pack(samples, tiny.config(Path("unused"))) is samples
    assert pack([], tiny.config(Path("unused"), packing=True)) == []


def load(tiny: Tiny, attention: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny.model, attn_implementation=attention)
    for value in model.parameters():  # a model that was trained is not as flat as a new one
        value.data.normal_(0, 0.3)
    return model


def collator() -> Any:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    return DataCollatorForLanguageModeling(pad_token_id=2, padding_free=True)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_logits_and_losses_of_packed_rows_are_those_of_the_rows_alone(tiny: Tiny, attention: str) -> None:
    import torch

    model = load(tiny, attention).eval()
    (sequence,) = packed(tiny, ROWS, 16)
    batch = collator()([sequence])
    with torch.no_grad():
        together = model(**batch, use_cache=False)
        at, losses, tokens = 0, 0.0, 0
        for length in sequence[LENGTHS]:
            ids = torch.tensor([sequence["input_ids"][at : at + length]])
            alone = model(input_ids=ids, labels=ids, use_cache=False)
            torch.testing.assert_close(
                together.logits[:, at : at + length], alone.logits, rtol=1e-4, atol=1e-4
            )
            losses += float(alone.loss) * (length - 1)
            tokens += length - 1
            at += length
    assert float(together.loss) == pytest.approx(losses / tokens, rel=1e-5)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_model_that_mixes_rows_is_refused(tiny: Tiny, attention: str) -> None:
    import datasets

    rows = datasets.Dataset.from_list(packed(tiny, [row * 4 for row in ROWS], 64))
    model = load(tiny, attention).train()
    said = refuse_mixed_rows(model, collator(), rows)
    assert said is not None
    assert "packed rows are kept apart" in said
    assert model.training

    def mixing(examples: Any) -> Any:
        batch = collator()(examples)
        batch["attention_mask"] = (batch["input_ids"] >= 0).long()  # as a collator that pads makes it
        batch["position_ids"] = batch["attention_mask"].cumsum(1) - 1
        return batch

    with pytest.raises(SetupError, match="LlamaForCausalLM does not keep packed"):
        refuse_mixed_rows(model, mixing, rows)


def test_rows_that_share_no_sequence_need_no_check(tiny: Tiny) -> None:
    import datasets

    rows = datasets.Dataset.from_list(packed(tiny, [[1, 2, 3], [4, 5, 6]], 4))
    assert refuse_mixed_rows(None, None, rows) is None
