"""Deciding between several definitions of a value, by the tests of the script."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tminus.script.alternatives import known_or_one_of, merged, one_of, under
from tminus.script.flow import Definition, Test
from tminus.script.scopes import Scope
from tminus.script.values import Alternative, Choice, Known, OneOf, Unknown, Value, possible

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator

ENVIRONMENT_READS = ("os.environ.get", "os.getenv", "environ.get")

_MAX_CONDITION = 60


class Parameter(ast.Name):
    """The value that a parameter has when its function is entered."""


def choose(
    evaluator: Evaluator,
    node: ast.expr,
    definitions: Sequence[Definition],
    scope: Scope,
    reason: str,
    within: Iterable[Test] = (),
) -> Value:
    """The value that one of several definitions gives, by the tests that decide between them."""
    first: Known | None = None
    rest: list[Alternative] = []
    complete, always_unread, by_assumption = True, False, False
    home = scope.home or evaluator
    here = tuple(Choice(*_words(home, test)) for test in within)
    for definition in definitions:
        choices, holds, assumed = _decided(home, definition.tests, scope)
        if holds is False or merged(choices, here) is None:
            continue
        value = _defined(evaluator, node, definition, scope)
        if isinstance(value, Unknown):
            complete = False if not possible(value) else complete and getattr(value, "complete", False)
            always_unread = always_unread or (not choices and not possible(value))
            rest += under(value, choices)
        elif not choices or holds:
            rest += [Alternative(value, choices)] if first is not None else []
            rest += list(value.others)
            by_assumption = by_assumption if first is not None else assumed is not None
            first = first or Known(value.value, value.span, value.leaves, value.assumed or assumed)
        else:
            rest += under(value, choices)
    if first is not None and not complete and (always_unread or not by_assumption):
        # Without a condition it is what the script says, but another way could not be read.
        rest = [Alternative(first), *rest] if rest else []
        return one_of(rest, False, evaluator.source.span_of(node), reason)
    return known_or_one_of(first, rest, complete, evaluator.source.span_of(node), reason)


def _decided(
    evaluator: Evaluator, tests: Iterable[Test], scope: Scope
) -> tuple[tuple[Choice, ...], bool | None, str | None]:
    """What is left to decide of some tests; whether they hold as far as is known; what that assumes."""
    left: list[Choice] = []
    assumed: str | None = None
    unread = False
    for test in tests:
        words, holds = _words(evaluator, test)
        value = evaluator.evaluate(test.node, scope) if isinstance(test.node, ast.expr) else None
        if not isinstance(value, Known):
            unread = True
            left.append(Choice(words, holds))
            continue
        agrees = bool(value.value) == test.holds
        if value.assumed is None and not value.others:
            if not agrees:
                return (), False, None
            continue
        left.append(Choice(words, holds))
        if not agrees:
            unread = True
        assumed = assumed or value.assumed or f"as far as can be read, {words}"
    choices = merged(left)
    if choices is None:
        return (), False, None
    return choices, (None if unread else True), assumed


def _defined(evaluator: Evaluator, node: ast.expr, definition: Definition, scope: Scope) -> Value:
    if definition.node is None:
        return evaluator.unknown(node, "it is not assigned as a value that can be read")
    if isinstance(definition.node, Parameter):
        return (scope.home or evaluator).parameter(definition.node, scope)
    value = evaluator.evaluate(definition.node, scope)
    if not definition.each:
        return value
    items = value.value if isinstance(value, Known) else None
    if isinstance(items, dict):
        items = list(items)
    if not isinstance(items, list | tuple) or not isinstance(value, Known) or not isinstance(node, ast.Name):
        return evaluator.unknown(node, f"{getattr(node, 'id', 'it')} is a loop's variable")
    leaves = {repr(leaf.value): leaf for leaf in value.leaves}
    rounds = []
    for item in items:
        leaf = leaves.get(repr(item))
        known = Known(item, evaluator.source.span_of(node), (leaf,) if leaf else (), value.assumed)
        rounds.append(Alternative(known, (Choice(f"{node.id} == {item!r}"),)))
    return one_of(rounds, True, evaluator.source.span_of(node), f"{node.id} is a loop's variable")


def boolean(
    evaluator: Evaluator, node: ast.expr, op: ast.boolop, values: list[ast.expr], scope: Scope
) -> Value:
    """The value of an ``and`` or ``or``; where an operand is unknown, that of each operand it can end at."""
    wanted = isinstance(op, ast.Or)
    first: Known | None = None
    rest: list[Alternative] = []
    way: tuple[Choice, ...] = ()
    complete, decided, assumed = True, False, None
    for index, item in enumerate(values):
        value = evaluator.evaluate(item, scope)
        text = text_of(evaluator, item)
        last = index == len(values) - 1
        if isinstance(value, Known) and not decided:
            if bool(value.value) == wanted or last:
                first = Known(value.value, value.span, value.leaves, value.assumed or assumed)
                decided = True
            else:
                assumed = assumed or value.assumed
        elif isinstance(value, Unknown):
            variable = _environment_variable(evaluator, item, scope)
            if wanted and variable is not None and not decided and not last:
                assumed = assumed or f"the default of {variable}"
                continue
            if not wanted and not decided and not possible(value):
                return evaluator.unknown(node, value.reason)
            # From here on it is not known at which operand it ends.
            decided = True
            complete = complete and isinstance(value, OneOf) and value.complete
        rest += [
            one
            for one in under(value, way)
            if (last or bool(one.value.value) == wanted) and (one.choices or first is None)
        ]
        if (
            isinstance(value, Known)
            and value.assumed is None
            and not value.others
            and bool(value.value) == wanted
        ):
            break
        if not last and (isinstance(value, Unknown) or value.assumed or value.others):
            way = (*way, Choice(text, not wanted))
    reason = "one of several values"
    return known_or_one_of(first, rest, complete, evaluator.source.span_of(node), reason)


def _environment_variable(evaluator: Evaluator, node: ast.expr, scope: Scope) -> str | None:
    """The variable that an expression reads from the environment without a default."""
    if (
        isinstance(node, ast.Call)
        and len(node.args) == 1
        and evaluator.dotted_name(node.func) in ENVIRONMENT_READS
    ):
        variable = evaluator.evaluate(node.args[0], scope)
        return str(variable.value) if isinstance(variable, Known) else "an environment variable"
    return None


def text_of(evaluator: Evaluator, node: ast.expr) -> str:
    """The text of an expression on one line, cut where it is long."""
    words = " ".join(evaluator.source.slice(evaluator.source.span_of(node)).split())
    return words if len(words) <= _MAX_CONDITION else f"{words[: _MAX_CONDITION - 1]}…"


def _words(evaluator: Evaluator, test: Test) -> tuple[str, bool]:
    node, holds = test.node, test.holds
    if isinstance(node, str):
        return node, holds
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node, holds = node.operand, not holds
    return text_of(evaluator, node), holds
