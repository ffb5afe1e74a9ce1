"""A tiny random Llama with a tokenizer of its own, and real processes that train it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tminus.train import TrainConfig
from tminus.train.metrics import METRICS_FILE, read_metrics


@dataclass(frozen=True)
class Tiny:
    """What every training test starts from."""

    model: str
    rows: str

    def config(self, output_dir: Path, **changes: Any) -> TrainConfig:
        base = TrainConfig(
            model=self.model,
            method="lora",
            dataset=self.rows,
            output_dir=str(output_dir),
            run_name="tiny",
            global_batch=4,
            micro_batch=2,
            seq_len=64,
            max_steps=12,
            save_every=4,
            keep_checkpoints=20,
            learning_rate=5e-3,
            lora_r=4,
            lora_dropout=0.1,
        )
        return replace(base, **changes)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    root = tmp_path_factory.mktemp("tiny")
    texts = [f"count from {start} to {start + 9}" for start in range(200)]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>")
    tokenizer.save_pretrained(root / "model")
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(shape).save_pretrained(root / "model")
    rows = [
        {
            "prompt": f"count from {start}:",
            "completion": " " + " ".join(map(str, range(start, start + 3 + start % 6))),
        }
        for start in range(90)
    ]
    (root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Tiny(str(root / "model"), str(root / "rows.jsonl"))


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Train in this process as the training processes do, and leave torch as it was."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    torch.use_deterministic_algorithms(False)


def environment(**extra: str) -> dict[str, str]:
    """The environment of a training process: one thread, no hub."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **extra}


def start(config: TrainConfig, *arguments: str, **env: str) -> subprocess.Popen[str]:
    """Start one rank as torchrun would."""
    path = Path(config.output_dir).with_suffix(".json")
    path.write_text(config.to_json())
    return subprocess.Popen(
        [sys.executable, "-m", "tminus.train", str(path), *arguments],
        env=environment(**env),
        stderr=subprocess.PIPE,
        text=True,
    )


def start_ranks(config: TrainConfig, count: int) -> list[subprocess.Popen[str]]:
    """Start `count` ranks that meet each other, each a child of the test, so that exit codes are seen."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    meeting = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    meeting["LOCAL_WORLD_SIZE"] = str(count)
    return [start(config, **meeting, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in range(count)]


def finish(*processes: subprocess.Popen[str], timeout_s: float = 120) -> list[int]:
    """Wait for processes and give their exit codes; a process that fails prints why."""
    codes = []
    for process in processes:
        _, errors = process.communicate(timeout=timeout_s)
        codes.append(process.returncode)
        if process.returncode not in (0, 75, -9):
            print(errors)
    return codes


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str], timeout_s: float = 90) -> bool:
    """Wait until something is true while a process lives; False where it ended before."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        if process.poll() is not None:
            return condition()
        time.sleep(0.002)
    raise TimeoutError


def logged_steps(output_dir: str) -> list[int]:
    return [line["step"] for line in read_metrics(Path(output_dir) / METRICS_FILE)]


def trace(output_dir: str | Path) -> list[tuple[Any, ...]]:
    """What must be identical in two runs that train the same: step, loss, rate, gradient norm, tokens."""
    keys = ("step", "loss", "learning_rate", "grad_norm", "tokens")
    return [tuple(line[key] for key in keys) for line in read_metrics(Path(output_dir) / METRICS_FILE)]


def weights(output_dir: str | Path) -> bytes:
    """The bytes of the final adapter or model."""
    final = Path(output_dir) / "final"
    (path,) = final.glob("*model.safetensors")
    return path.read_bytes()
