"""The GitHub Action's steps, run as the runner runs them, over a repository with a pull request."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
STEPS = ROOT / "tools" / "action"
SCRIPT = ROOT / "examples" / "finetune_llama.py"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    shutil.copy(SCRIPT, folder / "train.py")
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def _step(name: str, repository: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], dict]:
    output = repository.parent / "output"
    output.write_text("")
    # `tminus` as pip would have put it on the path.
    bin_folder = repository.parent / "bin"
    bin_folder.mkdir(exist_ok=True)
    program = bin_folder / "tminus"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tminus "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", str(STEPS / name)],
        cwd=repository,
        env={
            **os.environ,
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(output),
            "RUNNER_TEMP": str(repository.parent),
            "SEVERITY": "warning",
            "PATHS": ".",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done, dict(line.split("=", 1) for line in output.read_text().splitlines())


def test_a_clean_script_passes_and_leaves_an_empty_sarif(repository):
    done, outputs = _step("check.sh", repository)
    assert done.returncode == 0, done.stderr
    assert json.loads(Path(outputs["sarif"]).read_text())["runs"][0]["results"] == []


def test_findings_are_annotated_and_fail_the_step_after_the_sarif_is_there(repository):
    path = repository / "train.py"
    path.write_text(path.read_text().replace("GPUS = 8", "GPUS = 10"))
    done, outputs = _step("check.sh", repository)
    assert done.returncode == 1
    assert re.search(r"::error title=TM101 .*file=train\.py,line=", done.stdout)
    results = json.loads(Path(outputs["sarif"]).read_text())["runs"][0]["results"]
    assert "TM101" in {one["ruleId"] for one in results}


def test_a_plan_over_the_budget_fails_it(repository):
    assert _step("check.sh", repository, BUDGET="5000")[0].returncode == 0
    done, _ = _step("check.sh", repository, BUDGET="0.5")
    assert done.returncode == 1
    assert "TM901" in done.stdout


def test_the_comment_says_what_the_change_does(repository):
    path = repository / "train.py"
    path.write_text(path.read_text().replace("EPOCHS = 3", "EPOCHS = 1"))
    new = repository / "new.py"
    new.write_text(path.read_text())
    done, outputs = _step("comment.sh", repository, PLAN="train.py\nnew.py\n", BASE="HEAD")
    assert done.returncode == 0, done.stderr
    comment = Path(outputs["file"]).read_text()
    compared, planned = comment.split("### `tminus plan new.py`")
    assert re.search(r"\$[\d.]+ → \$[\d.]+", compared), comment
    assert "1 × 8 H100" in planned
    assert "### `tminus check`" in planned


def test_the_action_names_what_is_there():
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    named = set(re.findall(r"tools/action/(\w+\.sh)", (ROOT / "action.yml").read_text()))
    assert named == {path.name for path in STEPS.iterdir()}
    # Every input is used, and none that is used is missing.
    used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(action["runs"])))
    assert used == set(action["inputs"])
    # What comes from a pull request reaches a shell by its environment alone.
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
