"""Operators, functions and methods that are computed while reading: pure and quick ones."""

from __future__ import annotations

import ast
import math
import operator
import shlex
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from tminus.lazy import pattern

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
}

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "len": len,
    "max": max,
    "min": min,
    "round": round,
    "abs": abs,
    "sum": sum,
    "list": list,
    "tuple": tuple,
    "sorted": sorted,
    "dict": dict,
    "math.ceil": math.ceil,
    "math.floor": math.floor,
    "pathlib.Path": PurePosixPath,
    "pathlib.PosixPath": PurePosixPath,
    "pathlib.PurePath": PurePosixPath,
    "pathlib.PurePosixPath": PurePosixPath,
    "os.path.join": lambda *parts: str(PurePosixPath(*parts)),
    "os.path.dirname": lambda path: str(PurePosixPath(path).parent),
    "os.path.basename": lambda path: PurePosixPath(path).name,
    "os.fspath": str,
    "shlex.split": shlex.split,
    "shlex.quote": shlex.quote,
    "shlex.join": shlex.join,
}

METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        {
            "lower", "upper", "strip", "lstrip", "rstrip", "split", "rsplit", "replace", "join", "format",
            "removeprefix", "removesuffix", "startswith", "endswith", "splitlines", "partition", "rpartition",
            "capitalize", "count", "title",
        }
    ),
    dict: frozenset({"get", "keys", "values", "items", "copy"}),
    list: frozenset({"copy", "index", "count"}),
    PurePosixPath: frozenset({"as_posix", "joinpath", "with_suffix", "with_name"}),
}  # fmt: skip

PATH_ATTRIBUTES = frozenset({"name", "stem", "suffix", "parent"})

# Long enough for any configuration; keeps `"x" * 10**9` from being computed.
MAX_SEQUENCE = 10_000

_WIDE = pattern(r"\d{5,}")

# Larger numbers are no setting, slow to print, and have no counterpart among floats.
_MAX_BITS = 1_000


def compute(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """The result of a binary operator.

    Raises:
        ValueError: It would be too large.
    """
    if function is operator.mul and not (isinstance(left, int | float) and isinstance(right, int | float)):
        length = len(left) if hasattr(left, "__len__") else len(right)
        count = right if isinstance(right, int) else left
        if length * count > MAX_SEQUENCE:
            raise ValueError("the value is too large to compute here")
    if function is operator.mod and isinstance(left, str):
        check_widths(left)
    return bounded(function(left, right))


def power(base: Any, exponent: Any) -> Any:
    """``base ** exponent`` for numbers of a sensible size.

    Raises:
        ValueError: It would be too large.
    """
    if not isinstance(exponent, int | float) or not isinstance(base, int | float):
        raise TypeError("only numbers have powers")
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > _MAX_BITS:
        raise ValueError("the value is too large to compute here")
    return base**exponent


def check_widths(template: str) -> None:
    """Look at a format before it is filled in.

    Raises:
        ValueError: A width or precision in it is too large.
    """
    if _WIDE.search(template):
        raise ValueError("the value is too large to compute here")


def bounded(value: Any) -> Any:
    """The value itself.

    Raises:
        ValueError: It is too large.
    """
    if hasattr(value, "__len__") and len(value) > MAX_SEQUENCE:
        raise ValueError("the value is too large to compute here")
    if beyond_numbers(value):
        raise ValueError("the value is too large to compute here")
    return value


def beyond_numbers(value: Any) -> bool:
    """Whether a number is so large that it is no setting: beyond all floats, infinite, or not a number."""
    if type(value) is int:
        return value.bit_length() > _MAX_BITS
    return type(value) is float and not math.isfinite(value)
