"""Comments that silence findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.check import Safety, check, fix
from tminus.check.selection import Selection
from tminus.facts import Facts
from tminus.script import Script, Source

FACTS = Facts.bundled()
HEAD = 'import modal\napp = modal.App("a")\n'
ONLY = Selection(("TM0", "TM101", "TM203"))


def script_of(body: str) -> Script:
    return Script.parse(Source(Path("a.py"), HEAD + body))


def found(body: str) -> list[str]:
    return [one.code for one in check(script_of(body), FACTS, ONLY)]


def fixed(body: str) -> str:
    return fix(script_of(body), FACTS, selection=ONLY).after.text.removeprefix(HEAD)


@pytest.mark.parametrize(
    "body",
    [
        '@app.function(gpu="H100:9")  # tminus: ignore[TM101]\ndef f(): ...\n',
        '@app.function(gpu="H100:9")  # tminus: ignore[TM1] why\ndef f(): ...\n',
        '@app.function(gpu="H100:9")  # noqa: E501  # tminus: ignore[tm101]\ndef f(): ...\n',
        '# tminus: ignore[TM101] why\n@app.function(gpu="H100:9")\ndef f(): ...\n',
        '# tminus: ignore[TM101] why\n# more words\n@app.function(gpu="H100:9")\ndef f(): ...\n',
        '@app.function(\n    gpu="H100:9",  # tminus: ignore[TM101]\n)\ndef f(): ...\n',
        '@app.function(gpu="H100:9")\ndef f(): ...\n# tminus: ignore-file[TM101] why\n',
    ],
)
def test_a_comment_silences_its_rule(body: str) -> None:
    assert found(body) == []


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ('@app.function(gpu="H100:9")  # tminus: ignore[TM203]\ndef f(): ...\n', ["TM101", "TM001"]),
        ('@app.function(gpu="H100:9")  # tminus: ignore\ndef f(): ...\n', ["TM101", "TM002"]),
        ('@app.function(gpu="H100:9")  # tminus: ignore[]\ndef f(): ...\n', ["TM101", "TM002"]),
        ('@app.function(gpu="H100:9")  # tminus: ignore[TM999]\ndef f(): ...\n', ["TM101", "TM002"]),
        ('@app.function(gpu="H100:9")  # tminus: ingore[TM101]\ndef f(): ...\n', ["TM101", "TM002"]),
        ('@app.function(gpu="H100:9")  # tminus: ignore-file[TM101]\ndef f(): ...\n', ["TM101", "TM002"]),
        ('@app.function(gpu="H100:9")\ndef f(): ...  # tminus: ignore[TM101]\n', ["TM101", "TM001"]),
        ('X = "# tminus: ignore[TM101]"\n', []),
        ("# tminus: checks this file\n", []),
    ],
)
def test_a_comment_that_does_not_silences_nothing_and_is_found(body: str, codes: list[str]) -> None:
    assert found(body) == codes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("X = 1  # tminus: ignore[TM101] why\n", "X = 1\n"),
        ("# tminus: ignore-file[TM101]\nX = 1\n", "X = 1\n"),
        ("X = 1  # noqa # tminus: ignore[TM101]\n", "X = 1  # noqa\n"),
        (
            '@app.function(gpu="H100:9")  # tminus: ignore[TM203, TM101] why\ndef f(): ...\n',
            '@app.function(gpu="H100:9")  # tminus: ignore[TM101] why\ndef f(): ...\n',
        ),
    ],
)
def test_an_idle_comment_is_removed(before: str, after: str) -> None:
    assert fixed(before) == after


def test_the_fix_of_a_comment_without_codes_is_only_shown() -> None:
    body = '@app.function(gpu="H100:9")  # tminus: ignore\ndef f(): ...\n'
    (finding,) = [one for one in check(script_of(body), FACTS, ONLY) if one.code == "TM002"]
    assert finding.fix is not None
    assert finding.fix.safety is Safety.DISPLAY
    assert finding.fix.edits[0].replacement == "# tminus: ignore[TM101]"
    applied = fix(script_of(body), FACTS, tuple(Safety), ONLY).mended
    assert "TM002" not in [one.code for one in applied]


def test_a_silenced_finding_is_not_fixed() -> None:
    body = '@app.function(gpu="H100:9")  # tminus: ignore[TM101]\ndef f(): ...\n'
    assert fix(script_of(body), FACTS, tuple(Safety), ONLY).mended == ()
