"""The fault campaign and the user's own trial, in short: real kills, ends compared to the last bit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Tiny, environment

pytestmark = [pytest.mark.slow, pytest.mark.fault]

KILLS = Path(__file__).parents[2] / "bench" / "faults" / "train" / "kills.py"


def test_killed_runs_end_as_the_uninterrupted_one(tmp_path: Path) -> None:
    """One rank within a save, two ranks within a resume: seeds that are known to be killed there."""
    command = [sys.executable, str(KILLS), "--kills", "2", "--seed", "7", "--results", str(tmp_path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 killed runs, 2 bit-identical, 0 not" in done.stdout
    runs = json.loads((tmp_path / "train-kills.json").read_text())["runs"]
    assert {run["outcome"] for run in runs} <= {"identical", "too late"}


def verify_resume(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tminus", "train", "verify-resume", *words]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


def test_user_sees_that_a_kill_changes_nothing_streamed_and_evaluated(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.config(
        tmp_path / "never", streaming=True, shuffle_buffer=16, eval_split="train[:6]", eval_every=3
    )
    (tmp_path / "run.json").write_text(config.to_json())
    done = verify_resume(str(tmp_path / "run.json"), "--steps", "24", "--keep", str(tmp_path / "kept"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("exact: killed after step")
    assert "bit-identical" in done.stdout
    assert not (tmp_path / "never").exists()
    assert "eval_loss" in (tmp_path / "kept" / "killed" / "metrics.jsonl").read_text()


def test_difference_is_told_by_step_and_number(tmp_path: Path) -> None:
    from tminus.train.metrics import METRICS_FILE, append_metrics
    from tminus.train.verify_resume import first_difference

    for name, loss in (("one", 2.0), ("two", 2.0000002)):
        (tmp_path / name).mkdir()
        for step in (1, 2, 3):
            values = {
                "step": step,
                "attempt": 1,
                "loss": loss if step == 2 else 1.0,
                "grad_norm": float(step),
            }
            append_metrics(tmp_path / name / METRICS_FILE, values)
    found = first_difference(tmp_path / "one", tmp_path / "two")
    assert str(found) == "step 2: loss 2.0 without the kill, 2.0000002 with it"
    assert first_difference(tmp_path / "one", tmp_path / "one") is None
