"""A plain TRL script under the shim, reading from the local hub: what a rehearsed container runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.rehearse.hub import LocalHub
from tminus.rehearse.observed import read_events
from tminus.rehearse.shim import DIRECTORY
from tminus.rehearse.shim_settings import SETTINGS_VARIABLE, ShimSettings

SCRIPT = """
import os
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

class MyTrainer(SFTTrainer):
    pass

name = "Qwen/Qwen2.5-0.5B"
trainer = MyTrainer(
    model=AutoModelForCausalLM.from_pretrained(name, attn_implementation="flash_attention_2"),
    processing_class=AutoTokenizer.from_pretrained(name),
    train_dataset=load_dataset("tatsu-lab/alpaca", split="train").select_columns(["text"]),
    peft_config=LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"),
    args=SFTConfig(
        output_dir="out", max_length=2048, packing=False, bf16=True, optim="paged_adamw_8bit",
        per_device_train_batch_size=1, gradient_accumulation_steps=2, learning_rate=1e-3,
        max_steps=int(os.environ["STEPS"]), save_steps=2, logging_steps=1, seed=3,
    ),
)
trainer.train(resume_from_checkpoint="RESUME" in os.environ)
"""


@pytest.mark.slow
def test_a_trl_script_trains_resumes_and_leaves_its_events(hub: LocalHub, tmp_path: Path, run_script) -> None:
    events_file = tmp_path / "events.jsonl"
    ShimSettings(2, 64, events_file, 1, 8).write(tmp_path / "shim.json")
    variables = {
        "PYTHONPATH": str(DIRECTORY),
        SETTINGS_VARIABLE: str(tmp_path / "shim.json"),
        "MODAL_TASK_ID": "ta-1",
    }
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", "8"]
    done = run_script(SCRIPT, hub, command=torchrun, STEPS="4", **variables)
    assert done.returncode == 0, done.stderr
    done = run_script(SCRIPT, hub, STEPS="6", RESUME="1", **{**variables, "MODAL_TASK_ID": "ta-2"})
    assert done.returncode == 0, done.stderr

    events = read_events(events_file)
    begins = [event for event in events if event.kind == "train_begin"]
    assert [(event.task_id, event.rank, event.step) for event in begins] in (
        [("ta-1", 0, 0), ("ta-1", 1, 0), ("ta-2", 0, 4)],
        [("ta-1", 1, 0), ("ta-1", 0, 0), ("ta-2", 0, 4)],
    )
    first, resumed = begins[0].values, begins[-1].values
    # 8 ranks asked, 2 run: each accumulates four times as much, so the global batch stays 1 x 2 x 8.
    assert first["micro_batch"] * first["accumulation"] * first["world_size"] == 16
    assert (resumed["accumulation"], resumed["world_size"], resumed["max_steps"]) == (2, 1, 6)

    def steps(kind: str) -> list[int | None]:
        return [event.step for event in events if event.kind == kind]

    assert steps("step_end") == [1, 2, 3, 4, 5, 6]
    assert steps("save") == [2, 4, 6]
    assert steps("train_end") == [4, 6]
    logs = [event for event in events if event.kind == "log"]
    assert [event.step for event in logs] == [1, 2, 3, 4, 5, 6]
    assert all(set(event.values) == {"loss", "learning_rate", "grad_norm"} for event in logs)
    assert 3 < logs[0].values["loss"] < 12
    saved = [event.values["directory"] for event in events if event.kind == "save"]
    assert saved == [f"out/checkpoint-{step}" for step in (2, 4, 6)]
    assert {event.rank for event in events if event.kind in ("log", "step_end", "save")} == {0}
    changed = {event.values["what"] for event in events if event.kind == "change"}
    assert {"max_length", "optim", "attn_implementation", "gradient_accumulation_steps"} <= changed
    assert not [event for event in events if event.kind == "not_adapted"]
    assert ("model", "Qwen/Qwen2.5-0.5B") in hub.repositories
