"""What the documents show is what the program prints, and nothing of it is left out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from consoles import Command, File, difference, parts_of, refilled, run

from tminus.check.batch import check_source
from tminus.check.config import FORMATS
from tminus.check.task import Task
from tminus.report.findings_formats import rendered
from tminus.report.findings_outcome import Outcome
from tminus.report.style import Style
from tminus.script import Source

ROOT = Path(__file__).parents[1]
CHECK = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["check.md", "facts.md", "launch.md", "library.md", "plan.md", "report.md", "tutorial.md"]
)
def test_every_command_prints_what_is_shown(name: str, tmp_path: Path) -> None:
    document = (ROOT / "docs" / name).read_text(encoding="utf-8")
    wrong: list[str] = []
    for part in parts_of(document):
        if isinstance(part, File):
            (tmp_path / part.name).write_text(part.content, encoding="utf-8")
            continue
        printed = zip(part, run(part, tmp_path), strict=True)
        wrong += [why for command, text in printed if (why := difference(command, text)) is not None]
    advice = f"python tests/consoles.py docs/{name} writes what is printed now"
    assert not wrong, "\n\n".join([*wrong, advice])


def test_a_document_is_refilled_but_where_it_holds(tmp_path: Path) -> None:
    holds = "```console\n$ seq 9\n1\n...\n9\n```"
    stale = "<!-- file: a.txt -->\n```text\nnew\n```\n```console\n$ cat a.txt\nold\n$ true\n```"
    assert refilled(f"{holds}\n{stale}\n", tmp_path) == f"{holds}\n{stale.replace('old', 'new')}\n"


def test_what_is_shown_is_compared_whole() -> None:
    shown = "first\n...\nlast […]\nend"
    assert difference(Command("x", shown), "first\nmany\nlines\nlast of these\nend\n") is None
    assert difference(Command("x", shown), "first\nlast of these\n") is not None
    assert difference(Command("x", "all"), "all\nand more\n") is not None
    assert difference(Command("x", "all"), "before\nall\n") is not None
    assert difference(Command("x", ""), "something\n") is not None
    assert difference(Command("x", ""), "") is None


def test_the_pages_of_the_rules_are_those_that_would_be_written() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "rule_pages.py"), "--check"],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"run scripts/rule_pages.py\n{done.stdout}{done.stderr}"


def test_every_flag_key_and_format_is_described() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tminus", "check", "--help"], capture_output=True, text=True, check=True
    )
    flags = set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"}
    missing = [flag for flag in sorted(flags) if not re.search(rf"{flag}\b", CHECK)]
    assert not missing
    for name in FORMATS:
        assert f"`{name}`" in CHECK
    assert "per-file-ignores" in CHECK


def test_the_keys_of_the_json_output_are_all_described() -> None:
    source = Source(
        ROOT / "x.py",
        'import modal\napp = modal.App("x")\n@app.function(gpu="H100:10", timeout=60)\ndef f(): ...\n',
    )
    checked = check_source(source, Task())
    outcome = Outcome(checked.findings, checked.places, [source.path], {source.path: source}, ROOT)
    document = json.loads(rendered(outcome, "json", Style(False)))
    table = CHECK.partition("### JSON")[2].partition("\n## ")[0]
    described = {name.lstrip(".").rpartition(".")[2] for name in re.findall(r"`([\w.\[\]]+)`", table)}
    described = {name.removesuffix("[]") for name in described}
    assert keys_of(document) <= described
    assert keys_of(document["findings"][0]["fix"]) >= {"title", "safety", "edits", "replacement"}


def keys_of(value: object) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(keys_of, value)) if value else set()
    if isinstance(value, dict):
        return set(value) | set().union(*map(keys_of, value.values()))
    return set()


def block_after(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", CHECK, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_commands_of_the_workflow_run(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text('import modal\napp = modal.App("x")\n', encoding="utf-8")
    commands = re.findall(r"- run: (tminus .+)", block_after("workflow"))
    assert len(commands) == 2
    printed = run([Command(line, "") for command in commands for line in (command, "echo $?")], tmp_path)
    assert printed[1::2] == ["0\n", "0\n"]
    assert json.loads((tmp_path / "tminus.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_the_hooks_of_pre_commit_exist() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    named = re.findall(r"tminus-check[\w-]*", block_after("pre-commit"))
    assert named
    for hook in named:
        assert re.search(rf"^- id: {hook}$", hooks, re.MULTILINE)


def test_what_is_installed_by_extras_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    extras = {
        extra
        for document in documents
        for given in re.findall(r"tminus\[([\w,]+)\]", document.read_text(encoding="utf-8"))
        for extra in given.split(",")
    }
    assert "lsp" in extras
    assert extras <= set(project["optional-dependencies"])
