"""A small random Llama with a tokenizer made on the spot, and rows for it: what the fault scripts train."""

from __future__ import annotations

import json
from pathlib import Path

from tminus.train import TrainConfig

STEPS = 16
SAVE_EVERY = 3


def make_tiny(folder: Path) -> None:
    """Write `model` (a Llama of 0.1 M weights and its tokenizer) and `rows.jsonl` into a folder."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        [f"count from {start} to {start + 9}" for start in range(200)],
        trainers.BpeTrainer(
            vocab_size=320,
            special_tokens=["<s>", "</s>", "<pad>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    tokenizer.save_pretrained(folder / "model")
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128, bos_token_id=0,
        eos_token_id=1, pad_token_id=2,
    )  # fmt: skip
    LlamaForCausalLM(shape).save_pretrained(folder / "model")
    rows = [
        {
            "prompt": f"count from {start}:",
            "completion": " " + " ".join(map(str, range(start, start + 3 + start % 6))),
        }
        for start in range(50)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def tiny_config(folder: Path, output: Path, method: str) -> TrainConfig:
    """A run of `STEPS` steps with dropout and accumulation, over an epoch's end."""
    return TrainConfig(
        model=str(folder / "model"),
        method=method,  # type: ignore[arg-type]  # one of its three
        dataset=str(folder / "rows.jsonl"),
        output_dir=str(output),
        run_name="tiny",
        global_batch=4,
        micro_batch=2,
        seq_len=64,
        max_steps=STEPS,
        save_every=SAVE_EVERY,
        keep_checkpoints=2,
        learning_rate=5e-3,
        lora_r=4,
        lora_dropout=0.1,
        gradient_checkpointing=False,
    )
