"""The README of what a run made: from what, how, on what, and what it cost."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tminus.durable import write_text
from tminus.train.config import FILE_SUFFIXES, TrainConfig
from tminus.train.durations import format_duration
from tminus.train.inputs import read_inputs
from tminus.train.loss_plot import PLOT_FILE, write_loss_plot
from tminus.train.metrics import METRICS_FILE, read_evaluations, read_metrics
from tminus.train.record import RECORD_FILE

CARD_FILE = "README.md"

_TOLD = (
    "method", "learning_rate", "lr_scheduler", "warmup_ratio", "global_batch", "seq_len", "packing",
    "loss_on", "lora_r", "lora_alpha", "lora_dropout", "rslora", "dora", "target_modules", "weight_decay",
    "max_grad_norm", "seed",
)  # fmt: skip


def write_card(config: TrainConfig, to: Path, *, merged: bool = False) -> None:
    """Write README.md and the plot of the losses into a directory.

    Args:
        config: The run.
        to: Directory of the adapter, or of whole weights.
        merged: Whether an adapter was merged into the weights there.
    """
    output = Path(config.output_dir)
    plotted = write_loss_plot(output, to / PLOT_FILE, f"{config.name}: loss")
    write_text(to / CARD_FILE, card_text(config, merged=merged, plotted=plotted), flush=False)


def card_text(config: TrainConfig, *, merged: bool, plotted: bool) -> str:
    """The card in Markdown, with the head that the Hub reads
    (https://huggingface.co/docs/hub/model-cards#model-card-metadata)."""
    import yaml

    adapter = config.method != "full" and not merged
    head: dict[str, Any] = {
        "library_name": "peft" if adapter else "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["tminus", "sft", config.method],
    }
    if not _is_local(config.model):
        head["base_model"] = config.model
    if not _is_local(config.dataset):
        head["datasets"] = [config.dataset]
    kind = "An adapter" if adapter else "A model"
    how = {"full": "by a full fine-tune", "lora": "with LoRA", "qlora": "with QLoRA"}[config.method]
    settings = {name: getattr(config, name) for name in _TOLD}
    if config.method == "full":
        settings = {name: value for name, value in settings.items() if "lora" not in name and name != "dora"}
        settings.pop("target_modules")
    sections = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---",
        f"# {config.name}",
        f"{kind} made {how} from {_name(config.model)} on {_name(config.dataset)} by tminus, run "
        f"`{config.run_id}`.",
        _use(config, adapter),
        "## Data",
        _data(config),
        "## Training",
        "\n".join(f"- `{name}`: {_shown(value)}" for name, value in settings.items()),
        *([f"![loss]({PLOT_FILE})"] if plotted else []),
        _results(config),
        "## Hardware and cost",
        _hardware(config),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _use(config: TrainConfig, adapter: bool) -> str:
    loader = "AutoPeftModelForCausalLM" if adapter else "AutoModelForCausalLM"
    package = "peft" if adapter else "transformers"
    return (
        f"```python\nfrom {package} import {loader}\n\nmodel = {loader}.from_pretrained(PATH_OR_ID)\n```"
        "\n\nThe tokenizer is beside the weights"
        + ("; it carries the chat template that was trained with." if config.chat_template else ".")
    )


def _data(config: TrainConfig) -> str:
    rows = read_inputs(Path(config.output_dir)).get("rows")
    said = f"{_name(config.dataset)}, split `{config.dataset_split}`"
    if rows is None:
        return f"{said}."
    left_out = f", {rows['bad']:,} left out" if rows["bad"] else ""
    return (
        f"{said}: {rows['used']:,} of {rows['read']:,} rows ({rows['kind']}){left_out}, {rows['tokens']:,} "
        f"tokens, {rows['learned']:,} of them learned; {rows['cut']:,} rows cut at {config.seq_len:,} tokens."
    )


def _results(config: TrainConfig) -> str:
    path = Path(config.output_dir) / METRICS_FILE
    losses, held_out = read_metrics(path), read_evaluations(path)
    lines = []
    if losses:
        lines.append(
            f"{losses[-1]['step']:,} optimizer steps, {losses[-1].get('tokens', 0):,} tokens; loss "
            f"{losses[0]['loss']:.4g} at step {losses[0]['step']}, {losses[-1]['loss']:.4g} at the last."
        )
    if held_out:
        best = min(held_out, key=lambda line: line["eval_loss"])
        lines.append(
            f"Evaluation loss {held_out[-1]['eval_loss']:.4g} at the end, lowest {best['eval_loss']:.4g} at "
            f"step {best['step']}."
        )
    return " ".join(lines)


def _hardware(config: TrainConfig) -> str:
    output = Path(config.output_dir)
    inputs = read_inputs(output)
    lines = []
    if inputs:
        ranks = inputs["ranks"]
        lines.append(f"- {ranks} × {inputs['device']}")
        lines.append("- " + ", ".join(f"{name} {version}" for name, version in inputs["versions"].items()))
    try:
        record = json.loads((output / RECORD_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        record = {}
    if record:
        started = record.get("started_at") or 0.0
        spent_s = record.get("spent_s", 0.0) + (time.time() - started if started else 0.0)
        attempts = record["attempt"]
        lines.append(f"- {format_duration(spent_s)} in {attempts} attempt{'s' * (attempts != 1)}")
    lines.append(f"- {_cost(output)}")
    return "\n".join(lines)


def _cost(output: Path) -> str:
    usd = next(
        (
            line["usd"]
            for line in reversed(read_metrics(output / METRICS_FILE))
            if line.get("usd") is not None
        ),
        None,
    )
    if usd is None:
        return "cost: not known; this did not run where a price is documented"
    return f"cost: ${usd:.2f} until the last step, by documented prices"


def _is_local(name: str) -> bool:
    return name.startswith(("/", ".", "~")) or Path(name).suffix in FILE_SUFFIXES or Path(name).is_dir()


def _name(name: str) -> str:
    # A path of the machine that trained means nothing to a reader.
    return f"`{Path(name).name}`" if _is_local(name) else f"`{name}`"


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
