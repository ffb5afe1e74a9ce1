"""Tokens in a text: found by their services' patterns, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.check.tokens import masked, tokens_in
from tminus.cli import main

BAD = Path(__file__).parent / "TM501" / "bad"


@pytest.mark.parametrize("path", sorted(BAD.glob("*.py")), ids=lambda path: path.stem)
@pytest.mark.parametrize("how", ["text", "concise", "json", "sarif", "github", "junit", "markdown"])
def test_no_report_shows_a_token(path: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = path.read_text()
    secrets = [text[token.start + 3 : token.end] for token in tokens_in(text)]
    assert secrets
    main(["check", str(path), "--format", how])
    printed = capsys.readouterr().out
    assert "TM501" in printed
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
