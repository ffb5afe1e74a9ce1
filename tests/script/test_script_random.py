"""Reading against running: random expressions and programs, read by the evaluator and run by Python."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from random_programs import NAMES, expression, program

from tminus.script import Known, Script, ScriptError, Source, Unknown, certain, possible

DEFINED = (
    "from pathlib import Path\nONE, TWO = 1, 2\nNAME = 'L40S'\nLIST = [3, 1, 2]\n"
    "TABLE = {'a': 1, 'b': [4, 5]}\nNOTHING = None\nHERE = Path('/data')\n"
)
EXPRESSIONS, PROGRAMS = 300, 50

pytestmark = pytest.mark.filterwarnings("ignore::SyntaxWarning")


class _UnreadError(Exception):
    """Something inside a value is not simply known."""


def plain(value: object) -> Any:
    """A value without the wrapping of what a dict holds."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    if isinstance(value, Known | Unknown):
        if not certain(value) or len(possible(value)) != 1:
            raise _UnreadError
        return plain(possible(value)[0].value.value)
    return value


def shown(value: object) -> str:
    """The text of a value: paths by one name, and the views of a dict as the lists that they are read to."""
    if type(value).__name__.startswith("dict_"):
        value = list(value)  # type: ignore[call-overload]
    return repr(value).replace("PurePosixPath", "PosixPath")


def parsed(text: str) -> Script | None:
    try:
        compile(text, "", "exec")
        return Script.parse(Source(Path("script.py"), text))
    except (SyntaxError, ScriptError):
        return None


@pytest.mark.parametrize("batch", range(6))
def test_an_expression_is_what_python_makes_of_it_or_unknown(batch: int) -> None:
    known = 0
    for seed in range(batch * EXPRESSIONS, (batch + 1) * EXPRESSIONS):
        names = ["ONE", "TWO", "NAME", "LIST", "TABLE", "NOTHING", "HERE"]
        text = expression(Random(seed), names)
        script = parsed(f"{DEFINED}({text})\n")
        if script is None:
            continue
        scope: dict[str, Any] = {}
        exec(DEFINED, scope)
        try:
            expected = shown(eval(text, scope))
        except Exception:
            continue
        last = script.tree.body[-1]
        assert isinstance(last, ast.Expr)
        value = script.evaluate(last.value)
        with contextlib.suppress(_UnreadError):
            ways = [(shown(plain(one.value.value)), one.choices) for one in possible(value)]
            known += bool(ways)
            assert all(way == expected for way, choices in ways if not choices), (text, ways, expected)
            assert not certain(value) or expected in [way for way, _ in ways], (text, ways, expected)
    # Most expressions of such a mixture fail, or hold something that is not read.
    assert known > EXPRESSIONS // 8


def runs(text: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What a program leaves, for every answer to its questions; runs that fail are left out."""
    for one, two, fast in itertools.product((False, True), (False, True), ("", "1")):
        answers = (one, two)
        scope: dict[str, Any] = {"ask": lambda number, answers=answers: answers[number - 1], "__name__": "x"}
        monkeypatch.setenv("FAST", fast)
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                exec(compile(text, "", "exec"), scope)
            except Exception:
                continue
        yield scope


@pytest.mark.parametrize("batch", range(8))
def test_what_can_be_read_of_a_program_holds_every_value_that_it_has(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = 0
    for seed in range(batch * PROGRAMS, (batch + 1) * PROGRAMS):
        text = program(Random(seed))
        script = parsed(text + "".join(f"({name})\n" for name in NAMES))
        if script is None:
            continue
        ends = list(runs(text, monkeypatch))
        for name, last in zip(NAMES, script.tree.body[-len(NAMES) :], strict=True):
            assert isinstance(last, ast.Expr)
            value = script.evaluate(last.value)
            if not certain(value):
                continue
            with contextlib.suppress(_UnreadError):
                ways = [shown(plain(one.value.value)) for one in possible(value)]
                known += 1
                for end in ends:
                    assert name not in end or shown(end[name]) in ways, f"{seed}: {name} in\n{text}"
    assert known > PROGRAMS // 2
