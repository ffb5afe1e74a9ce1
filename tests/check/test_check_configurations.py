"""Findings in a configuration file: shown by every format, known to a baseline, silenced by a comment."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tminus.check import check
from tminus.cli import main
from tminus.facts import Facts
from tminus.script import Script

FIXTURE = Path(__file__).parent / "TM106" / "bad"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script whose YAML asks for bfloat16 and FlashAttention on a T4, alone in the working folder."""
    for name in ("axolotl_on_t4.py", "axolotl_on_t4.yml"):
        shutil.copy(FIXTURE / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path / "axolotl_on_t4.py"


def found(script: Path) -> list[tuple[str, str, int, int, int]]:
    return [
        (one.code, one.span.path.name, one.span.line, one.span.column, one.span.end_column)
        for one in check(Script.read(script), Facts.bundled())
    ]


def test_a_finding_points_at_the_value_in_the_file(script: Path) -> None:
    assert found(script) == [
        ("TM106", "axolotl_on_t4.yml", 15, 7, 11),
        ("TM106", "axolotl_on_t4.yml", 16, 18, 22),
    ]


@pytest.mark.parametrize(
    ("how", "place"),
    [
        ("text", r"--> axolotl_on_t4\.yml:15:7\n *\|\n15 \| bf16: true\n *\|       \^\^\^\^\n"),
        ("concise", r"(?m)^axolotl_on_t4\.yml:15:7: TM106 "),
        ("github", r"file=axolotl_on_t4\.yml,line=15,endLine=15,col=7,"),
        ("junit", r'classname="axolotl_on_t4\.yml" line="15"'),
        ("markdown", r"### axolotl\\_on\\_t4\.yml\n(?s:.*)\| 15 \|.*`bf16: true`"),
    ],
)
def test_a_format_shows_the_file_and_its_line(
    script: Path, capsys: pytest.CaptureFixture[str], how: str, place: str
) -> None:
    assert main(["check", script.name, "--format", how]) == 1
    assert re.search(place, capsys.readouterr().out)


def test_json_and_sarif_name_the_file(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", script.name, "--format", "json"])
    (first, _) = json.loads(capsys.readouterr().out)["findings"]
    assert (first["path"], first["line"], first["column"]) == ("axolotl_on_t4.yml", 15, 7)
    main(["check", script.name, "--format", "sarif"])
    (result, _) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("axolotl_on_t4.yml")
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (15, 7)


def test_a_baseline_knows_the_place_in_the_file(script: Path) -> None:
    assert main(["check", script.name, "--write-baseline", "--baseline", "known.json"]) == 0
    assert main(["check", script.name, "--baseline", "known.json"]) == 0
    yaml = script.with_suffix(".yml")
    yaml.write_text("# moved down\n" + yaml.read_text())
    assert main(["check", script.name, "--baseline", "known.json"]) == 0
    yaml.write_text(yaml.read_text().replace("lora_r: 16", "max_steps: 40"))
    assert main(["check", script.name, "--baseline", "known.json", "--select", "TM405"]) == 1


def test_fixes_leave_the_file_alone(script: Path) -> None:
    before = script.with_suffix(".yml").read_bytes()
    main(["check", script.name, "--fix", "--unsafe-fixes"])
    assert script.with_suffix(".yml").read_bytes() == before


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("bf16: true  # tminus: ignore[TM106] emulated is good enough", [16]),
        ("# tminus: ignore[TM1]\nbf16: true", [17]),
        ("# tminus: ignore[TM405, tm106]\n# and why\nbf16: true", [18]),
        ("bf16: true  # tminus: ignore[TM405]", [15, 16]),
        ("bf16: true  # tminus: ignore", [15, 16]),
        ("bf16: true  # tminus: ignore[]", [15, 16]),
    ],
)
def test_a_comment_in_the_file_silences_its_line(script: Path, comment: str, left: list[int]) -> None:
    yaml = script.with_suffix(".yml")
    yaml.write_text(yaml.read_text().replace("bf16: true", comment))
    assert [line for _, _, line, _, _ in found(script)] == left
