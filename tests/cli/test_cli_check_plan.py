"""`tminus check --plan`: the plan's findings beside the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tminus.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "finetune_llama.py"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "finetune.py"
    path.write_text(EXAMPLE.read_text())
    monkeypatch.chdir(tmp_path)
    return path


def codes(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    main(["check", "--format", "json", *arguments])
    return [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]]


def test_a_plan_is_only_made_when_it_is_asked_for(capsys: pytest.CaptureFixture[str], script: Path) -> None:
    assert codes(capsys, "--budget-usd", "1", str(script)) == []
    assert codes(capsys, "--plan", str(script)) == []
    assert codes(capsys, "--plan", "--budget-usd", "1", str(script)) == ["TM901"]
    assert codes(capsys, "--plan", "--budget-usd", "1000", str(script)) == []


def test_the_budget_can_stand_in_the_configuration(capsys: pytest.CaptureFixture[str], script: Path) -> None:
    config = script.parent / "pyproject.toml"
    config.write_text("[tool.tminus]\nplan = true\nbudget-usd = 1.5\n")
    assert codes(capsys, str(script)) == ["TM901"]
    assert codes(capsys, "--budget-usd", "1000", str(script)) == []
    assert codes(capsys, "--ignore", "TM901", str(script)) == []


def test_a_budget_that_is_none_exits_2(capsys: pytest.CaptureFixture[str], script: Path) -> None:
    (script.parent / "pyproject.toml").write_text('[tool.tminus]\nbudget-usd = "much"\n')
    assert main(["check", str(script)]) == 2
    assert "budget-usd: a number of US dollars above 0 is expected" in capsys.readouterr().err
    (script.parent / "pyproject.toml").unlink()
    with pytest.raises(SystemExit) as stopped:
        main(["check", "--budget-usd", "-5", str(script)])
    assert stopped.value.code == 2


def test_a_comment_can_silence_a_plans_finding(capsys: pytest.CaptureFixture[str], script: Path) -> None:
    line = '    gpu=f"H100:{GPUS}",'
    script.write_text(script.read_text().replace(line, f"{line}  # tminus: ignore[TM901]"))
    assert codes(capsys, "--plan", "--budget-usd", "1", str(script)) == []
    # Without a plan nobody can say that the comment has nothing to silence.
    assert codes(capsys, str(script)) == []
