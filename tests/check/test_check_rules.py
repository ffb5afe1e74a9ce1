"""Every rule against its fixtures: `bad` files are found, `good` ones are not, fixes mend."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from tminus.check import Safety, Severity, all_rules, check, fix
from tminus.facts import Facts
from tminus.script import Script

FIXTURES = Path(__file__).parent
FACTS = Facts.bundled()
CODES = [rule.code for rule in all_rules()]
EVERY_FIX = tuple(Safety)


def fixtures(kind: str) -> list[pytest.ParameterSet]:
    return [
        pytest.param(code, path, id=f"{code}-{path.stem}")
        for code in CODES
        for path in sorted((FIXTURES / code / kind).glob("*.py"))
    ]


def codes_found(path: Path) -> list[str]:
    return [finding.code for finding in check(Script.read(path), FACTS)]


@pytest.mark.parametrize("code", CODES)
def test_every_rule_has_fixtures_and_a_complete_page(code: str) -> None:
    assert list((FIXTURES / code / "bad").glob("*.py"))
    assert list((FIXTURES / code / "good").glob("*.py"))
    (rule,) = (rule for rule in all_rules() if rule.code == code)
    for heading in (
        "What it does",
        "Why is this bad?",
        "Example",
        "Use instead",
        "Fix safety",
        "Limit and source",
    ):
        assert f"## {heading}\n" in rule.page


@pytest.mark.parametrize(("code", "path"), fixtures("bad"))
def test_bad_fixture_is_found(code: str, path: Path) -> None:
    assert code in codes_found(path)


@pytest.mark.parametrize(("code", "path"), fixtures("good"))
def test_good_fixture_has_no_finding_of_its_rule_and_no_error_of_any(code: str, path: Path) -> None:
    findings = check(Script.read(path), FACTS)
    assert [finding for finding in findings if finding.code == code] == []
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []


@pytest.mark.parametrize(("code", "path"), fixtures("bad"))
def test_a_fix_removes_its_finding_and_keeps_the_rest_of_the_file(code: str, path: Path) -> None:
    findings = [one for one in check(Script.read(path), FACTS) if one.code == code]
    fixable = [one for one in findings if one.fix is not None]
    if not fixable:
        return
    fixed = fix(Script.read(path), FACTS, EVERY_FIX)
    ast.parse(fixed.after.text)
    left = [one.code for one in check(Script.parse(fixed.after), FACTS)]
    assert left.count(code) == len(findings) - len(fixable)
    again = fix(Script.parse(fixed.after), FACTS, EVERY_FIX)
    assert again.applied == ()
    assert again.after.text == fixed.after.text
    changed = [a != b for a, b in zip(fixed.before.lines, fixed.after.lines, strict=True)]
    edits = [edit for one in fixed.applied for edit in one.edits]
    assert 0 < sum(changed) <= sum(edit.span.end_line - edit.span.line + 1 for edit in edits)


def test_a_page_says_how_safe_the_fixes_are() -> None:
    pages = {rule.code: rule.page.partition("## Fix safety\n")[2].strip() for rule in all_rules()}
    for _, path in [parameters.values for parameters in fixtures("bad")]:
        for finding in check(Script.read(path), FACTS):
            if finding.fix is not None:
                said = pages[finding.code].lower()
                assert said.startswith(finding.fix.safety.value), (finding.code, said)


def test_a_fix_edits_the_constant_that_defines_the_count() -> None:
    fixed = fix(Script.read(FIXTURES / "TM101/bad/constant.py"), FACTS, EVERY_FIX)
    assert "COUNT = 8\n" in fixed.after.text
    assert 'gpu=f"h100!:{COUNT}", timeout=3600' in fixed.after.text


def test_a_positional_cluster_size_becomes_a_keyword() -> None:
    fixed = fix(Script.read(FIXTURES / "TM203/bad/positional.py"), FACTS)
    assert "@modal.clustered(size=NODES)" in fixed.after.text


def test_no_fix_where_the_old_decorator_has_arguments_that_the_new_one_refuses() -> None:
    path = FIXTURES / "TM203/bad/broadcast.py"
    assert fix(Script.read(path), FACTS, EVERY_FIX).applied == ()


def test_markdown_beside_the_script_is_read_only_if_it_names_it(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    shutil.copy(FIXTURES / "TM201/good/whole_hosts.py", script)
    words = tmp_path / "README.md"
    words.write_text("It runs on 12 GPUs.\n")
    assert "TM902" not in codes_found(script)
    words.write_text("`train.py` runs on 12 GPUs of two hosts.\n")
    (finding,) = (one for one in check(Script.read(script), FACTS) if one.code == "TM902")
    assert (finding.code, finding.span.path, finding.span.line, finding.span.column) == (
        "TM902",
        words,
        1,
        20,
    )


def test_folders_called_like_a_package_are_no_modules_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    script = tmp_path / "modal/train.py"
    for name in ("modal/train.py", "datasets/rows.py", "rows/load.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    image = 'modal.Image.debian_slim(python_version="3.12").pip_install("datasets==4.0.0")'
    script.write_text(
        "import modal\nimport datasets\nimport rows\n"
        f"app = modal.App()\n@app.function(image={image})\ndef train(): ...\n"
    )
    (finding,) = (one for one in check(Script.read(script), FACTS) if one.code == "TM604")
    assert finding.span.line == 3


def test_every_error_names_the_limit_its_source_and_its_date() -> None:
    errors = [
        finding
        for _, path in [parameters.values for parameters in fixtures("bad")]
        for finding in check(Script.read(path), FACTS)
        if finding.severity is Severity.ERROR
    ]
    assert errors
    for finding in errors:
        assert finding.source is not None
        assert finding.source.source.startswith("https://")
        assert finding.advice
