"""`tminus rehearse` as a user runs it: the real client, real containers, real torch, real signals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tminus.controlplane import Isolation

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SCRIPTS = Path(__file__).parent / "scripts"

pytestmark = pytest.mark.slow


def rehearse(script: Path, record: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict]:
    done = subprocess.run(
        [sys.executable, "-m", "tminus", "rehearse", str(script), "--output", str(record), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={**os.environ, "HF_TOKEN": "hf_the_users_own"},
    )
    document = record / "rehearsal.json"
    return done, json.loads(document.read_text()) if document.exists() else {}


@pytest.fixture(autouse=True)
def _needs_containers(tmp_path: Path) -> None:
    if Isolation.detect(tmp_path) == Isolation.PLAIN:
        pytest.skip("bubblewrap does not work here: volumes cannot be mounted at their paths")


@pytest.mark.fault
def test_the_example_survives_a_preemption(tmp_path: Path) -> None:
    record = tmp_path / "record"
    done, document = rehearse(EXAMPLES / "finetune_llama.py", record, "--preempt", "1", "--steps", "12")
    assert done.returncode == 0, done.stderr + done.stdout
    assert document["status"] == "passed"
    first, second = document["attempts"]
    (interruption,) = document["interruptions"]
    assert first["resumed_from"] == 0
    assert second["resumed_from"] == interruption["resumed_from"] >= interruption["step"] > 0
    assert second["last_step"] == second["max_steps"] == 12
    assert {one["world_size"] for one in (first, second)} == {2}
    assert document["ranks_asked"] == 8
    assert document["containers"][0]["interrupted"] == "preempted"
    newest = [max(commit["checkpoints"], default=0) for commit in document["commits"]]
    assert newest == sorted(newest)
    assert {claim["outcome"] for claim in document["claims"]} == {"proven"}
    assert document["not_proven"]
    for words in ("PASSED", "steps", "checkpoints", "loss", "resumed from", "Not proven here"):
        assert words in done.stdout
    ElementTree.parse(record / "timeline.svg")
    # What is left is the record; the volume's contents are gone, and no secret of the user was seen.
    assert {path.name for path in record.iterdir()} == {
        "client.log", "events.jsonl", "rehearsal.json", "timeline.svg",
    }  # fmt: skip
    assert not any("hf_the_users_own" in path.read_text() for path in record.iterdir())


# Loops, launchers and trainers as people write them, each with a fault; what the verdict must say of it.
EXAMPLE_SCRIPTS = [
    ("torchrun_loop", ("--preempt", "@save:3", "--kill", "@step:17"), {}),
    ("accelerate_loop", ("--kill", "@step:10", "--steps", "16"), {}),
    ("config_file", ("--kill-rank", "0@step:8", "--slow-volume", "0.5"), {}),
    ("trl_no_resume", ("--preempt", "1", "--steps", "10"), {"TM406": "it began at step 0, though "}),
    ("half_written", ("--preempt", "@save:2"), {None: "/runs/half-written/step-12.pt was read with "}),
]


@pytest.mark.fault
@pytest.mark.parametrize(("script", "faults", "mistakes"), EXAMPLE_SCRIPTS, ids=lambda value: str(value))
def test_examples_are_judged_by_what_their_faults_show(
    script: str, faults: tuple[str, ...], mistakes: dict[str | None, str], tmp_path: Path
) -> None:
    path = EXAMPLES / "rehearse" / f"{script}.py"
    done, document = rehearse(path, tmp_path / "record", *faults)
    assert document["status"] == ("failed" if mistakes else "passed"), done.stdout + done.stderr
    assert done.returncode == (1 if mistakes else 0)
    violated = [claim for claim in document["claims"] if claim["outcome"] == "violated"]
    for rule, words in mistakes.items():
        (claim,) = [one for one in violated if words in one["seen"]]
        assert claim["advice"]
        assert claim["rule"] == rule
        assert claim["advice"][:30] in done.stdout
    if not mistakes:
        assert len(document["attempts"]) > len(document["interruptions"]) > 0
        twice = [one for one in document["claims"] if "same training" in one["claim"]]
        assert all(one["outcome"] == "proven" for one in twice)


@pytest.mark.fault
def test_a_campaign_stops_at_the_first_run_that_loses_something(tmp_path: Path) -> None:
    script = EXAMPLES / "rehearse" / "half_written.py"
    arguments = ("--campaign", "20", "--seed", "3", "--steps", "24")
    done, _ = rehearse(script, tmp_path / "campaign", *arguments)
    assert done.returncode == 1, done.stdout
    runs = [line for line in done.stdout.splitlines() if line[:5].strip().isdigit()]
    assert runs[0].split() == ["0", "passed", "without", "faults"]
    assert [line.split()[1] for line in runs[1:]] == ["passed"] * (len(runs) - 2) + ["failed"]
    (again,) = [line for line in done.stdout.splitlines() if line.startswith("again ")]
    failing = runs[-1].partition("failed")[2].strip()
    assert again.endswith(failing)


def test_ten_gpus_are_refused_as_the_platform_would(tmp_path: Path) -> None:
    done, document = rehearse(SCRIPTS / "ten_gpus.py", tmp_path / "record", "--preempt", "1")
    assert done.returncode == 1
    assert document["status"] == "refused"
    assert "at most 8" in document["refusal"]
    assert "https://modal.com/docs/guide/gpu" in document["refusal"]
    assert document["containers"] == []
    assert "REFUSED" in done.stdout
    client = (tmp_path / "record" / "client.log").read_text()
    assert "at most 8" in client
    assert "Traceback" not in client


def test_the_audit_script_is_refused(tmp_path: Path) -> None:
    done, document = rehearse(EXAMPLES / "audit" / "train_h100x10.py", tmp_path / "record")
    assert (done.returncode, document["status"]) == (1, "refused")


def test_a_gated_model_without_a_secret_fails_as_on_the_real_hub(tmp_path: Path) -> None:
    done, document = rehearse(SCRIPTS / "no_secret.py", tmp_path / "record")
    assert done.returncode == 1
    assert document["status"] == "failed"
    assert "gated" in (tmp_path / "record" / "client.log").read_text().lower()
    assert "gated" in done.stdout.lower()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing.py"], "missing.py"),
        (["x.py", "--steps", "0"], "--steps 0"),
        (["x.py", "--preempt", "-1"], "--preempt -1"),
    ],
)
def test_what_cannot_be_rehearsed_exits_2_with_the_reason(arguments: list[str], reason: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tminus", "rehearse", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert reason in done.stderr
