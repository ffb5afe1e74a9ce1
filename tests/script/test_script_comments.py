"""Comments are found as the tokenizer finds them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tminus.script import Source
from tminus.script.comments import _tokenized, comments

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # one\n# two\n",
        "x = '#no'  # yes\n",
        "x = '#no' + \"#no\"  # yes # and more\n",
        "x = f'#{y}#'  # yes\n",
        'def f():\n    """One\n    # no comment\n    """  # yes\n',
        "x = ('a'  # between\n     '#b')  # after\n",
        'x = ("""a\n#"""  # between\n     "b")\n',
        "x = b'#' # yes\r\ny = 2 # yes\r\n",
        "é = 'ä#ö'  # ü\n",
        "x = 'a\\\n#b'  # after\n",
        "no_comment = '#'\n",
    ],
)
def test_comments_of(text: str) -> None:
    source = Source(Path("x.py"), text)
    assert list(comments(source, ast.parse(text))) == list(_tokenized(source))


def test_comments_of_the_packages_own_files() -> None:
    for path in sorted((ROOT / "src" / "tminus" / "script").glob("*.py")):
        source = Source.read(path)
        assert list(comments(source, ast.parse(source.text))) == list(_tokenized(source)), path
