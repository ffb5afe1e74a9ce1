"""Partial evaluation against Python itself, and what must stay unknown."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.script import Known, Script, ScriptError, Source, Unknown, Value


def script(text: str) -> Script:
    return Script.parse(Source(Path("script.py"), text))


def value_of(text: str) -> Value:
    """What is read of x at the end of a text."""
    one = script(f"{text}\nx\n")
    last = one.tree.body[-1]
    assert isinstance(last, ast.Expr)
    return one.evaluate(last.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 60 * 60 * 6", 21600),
        ("N = 8\nx = f'H100:{N}'", "H100:8"),
        ("x = 'H100:' + str(2 * 5)", "H100:10"),
        ("H = 3600\nx = 24 * H", 86400),
        ("import math\nx = math.ceil(10 / 4)", 3),
        ("x = {'a': 1, **{'b': 2}}", {"a": 1, "b": 2}),
        ("x = [1, 2][-1]", 2),
        ("x = 1 if 2 > 1 else 3", 1),
        ("x = None or 'H100'", "H100"),
        ("a, b = 4, 5\nx = a * b", 20),
        ("x = max(1, 325 // 10)", 32),
    ],
)
def test_what_scripts_write_is_read(text: str, expected: object) -> None:
    value = value_of(text)
    assert isinstance(value, Known)
    assert value.value == expected


@pytest.mark.parametrize(
    "text",
    [
        "x = open('file').read()",
        "for x in range(3): pass",
        "x = y",
        "x = 1 / 0",
        "import os\nx = os.environ['X']",
        "x = x",
        "x = 'a' * 10**9",
        "x = __import__('os').system('true')",
    ],
)
def test_what_only_running_tells_stays_unknown(text: str) -> None:
    value = value_of(text)
    assert isinstance(value, Unknown)
    assert value.reason


def test_a_default_of_the_environment_is_known_and_marked() -> None:
    value = value_of("import os\nx = int(os.environ.get('GPUS', '10'))")
    assert isinstance(value, Known)
    assert (value.value, value.assumed) == (10, "the default of GPUS")


def test_a_value_knows_the_literal_that_defines_it() -> None:
    value = value_of("N = 10\nx = f'H100:{N}'")
    assert isinstance(value, Known)
    (leaf,) = [leaf for leaf in value.leaves if leaf.value == 10]
    assert (leaf.name, leaf.span.line, leaf.span.column, leaf.span.end_column) == ("N", 1, 5, 7)


_numbers = st.integers(-50, 50).map(str)
_expressions = st.recursive(
    _numbers,
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%", "/"]), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=12,
)


@given(_expressions)
def test_arithmetic_agrees_with_python(expression: str) -> None:
    value = value_of(f"x = {expression}")
    try:
        expected = eval(expression)
    except ZeroDivisionError:
        assert isinstance(value, Unknown)
    else:
        assert isinstance(value, Known)
        assert value.value == expected


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    refusal = ""
    try:
        functions = script(text).functions
    except ScriptError as error:
        refusal = str(error)
    else:
        assert functions == ()
    assert not refusal or "script.py" in refusal


@given(st.text("aé€😀\n\t# ='\"", max_size=40), st.integers(0, 10))
def test_spans_cut_out_exactly_what_the_parser_saw(noise: str, number: int) -> None:
    text = f"a = '''{noise.replace(chr(39), '')}'''; b = {number}\n".replace("\\", "")
    one = script(text)
    assignment = one.tree.body[-1]
    assert isinstance(assignment, ast.Assign)
    assert one.source.slice(one.source.span_of(assignment.value)) == str(number)
