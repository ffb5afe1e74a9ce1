"""Every format of findings, held against what reads it.

`schemas/sarif-2.1.0.json` is the schema of SARIF 2.1.0, as the npm package
`@microsoft/sarif-multitool-linux` 5.7.0 ships it (MIT).
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import fastjsonschema
import pytest

from tminus.check import Finding, Fix, Safety, Severity
from tminus.check.batch import check_file
from tminus.check.config import FORMATS
from tminus.check.places import Place
from tminus.check.task import Task
from tminus.report.findings_formats import rendered
from tminus.report.findings_outcome import Outcome
from tminus.report.style import Style
from tminus.script import Edit, Source, Span

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text())
VALID_SARIF = fastjsonschema.compile(SCHEMA)


def outcome_of(*paths: Path) -> Outcome:
    checked = [check_file(path, Task()) for path in paths]
    return Outcome(
        findings=[one for each in checked for one in each.findings],
        places=[one for each in checked for one in each.places],
        files=[each.path for each in checked],
        sources={each.path: each.source for each in checked if each.source is not None},
        root=ROOT,
    )


@pytest.fixture(scope="module")
def audit() -> Outcome:
    return outcome_of(ROOT / "examples/audit/train_h100x10.py")


@pytest.fixture
def odd(tmp_path: Path) -> Outcome:
    """Text that has a meaning in every format."""
    path = tmp_path / "a b,c:%.py"
    source = Source(path, "x = '|<b>`é😀'\n")
    span = Span(path, 1, 5, 1, 14)
    finding = Finding(
        "TM101", "gpu-count-over-limit", Severity.ERROR, span, "50 % of a|b <c>\n::error:: \x00\x1b",
        fix=Fix("Say *less*", (Edit(span, "1"),), Safety.SAFE), advice="do `this`",
    )  # fmt: skip
    places = [Place("TM101", path, "", "x")] * 2
    return Outcome([finding, finding], places, [path], {path: source}, tmp_path)


@pytest.mark.parametrize("how", FORMATS)
def test_every_format_renders_some_findings_and_none(how: str, audit: Outcome, odd: Outcome) -> None:
    for outcome in (audit, odd, Outcome([], [], [Path("a.py")], {}, ROOT), Outcome([], [], [], {}, ROOT)):
        rendered(outcome, how, Style(False))


@pytest.mark.parametrize("kind", ["bad", "good"])
def test_sarif_of_every_fixture_is_valid(kind: str) -> None:
    paths = sorted((ROOT / "tests/check").glob(f"TM*/{kind}/*.py"))
    document = json.loads(rendered(outcome_of(*paths), "sarif", Style(False)))
    VALID_SARIF(document)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_has_pages_fixes_and_fingerprints_that_differ(audit: Outcome) -> None:
    (run,) = json.loads(rendered(audit, "sarif", Style(False)))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert "## Why is this bad?" in rules["TM101"]["help"]["markdown"]
    assert rules["TM101"]["shortDescription"]["text"].startswith("Ask for no more GPUs")
    (over,) = [one for one in run["results"] if one["ruleId"] == "TM101"]
    location = over["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "examples/audit/train_h100x10.py"
    (change,) = over["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"]["text"] == '"H100:8"'
    prints = [one["partialFingerprints"]["tminus/v1"] for one in run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_says_which_files_were_not_checked(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")
    document = json.loads(rendered(outcome_of(broken), "sarif", Style(False)))
    VALID_SARIF(document)
    (run,) = document["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("TM000", "error")
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "invalid syntax" in invocation["toolExecutionNotifications"][0]["message"]["text"]


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"def f(:\n", "invalid syntax"),
        (b'x = "\xff"\n', "not UTF-8"),
        (b"# coding: nope\n", "nope"),
        (None, "No such"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_in_every_format(
    how: str, data: bytes | None, said: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    if data is not None:
        broken.write_bytes(data)
    text = rendered(outcome_of(broken), how, Style(False))
    assert "TM000" in text
    assert said in text
    assert "broken.py" in text


def test_odd_text_stays_valid_sarif_and_its_path_is_an_address(odd: Outcome) -> None:
    document = json.loads(rendered(odd, "sarif", Style(False)))
    VALID_SARIF(document)
    location = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "a%20b%2Cc%3A%25.py"


def test_github_commands_are_one_line_each_and_escaped(odd: Outcome, audit: Outcome) -> None:
    first, second = rendered(odd, "github", Style(False)).split("\n")
    assert first == second
    properties, _, message = first.removeprefix("::error ").partition("::")
    assert properties.endswith("a b%2Cc%3A%25.py,line=1,endLine=1,col=5,endColumn=13")
    assert message.startswith("50 %25 of a|b <c>%0A::error::")
    for line in rendered(audit, "github", Style(False)).split("\n"):
        assert line.startswith(("::error title=TM", "::warning title=TM", "::notice title=TM"))


def test_junit_is_xml_with_a_failure_a_finding_and_a_pass_for_a_clean_file(odd: Outcome) -> None:
    odd = Outcome(odd.findings, odd.places, [*odd.files, Path("clean.py")], odd.sources, odd.root)
    root = ElementTree.fromstring(rendered(odd, "junit", Style(False)))
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    first, clean = root.findall("testsuite")
    assert len(first.findall("testcase/failure")) == 2
    assert clean.get("name") == "clean.py"
    assert clean.findall("testcase/failure") == []


def test_markdown_has_a_row_a_finding_and_no_html_of_the_script(odd: Outcome) -> None:
    text = rendered(odd, "markdown", Style(False))
    rows = [line for line in text.splitlines() if line.startswith("| 1 |")]
    assert len(rows) == 2
    assert "a\\|b \\<c\\>" in rows[0]
    assert rows[0].replace("\\|", "").count("|") == 5


def test_no_format_shows_a_token(tmp_path: Path) -> None:
    token = "hf_" + "aB3dE5gH7jK9" * 3
    script = tmp_path / "token.py"
    script.write_text(f'import modal\napp = modal.App("x")\nTOKEN = "{token}"\n')
    outcome = outcome_of(script)
    assert "TM501" in [one.code for one in outcome.findings]
    for how in FORMATS:
        assert token not in rendered(outcome, how, Style(False))
