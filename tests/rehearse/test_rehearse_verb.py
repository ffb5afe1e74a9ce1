"""`tminus rehearse` as a user runs it: the real client, real containers, real torch, real signals."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tminus.controlplane import Isolation

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DOCS = ROOT / "docs" / "rehearse.md"
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
    if not Isolation.detect(tmp_path).walls:
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
    lists = {name: " ".join(document[name]) for name in ("proven", "not_proven", "unknown")}
    assert "it runs to its end through 1 × preempt" in lists["proven"]
    assert "by the limits of the team plan" in lists["proven"]
    assert "2 ranks trained on CPUs, with gloo in place of NCCL" in lists["not_proven"]
    assert "a step of the image that was not run: python -m pip install" in lists["not_proven"]
    assert "kill, kill-rank, oom, timeout, disk-full" in lists["not_proven"]
    assert "(--reference)" in lists["unknown"]
    shown = (
        "PASSED",
        "steps",
        "checkpoints",
        "loss",
        "resumed from",
        "Proven:",
        "Not proven here:",
        "Unknown:",
    )
    for words in shown:
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
    if script == "torchrun_loop" and os.geteuid() == 0 and Isolation.detect(tmp_path).not_shown == []:
        shown = re.search(r"<!-- lists -->\n```text\n(.*?)```", DOCS.read_text(), re.DOTALL)
        printed = re.search(r"^Proven:\n.*(?=^PASSED)", done.stdout, re.DOTALL | re.MULTILINE)
        assert but_numbers(printed[0]) == but_numbers(shown[1])


def but_numbers(text: str) -> str:
    return " ".join(re.sub(r"\d+(\.\d+)*(e[-+]\d+)?", "N", text).split())


@pytest.mark.fault
def test_a_campaign_stops_at_the_first_run_that_loses_something(tmp_path: Path) -> None:
    script = EXAMPLES / "rehearse" / "half_written.py"
    arguments = ("--campaign", "20", "--seed", "3", "--steps", "24")
    done, _ = rehearse(script, tmp_path / "campaign", *arguments)
    assert done.returncode == 1, done.stdout
    # Lines of the runs: a number and a status. A wrapped sentence can begin with a number, too.
    runs = [
        line for line in done.stdout.splitlines() if re.match(r" *\d+ +(passed|failed|inconclusive) ", line)
    ]
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


def test_a_plan_refuses_more_gpus_than_it_has(tmp_path: Path) -> None:
    record = tmp_path / "record"
    done, document = rehearse(SCRIPTS / "sixteen_gpus.py", record, "--plan", "starter")
    assert (done.returncode, document["status"]) == (1, "refused")
    assert "16 GPUs at a time are more than the 10 of the Starter plan" in document["refusal"]
    assert "https://modal.com" in document["refusal"]


def test_the_users_rows_and_number_of_steps_take_the_place_of_the_scripts(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"question": f"{n}?", "answer": f" {n}."}) + "\n" for n in range(9)))
    given = ("--data", f"acme/private={rows}", "--data", f"acme/other={rows}")
    done, document = rehearse(SCRIPTS / "own_data.py", tmp_path / "record", *given, "--steps", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert document["attempts"][0]["last_step"] == document["attempts"][0]["max_steps"] == 4
    assert f"data set acme/private: 16 rows of question, answer (from {rows})" in document["stood_in"]
    assert "max_steps: 400 → 4 (--steps)" in document["changes"]
    assert any(one.startswith(f"--data acme/other={rows}: the script asked") for one in document["unknown"])


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
        (["x.py", "--plan", "gold"], "no workspace plan 'gold'; there are Starter"),
        ([str(SCRIPTS / "own_data.py"), "--data", "acme/private=no.jsonl"], "there is no "),
    ],
)
def test_what_cannot_be_rehearsed_exits_2_with_the_reason(arguments: list[str], reason: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tminus", "rehearse", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert reason in done.stderr
