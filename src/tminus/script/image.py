"""Images as a script builds them: the call that each begins with, and the steps on top of it, in order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tminus.script.scopes import Scope
from tminus.script.source import Span
from tminus.script.values import Constructed, Known, Value, certain, possible

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator
    from tminus.script.script import Script

_FACTORIES = frozenset(
    {
        "debian_slim", "micromamba", "from_registry", "from_dockerfile", "from_gcp_artifact_registry",
        "from_aws_ecr", "from_scratch", "from_id", "from_name", "conda", "from_dockerhub",
    }
)  # fmt: skip

_PREFIX = "modal.Image."

_MAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class ImageStep:
    """One call of an image's chain: ``debian_slim(...)``, ``pip_install(...)``.

    Attributes:
        method: Name of the method.
        node: The call.
        scope: Scope that its arguments are read in.
    """

    method: str
    node: ast.Call
    scope: Scope

    @property
    def _home(self) -> Evaluator:
        assert self.scope.home is not None
        return self.scope.home

    def keyword(self, name: str) -> ast.expr | None:
        """The expression given for a keyword argument."""
        return next((keyword.value for keyword in self.node.keywords if keyword.arg == name), None)

    def argument(self, position: int, name: str) -> Value | None:
        """The value of an argument given by position or by name."""
        given = self.node.args[position] if len(self.node.args) > position else self.keyword(name)
        return self._home.evaluate(given, self.scope) if given is not None else None

    @property
    def span(self) -> Span:
        """The method's name and its arguments; the call begins where the whole chain does."""
        whole = self._home.source.span_of(self.node)
        name = self._home.source.span_of(self.node.func)
        return Span(
            whole.path, name.end_line, name.end_column - len(self.method), whole.end_line, whole.end_column
        )


@dataclass(frozen=True, slots=True)
class Image:
    """An image: the call it begins with, and its steps in order.

    Attributes:
        base: The factory call; None for an image that the client makes itself (no ``image=`` anywhere).
        steps: Steps on top of it.
        complete: Whether every step is known. Else some come from another file, a condition or a helper.
    """

    base: ImageStep | None
    steps: tuple[ImageStep, ...]
    complete: bool

    @property
    def whole_base(self) -> bool:
        """Whether the base holds Python and nothing else that could be imported."""
        return self.base is None or self.base.method == "debian_slim"

    @property
    def known(self) -> bool:
        """Whether all that the image holds comes from steps that are in sight."""
        return self.complete and self.whole_base


def image_steps(value: Value | Constructed | None) -> list[ImageStep]:
    """The steps of an image in order, its factory first; empty if it is no image that can be read."""
    made = value.value if isinstance(value, Known) else value
    steps: list[ImageStep] = []
    while isinstance(made, Constructed):
        if made.node is None or made.scope is None:
            return []
        steps.append(ImageStep(made.name.rpartition(".")[2], made.node, made.scope))
        if made.receiver is None:
            break
        made = made.receiver
    if not isinstance(made, Constructed) or not made.name.startswith(_PREFIX):
        return []
    return steps[::-1]


def read_image(script: Script, node: ast.expr, scope: Scope, line: int) -> Image | None:
    """The image that an expression makes, with what was assigned before ``line``; None if it is not one.

    Looks into functions and conditions of the script, too.
    """
    base, steps, complete, rest = _chain(script, node, scope, line)
    if base is None and rest is not None:
        inner, whole = _by_value(script, *rest)
        base, steps = (inner[0] if inner else None), (*inner[1:], *steps)
        complete &= whole
    return Image(base, steps, complete) if base is not None else None


def chain_of(
    script: Script, node: ast.expr, scope: Scope, line: int
) -> tuple[ImageStep | None, tuple[ImageStep, ...], bool]:
    """The chain of calls that an expression makes, through names assigned before ``line``.

    Returns:
        The image factory that it begins with (None where the beginning is not in sight), the calls on top of
        it in order, and whether all of them are certain to be made.
    """
    return _chain(script, node, scope, line)[:3]


def _chain(
    script: Script, node: ast.expr, scope: Scope, line: int
) -> tuple[ImageStep | None, tuple[ImageStep, ...], bool, tuple[ast.expr, Scope] | None]:
    """As `chain_of`, with the expression that the chain's beginning comes from, where it is none of these."""
    steps: list[ImageStep] = []
    complete = True
    for _ in range(_MAX_STEPS):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=method)):
                name = script.evaluator.dotted_name(node.func) or ""
                step = ImageStep(method, node, scope)
                if name.startswith(_PREFIX) and method in _FACTORIES:
                    return step, tuple(reversed(steps)), complete, None
                complete &= method != "pipe"
                steps.append(step)
                node = owner
            case ast.Name(id=name):
                found = scope.lookup(name)
                before = _last_before(found[1], line) if found is not None else None
                if found is None or before is None:
                    return None, tuple(reversed(steps)), complete, None
                scope, assigned = found
                complete &= len(assigned) == 1 or _straight(script, assigned)
                node, line = before, before.lineno
            case _:
                break
    return None, tuple(reversed(steps)), complete, (node, scope)


def _by_value(script: Script, node: ast.expr, scope: Scope) -> tuple[list[ImageStep], bool]:
    """The steps of an image that a function of the script or a condition gives; whether it is no other."""
    match node:
        case ast.Call(func=ast.Name(id=name)) if scope.definition(name) is not None:
            pass
        case ast.IfExp():
            pass
        case _:
            return [], False
    value = script.evaluate(node, scope)
    ways = possible(value)
    steps = image_steps(ways[0].value) if ways else []
    if any(step.scope.home is not script.evaluator for step in steps):
        return [], False
    return steps, certain(value) and len(ways) == 1 and ways[0].value.assumed is None


def is_factory(script: Script, node: ast.Call) -> bool:
    """Whether a call is one that an image begins with."""
    name = script.evaluator.dotted_name(node.func) or ""
    return name.startswith(_PREFIX) and name.rpartition(".")[2] in _FACTORIES


@lru_cache(maxsize=16)
def all_images(script: Script) -> tuple[Image, ...]:
    """The longest chain of every image that the script builds, in order of lines."""
    return tuple(_all_images(script)) if script.evaluator.imports_from("modal") else ()


def _all_images(script: Script) -> Iterator[Image]:
    links = [
        (node, scope)
        for node, scope in script.expressions()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    inner = {id(node.func.value) for node, _ in links if isinstance(node.func, ast.Attribute)}
    for node, scope in links:
        if id(node) not in inner:
            base, steps, complete = chain_of(script, node, scope, node.lineno)
            if base is not None:
                yield Image(base, steps, complete)


def _last_before(assigned: list[ast.expr | None], line: int) -> ast.expr | None:
    """What a variable holds at a line; None where a loop decides, or where it is what is being assigned."""
    if None in assigned:
        return None
    expressions = [expression for expression in assigned if expression is not None]
    before = [expression for expression in expressions if expression.lineno < line]
    if before:
        return before[-1]
    # In the body of a function that stands above the assignment, the last one counts when it runs. A variable
    # that is assigned in terms of itself came from somewhere else: an import, say.
    last = expressions[-1] if expressions else None
    if last is None or last.lineno <= line <= (last.end_lineno or last.lineno):
        return None
    return last


def _straight(script: Script, assigned: list[ast.expr | None]) -> bool:
    """Whether all assignments stand one after another in the module, under no condition."""
    unconditional = {
        id(statement.value)
        for statement in script.tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
    }
    return all(id(expression) in unconditional for expression in assigned)
