"""`tminus explain`."""

from __future__ import annotations

import json

import pytest

from tminus.check import all_rules
from tminus.check.catalogue import catalogue
from tminus.cli import main


def test_the_list_has_every_rule_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(catalogue())
    # Two rules about plans, and three about the tool's own work.
    assert len(lines) == len(all_rules()) + 5
    assert all(line.rstrip().endswith(".") for line in lines)


def test_json_has_the_page_and_how_safe_fixes_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "gpu-count-over-limit", "--format", "json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert page["code"] == "TM101"
    assert page["fix"].startswith("Unsafe")
    assert "## Limit and source" in page["page"]


@pytest.mark.parametrize("code", ["TM000", "TM001", "TM002"])
def test_rules_about_the_tools_own_work_have_complete_pages(code: str) -> None:
    page = catalogue()[code].page
    for heading in ("What it does", "Why is this bad?", "Example", "Use instead", "Fix safety"):
        assert f"## {heading}\n" in page


@pytest.mark.parametrize(("asked", "said"), [("TM1011", "TM101"), ("gpu-count-over-limits", "did you mean")])
def test_an_unknown_rule_exits_2_with_the_nearest(
    asked: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", asked]) == 2
    assert said in capsys.readouterr().err


def test_neither_code_nor_list_exits_2() -> None:
    assert main(["explain"]) == 2
    assert main(["explain", "TM101", "--list"]) == 2
