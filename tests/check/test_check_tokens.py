"""Tokens in a text: found by their services' patterns, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.check import check
from tminus.check.tokens import masked, tokens_in
from tminus.facts import Facts
from tminus.report.findings_text import findings_text
from tminus.report.style import Style
from tminus.script import Script

BAD = Path(__file__).parent / "TM501" / "bad"


@pytest.mark.parametrize("path", sorted(BAD.glob("*.py")), ids=lambda path: path.stem)
def test_no_report_shows_a_token(path: Path) -> None:
    text = path.read_text()
    secrets = [text[token.start + 3 : token.end] for token in tokens_in(text)]
    assert secrets
    findings = check(Script.read(path), Facts.bundled())
    printed = findings_text(findings, 1, Style(False))
    for finding in findings:
        printed += finding.message + finding.advice
    assert not any(secret in printed for secret in secrets)


def test_masking_keeps_the_length_and_what_is_no_token() -> None:
    line = 'login("hf_' + "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi" + '")'
    assert masked(line) == 'login("hf_' + "*" * 34 + '")'
    assert masked("commit = 'hf_short'") == "commit = 'hf_short'"


@pytest.mark.parametrize(
    "text",
    [
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-your-key-goes-here-please-replace-me-1",
        "risk-adjusted-returns-of-a-portfolio-of-2-stocks-A",
        "AKIAIOSFODNN7EXAMPLE",
        'revision = "9f2c1d7e4b6a8035c1e2d3f4a5b6c7d8e9f0a1b2"',
    ],
)
def test_placeholders_and_slugs_are_no_tokens(text: str) -> None:
    assert list(tokens_in(text)) == []
