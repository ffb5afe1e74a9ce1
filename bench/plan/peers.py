"""Other estimators on the rows that this one is scored on: what they say, beside what was measured.

    python bench/plan/peers.py ENVIRONMENTS [--write NAME]

ENVIRONMENTS is a folder with a virtual environment for each: ``ftuneai`` (with typer), ``canifinetune``,
``alloc``, ``accelerate`` (with transformers), ``deepspeed``. Those that are not there are said to be missing.
All runs are on one GPU, as most of them know no more; each is given all that its command line takes. Needs
numpy and scipy: our own figures are those of constants that never saw the source.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from published import MEASURED, PublishedRun, read_runs
from score import RESULTS, Scored, score_left_out

from tminus.estimate.job import LINEAR_MODULES
from tminus.facts import Facts, ModelShape

TIMEOUT_S = 120


class NotEstimatedError(Exception):
    """What a tool cannot say anything about, and why."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool said: GiB of a GPU, and seconds of a step where it says so."""

    gib: float
    step_s: float | None = None


def canifinetune(environment: Path, run: PublishedRun) -> Said:
    """``canifinetune estimate``, with the model's own config.json."""
    job = run.job
    words = [
        *("--model", str(_config_folder(job.model)), "--gpu-vram-gb", f"{run.hardware.gpu.usable_gib:.1f}"),
        *("--method", job.method, "--seq-len", str(job.seq_len)),
        *("--micro-batch-size", str(run.split.micro_batch), "--lora-rank", str(job.lora_r)),
        *("--target-scope", "all_linear" if len(job.lora_targets) == len(LINEAR_MODULES) else "attention"),
        *("--optimizer", "adamw_torch", "--attn", "flash_attention_2", "--offline", "--json"),
        *("--loss-backend", "liger" if job.loss == "liger" else "stock"),
    ]
    found = json.loads(_run(environment / "bin" / "canifinetune", "estimate", *words))
    return Said(_first_number(found, "total_estimated_gb"))


def ftune(environment: Path, run: PublishedRun) -> Said:
    """``ftune estimate``; it knows models by name alone, offline."""
    names = {"meta-llama-3-8b": "meta-llama/Llama-3.1-8B", "mistral-7b": "mistralai/Mistral-7B-v0.3"}
    names["mixtral-8x7b"] = "mistralai/Mixtral-8x7B-v0.1"
    known = next((name for key, name in names.items() if key in run.label.lower()), None)
    if known is None:
        raise NotEstimatedError("model that it does not know offline")
    job, micro = run.job, run.split.micro_batch
    targets = "all_linear" if len(job.lora_targets) == len(LINEAR_MODULES) else "attention_all"
    words = [
        *("-m", known, "--method", job.method, "-q", "4bit" if job.method == "qlora" else "none"),
        *("-b", str(micro), "-s", str(job.seq_len), "-r", str(job.lora_r), "--lora-target", targets),
        *("-d", str(micro * 1000), "-e", "1", "-o", "json"),
    ]
    found = json.loads(_run(environment / "bin" / "ftune", "estimate", *words))
    hours = {one["gpu"]: one["total_hours"] for one in found["training_time"]}.get("A100-80GB")
    seconds = hours * 3600 / 1000 if hours and run.hardware.gpu.name == "A100-80GB" else None
    return Said(found["memory"]["total_gb"], seconds)


def alloc(environment: Path, run: PublishedRun) -> Said:
    """``alloc ghost`` with a number of parameters: full fine-tunes alone."""
    if run.job.adapters:
        raise NotEstimatedError("adapters")
    words = ["x.py", "-p", f"{run.job.model.parameters / 1e9:.4f}", "--json", "--dtype", "bf16"]
    words += ["--batch-size", str(run.split.micro_batch), "--seq-length", str(run.job.seq_len)]
    words += ["--hidden-dim", str(run.job.model.hidden_size)]
    return Said(json.loads(_run(environment / "bin" / "alloc", "ghost", *words))["total_gb"])


def accelerate(environment: Path, run: PublishedRun) -> Said:
    """What ``accelerate estimate-memory`` says of training with Adam; the command itself needs the hub."""
    if run.job.adapters:
        raise NotEstimatedError("adapters")
    program = (
        "import sys, json, torch\nfrom accelerate import init_empty_weights\n"
        "from accelerate.commands.estimate import estimate_training_usage\n"
        "from accelerate.utils import calculate_maximum_sizes\n"
        "from transformers import AutoConfig, AutoModel\n"
        "config = AutoConfig.from_pretrained(sys.argv[1])\n"
        "with init_empty_weights():\n    model = AutoModel.from_config(config, dtype=torch.float32)\n"
        "size, _ = calculate_maximum_sizes(model)\n"
        "print(json.dumps(max(estimate_training_usage(size, 'float16').values()) / 2**30))\n"
    )
    folder = str(_config_folder(run.job.model))
    return Said(float(_run(environment / "bin" / "python", "-c", program, folder).split()[-1]))


def deepspeed(environment: Path, run: PublishedRun) -> Said:
    """DeepSpeed's ZeRO-2 estimator on one GPU: model states alone."""
    if run.job.adapters:
        raise NotEstimatedError("adapters")
    program = (
        "import sys\nfrom deepspeed.runtime.zero.stage_1_and_2 import estimate_zero2_model_states_mem_needs\n"
        "cpu, gpu = estimate_zero2_model_states_mem_needs(int(sys.argv[1]), 1, 1, cpu_offload=False)\n"
        "print(gpu / 2**30)\n"
    )
    size = str(run.job.model.parameters)
    return Said(float(_run(environment / "bin" / "python", "-c", program, size).split()[-1]))


PEERS: dict[str, tuple[str, Callable[[Path, PublishedRun], Said]]] = {
    "canifinetune": ("canifinetune", canifinetune),
    "ftuneai": ("ftuneai", ftune),
    "alloc ghost": ("alloc", alloc),
    "accelerate estimate-memory": ("accelerate", accelerate),
    "DeepSpeed ZeRO-2 estimator": ("deepspeed", deepspeed),
}


NOT_RUN = {
    "torch-kitsune": "it builds the whole model on the CPU, or wants a name on the hub",
    "coastline-recommender": "it says no memory; its installation did not end within 4 minutes",
    "llm-analysis": "it refuses the MLP of Llama 3; its installation did not end within 4 minutes",
}
"""Estimators that were looked at and left out, and why."""


@cache
def _config_folder(model: ModelShape) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tminus-peer-"))
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": model.hidden_size,
        "num_hidden_layers": model.layers, "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads, "head_dim": model.head_dim,
        "intermediate_size": model.intermediate_size, "vocab_size": model.vocab_size,
        "tie_word_embeddings": model.tied_embeddings, "torch_dtype": "bfloat16",
        "max_position_embeddings": model.context,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@cache
def _run(*words: Path | str) -> str:
    try:
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotEstimatedError(type(error).__name__) from error
    if done.returncode != 0 and not done.stdout.lstrip().startswith("{"):
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise NotEstimatedError(f"it fails: {lines[-1][:80] if lines else done.returncode}")
    return done.stdout


def _first_number(found: Any, *names: str) -> float:
    # The first of the names, however deep.
    for name in names:
        stack = [found]
        while stack:
            one = stack.pop()
            if isinstance(one, dict):
                if isinstance(one.get(name), int | float):
                    return float(one[name])
                stack += one.values()
    raise NotEstimatedError("no total in its answer")


def compared(name: str, scored: list[Scored], environments: Path) -> dict[str, Any]:
    """One peer on all rows, and ours on those that it says something about."""
    folder, ask = PEERS[name]
    if not (environments / folder / "bin").is_dir():
        return {"missing": True}
    theirs: dict[str, list[float]] = {"allocated": [], "reserved": [], "step": []}
    ours: dict[str, list[float]] = {"allocated": [], "reserved": [], "step": []}
    refused: dict[str, int] = {}
    for one in scored:
        try:
            said = ask(environments / folder, one.run)
        except NotEstimatedError as reason:
            refused[str(reason)] = refused.get(str(reason), 0) + 1
            continue
        for quantity, value in (("allocated", said.gib), ("reserved", said.gib), ("step", said.step_s)):
            pair = getattr(one, quantity)
            if pair is not None and value is not None:
                theirs[quantity].append(100 * (value / pair[1] - 1))
                ours[quantity].append(100 * (pair[0] / pair[1] - 1))
    return {
        "theirs": {quantity: _errors(found) for quantity, found in theirs.items()},
        "ours": {quantity: _errors(found) for quantity, found in ours.items()},
        "not_estimated": refused,
    }


def _errors(found: list[float]) -> dict[str, float] | None:
    if not found:
        return None
    size = sorted(map(abs, found))
    return {
        "n": len(size),
        "median_signed": round(statistics.median(found), 1),
        "median": round(statistics.median(size), 1),
        "p90": round(size[min(len(size) - 1, int(0.9 * len(size)))], 1),
    }


_EXPLAINED = (
    "Each cell: rows; median signed error; median and 90th percentile of the absolute error, in per cent. "
    "The constants of tminus never saw the source that they are judged by. The full fine-tunes among the "
    "rows held weights, gradients and states in 16 bits, which the others cannot be told."
)


def rendered(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "| estimator | allocated | tminus, same rows | reserved | tminus | step time | tminus |",
        "|---|---|---|---|---|---|---|",
    ]
    notes = [f"- {name}: not run: {why}" for name, why in NOT_RUN.items()]
    for name, one in result.items():
        if one.get("missing"):
            notes.append(f"- {name}: not installed")
            continue
        cells = [
            _cell(one[who][quantity])
            for quantity in ("allocated", "reserved", "step")
            for who in ("theirs", "ours")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        notes += [
            f"- {name}: {count} rows not estimated: {why}" for why, count in one["not_estimated"].items()
        ]
    lines += ["", _EXPLAINED]
    return "\n".join([*lines, "", *notes]) + "\n"


def _cell(found: dict[str, float] | None) -> str:
    if found is None:
        return ""
    return f"{found['n']}; {found['median_signed']:+.1f}; {found['median']:.1f}, {found['p90']:.1f}"


def main() -> None:
    """Ask all of them."""
    parser = argparse.ArgumentParser(description="Score other estimators on the same rows.")
    parser.add_argument("environments", type=Path, help="folder of virtual environments")
    parser.add_argument("--write", metavar="NAME", help="write bench/results/NAME.json and NAME.md")
    arguments = parser.parse_args()
    facts = Facts.bundled()
    runs, _ = read_runs(MEASURED, facts)
    alone = [one for one in score_left_out(runs, facts) if one.run.split.world_size == 1]
    judged = [one for one in alone if (one.allocated or one.reserved) and one.run.job.model.experts is None]
    result = {name: compared(name, judged, arguments.environments) for name in PEERS}
    text = rendered(result)
    print(text, end="")
    if arguments.write:
        title = f"# Other estimators on the same rows, {facts.today.isoformat()}\n\n"
        title += f"{len(judged)} runs on one GPU.\n\n"
        (RESULTS / f"{arguments.write}.md").write_text(title + text, encoding="utf-8")
        (RESULTS / f"{arguments.write}.json").write_text(
            json.dumps(result, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
