"""Putting several possible values together, without mixing those that exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any

from tminus.script.source import Span
from tminus.script.values import Alternative, Choice, Known, OneOf, Unknown, Value, certain, possible

# More possible values than this are not told apart: the value counts as unknown.
MAX_ALTERNATIVES = 16

FAILURES = (ArithmeticError, TypeError, ValueError, LookupError, AttributeError)


def merged(*choices: Iterable[Choice]) -> tuple[Choice, ...] | None:
    """All choices together, each once; None where two of them exclude each other."""
    together: dict[str, Choice] = {}
    for choice in (one for group in choices for one in group):
        if together.setdefault(choice.test, choice).holds != choice.holds:
            return None
    return tuple(together.values())


def one_of(alternatives: Sequence[Alternative], complete: bool, span: Span, reason: str) -> Value:
    """The value that is one of `alternatives`; equal ones are one, and a single one is simply known."""
    distinct: list[Alternative] = []
    for one in alternatives:
        if not any(_same(one.value.value, other.value.value) for other in distinct):
            distinct.append(one)
    if complete and len(distinct) == 1:
        return distinct[0].value
    if not distinct or len(distinct) > MAX_ALTERNATIVES:
        return Unknown(reason, span)
    return OneOf(reason, span, tuple(distinct), complete)


def known_or_one_of(
    first: Known | None, rest: Sequence[Alternative], complete: bool, span: Span, reason: str
) -> Value:
    """`first` with the others that can replace it; without a first one, one of the rest."""
    if first is None:
        return one_of(rest, complete, span, reason)
    others: list[Alternative] = []
    for one in rest:
        if not any(_same(one.value.value, other.value) for other in (first, *(o.value for o in others))):
            others.append(one)
    if len(others) > MAX_ALTERNATIVES:
        others = []
    return Known(first.value, first.span, first.leaves, first.assumed, tuple(others))


def combine(operands: Sequence[Value], make: Callable[[list[Any]], Any], span: Span) -> Value:
    """The value made from operands, for every combination of their values that can be.

    Raises:
        ArithmeticError, TypeError, ValueError, LookupError, AttributeError: Of `make`, where every operand
            has one value only.
    """
    for operand in operands:
        if isinstance(operand, Unknown) and not isinstance(operand, OneOf):
            return Unknown(operand.reason, span)
    first: Known | None = None
    known = [operand for operand in operands if isinstance(operand, Known)]
    if len(known) == len(operands):
        first = _made(known, make, span)
        if not any(operand.others for operand in known):
            return first
    reason = next((operand.reason for operand in operands if isinstance(operand, Unknown)), "")
    ways = [possible(operand) for operand in operands]
    count = 1
    for way in ways:
        count *= len(way)
    if count > 4 * MAX_ALTERNATIVES:
        return first if first is not None else Unknown(reason, span)
    complete = all(map(certain, operands))
    alternatives: list[Alternative] = []
    for combination in product(*ways):
        choices = merged(*(one.choices for one in combination))
        if choices is None:
            continue
        try:
            value = _made([one.value for one in combination], make, span)
        except FAILURES:
            complete = False
            continue
        alternatives.append(Alternative(value, choices))
    if first is not None:
        alternatives = [one for one in alternatives if one.choices]
    return known_or_one_of(first, alternatives, complete, span, reason)


def under(value: Value, choices: Iterable[Choice]) -> tuple[Alternative, ...]:
    """The possible values of an expression, each under further choices."""
    found = []
    for one in possible(value):
        together = merged(choices, one.choices)
        if together is not None:
            found.append(Alternative(one.value, together))
    return tuple(found)


def _made(parts: Sequence[Known], make: Callable[[list[Any]], Any], span: Span) -> Known:
    leaves = tuple(leaf for part in parts for leaf in part.leaves)
    assumed = next((part.assumed for part in parts if part.assumed), None)
    return Known(make([part.value for part in parts]), span, leaves, assumed)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
