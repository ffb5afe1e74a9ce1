"""The same damage to the newest checkpoint, under tminus and under plain TRL: what does the next start do?

    python bench/faults/train/against_trl.py --results bench/results

Both train the same tiny Llama by LoRA for 8 steps, with checkpoints after 3 and 6, and are left as a kill
after step 6 leaves them. The newest checkpoint is damaged, and the run started again, TRL with
`resume_from_checkpoint=True`. Identical: the losses of all steps are those of the run without damage.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import forked
from kills import made
from tiny import make_tiny, tiny_config

from tminus.durable import write_json, write_text
from tminus.train.metrics import METRICS_FILE, read_metrics

STEPS, SAVE = 8, 3
LOSSES = "losses.json"


def _cut(name: str) -> Callable[[Path], None]:
    def cut(checkpoint: Path) -> None:
        path = checkpoint / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return cut


def _lose(name: str) -> Callable[[Path], None]:
    return lambda checkpoint: (checkpoint / name).unlink()


def _empty(checkpoint: Path) -> None:
    shutil.rmtree(checkpoint)
    checkpoint.mkdir()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "none": lambda checkpoint: None,
    "empty folder": _empty,
    "adapter cut in half": _cut("adapter_model.safetensors"),
    "optimizer cut in half": _cut("optimizer.pt"),
    "optimizer missing": _lose("optimizer.pt"),
    "trainer state missing": _lose("trainer_state.json"),
    "random state missing": _lose("rng_state.pth"),
}


def train_tminus(folder: Path, output: Path, resume: bool) -> int:
    """Train or go on, which is the same call."""
    from tminus.train import train

    config = replace(tiny_config(folder, output, "lora"), max_steps=STEPS, save_every=SAVE)
    done = train(config).status == "finished"
    losses = {line["step"]: line["loss"] for line in read_metrics(output / METRICS_FILE)}
    write_json(output / LOSSES, {str(step): loss for step, loss in losses.items()})
    return 0 if done else 1


def train_trl(folder: Path, output: Path, resume: bool) -> int:
    """Train as TRL's documentation does, or resume."""
    import trl
    from datasets import load_dataset
    from peft import LoraConfig

    config = tiny_config(folder, output, "lora")
    trainer = trl.SFTTrainer(
        model=config.model,
        args=trl.SFTConfig(
            output_dir=str(output), max_steps=STEPS, save_steps=SAVE, logging_steps=1, seed=config.seed,
            per_device_train_batch_size=2, gradient_accumulation_steps=2, max_length=config.seq_len,
            learning_rate=config.learning_rate, report_to="none", disable_tqdm=True, use_cpu=True,
            full_determinism=True, bf16=False, gradient_checkpointing=False,
        ),
        train_dataset=load_dataset("json", data_files=config.dataset, split="train"),
        peft_config=LoraConfig(
            r=config.lora_r, lora_dropout=config.lora_dropout, target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
    )  # fmt: skip
    trainer.train(resume_from_checkpoint=resume or None)
    losses = {line["step"]: line["loss"] for line in trainer.state.log_history if "loss" in line}
    write_json(output / LOSSES, {str(step): loss for step, loss in losses.items()})
    return 0


TRAINERS = {"tminus": train_tminus, "TRL": train_trl}


def main() -> None:
    """Damage and resume, print a line for each, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, help="folder for the result")
    options = parser.parse_args()
    forked.load_libraries()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ["HF_DATASETS_CACHE"] = str(folder / "cache")
        forked.start(1, lambda rank: make_tiny(folder) or 0, folder / "log").wait(200)
        for trainer, action in TRAINERS.items():
            straight = folder / trainer
            forked.start(1, lambda rank, a=action, o=straight: a(folder, o, False), folder / "log").wait(200)
            expected = json.loads((straight / LOSSES).read_text())
            for damage, harm in DAMAGES.items():
                found = _resume(folder, straight, action, harm, expected)
                rows.append({"trainer": trainer, "damage": damage, **found})
                print(" | ".join(map(str, rows[-1].values())), flush=True)
    if options.results:
        write_json(options.results / "train-against-trl.json", {"made": made(), "rows": rows})
        write_text(options.results / "train-against-trl.md", table(rows))


def table(rows: list[dict[str, Any]]) -> str:
    """The result as Markdown, a row a damage."""
    lines = ["# A damaged newest checkpoint: what the next start does", ""]
    lines += ["| damage | tminus | TRL |", "|---|---|---|"]
    for damage in DAMAGES:
        told = {
            row["trainer"]: f"{row['outcome']} {row['what'].split(':')[0]}".strip()
            for row in rows
            if row["damage"] == damage
        }
        lines.append(f"| {damage} | {told['tminus']} | {told['TRL']} |")
    return "\n".join([*lines, "", *(f"{name}: {text}" for name, text in made().items()), ""])


def _resume(
    folder: Path, straight: Path, action: Callable[..., int], harm: Callable[[Path], None], expected: Any
) -> dict[str, Any]:
    """Take a run back to step 6, damage its newest checkpoint, start it again, and see."""
    output, log = folder / "again", folder / "again.log"
    shutil.rmtree(output, ignore_errors=True)
    log.unlink(missing_ok=True)
    shutil.copytree(straight, output)
    for late in ("final", f"checkpoint-{STEPS}"):
        shutil.rmtree(output / late, ignore_errors=True)
    for late in ("latest.json", LOSSES):
        (output / late).unlink(missing_ok=True)
    if (record := output / "run.json").exists():
        record.write_text(json.dumps(json.loads(record.read_text()) | {"status": "running"}))
    harm(output / "checkpoint-6")
    (code,) = forked.start(1, lambda rank: action(folder, output, True), log).wait(200)
    if code or not (output / LOSSES).exists():
        lines = [line for line in log.read_text().splitlines() if line and not line.startswith((" ", "\t"))]
        return {
            "outcome": "crashed",
            "what": lines[-1].replace(str(output), "RUN")[:120] if lines else f"exit code {code}",
        }
    found = json.loads((output / LOSSES).read_text())
    wrong = [int(step) for step in expected if found.get(step) != expected[step]]
    what = f"{len(wrong)} of {STEPS} losses differ, from step {min(wrong)}" if wrong else ""
    return {"outcome": "differs" if wrong else "identical", "what": what}


if __name__ == "__main__":
    main()
