"""The command that starts a rule."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tminus.check import rule as registry

SCRIPT = Path(__file__).parents[2] / "scripts" / "add_rule.py"


def add_rule(*arguments: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments, "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_new_module_registers_a_rule_with_a_complete_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = add_rule("tm998", "two-words", "--severity", "error", root=tmp_path)
    assert done.returncode == 0, done.stderr
    module = tmp_path / "src/tminus/check/rules/tm998_two_words.py"
    monkeypatch.setattr(registry, "_rules", dict(registry._rules))
    spec = importlib.util.spec_from_file_location("tm998_two_words", module)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    rule = registry._rules["TM998"]
    assert (rule.name, rule.severity) == ("two-words", "error")
    for heading in ("What it does", "Why is this bad?", "Example", "Use instead", "Fix safety"):
        assert f"## {heading}\n" in rule.page
    for kind in ("bad", "good"):
        (fixture,) = (tmp_path / "tests/check/TM998" / kind).glob("*.py")
        compile(fixture.read_text(), str(fixture), "exec")
    lint = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "110", str(module)],
        check=False,
    )
    assert lint.returncode == 0


@pytest.mark.parametrize("arguments", [("TM1", "name"), ("TM998", "Two Words")])
def test_what_is_no_code_or_name_is_refused(tmp_path: Path, arguments: tuple[str, str]) -> None:
    assert add_rule(*arguments, root=tmp_path).returncode == 2
    assert not (tmp_path / "src").exists()


def test_a_code_is_given_once(tmp_path: Path) -> None:
    add_rule("TM998", "one", root=tmp_path)
    done = add_rule("TM998", "other", root=tmp_path)
    assert done.returncode == 2
    assert "there is a rule TM998" in done.stderr
