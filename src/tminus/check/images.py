"""The image that each function runs in: its base and its build steps, read in order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tminus.check.decorators import argument_node
from tminus.check.dicts import read_entries
from tminus.script import Known, ModalFunction, Script, Span, Value
from tminus.script.scopes import Scope

_FACTORIES = frozenset(
    {
        "debian_slim", "micromamba", "from_registry", "from_dockerfile", "from_gcp_artifact_registry",
        "from_aws_ecr", "from_scratch", "from_id", "from_name", "conda", "from_dockerhub",
    }
)  # fmt: skip

_MAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One call of an image's chain: ``debian_slim(...)``, ``pip_install(...)``.

    Attributes:
        method: Name of the method.
        node: The call.
        scope: Scope that its arguments are read in.
    """

    method: str
    node: ast.Call
    scope: Scope

    def keyword(self, name: str) -> ast.expr | None:
        """The expression given for a keyword argument."""
        return next((keyword.value for keyword in self.node.keywords if keyword.arg == name), None)


@dataclass(frozen=True, slots=True)
class Image:
    """An image: the call it begins with, and its steps in order.

    Attributes:
        base: The factory call; None for an image that the client makes itself (no ``image=`` anywhere).
        steps: Steps on top of it.
        complete: Whether every step is known. Else some come from another file, a condition or a helper.
    """

    base: Step | None
    steps: tuple[Step, ...]
    complete: bool

    @property
    def whole_base(self) -> bool:
        """Whether the base holds Python and nothing else that could be imported."""
        return self.base is None or self.base.method == "debian_slim"

    @property
    def known(self) -> bool:
        """Whether all that the image holds comes from steps that are in sight."""
        return self.complete and self.whole_base


def image_of(script: Script, function: ModalFunction) -> Image | None:
    """The image of a function, its own or the app's; None where it cannot be read."""
    given, certain = argument_node(script, function, "image")
    if given is None:
        return Image(None, (), True) if certain else None
    if isinstance(given, ast.Constant) and given.value is None:
        return Image(None, (), True)
    return read_image(script, given, function.scope, given.lineno)


def read_image(script: Script, node: ast.expr, scope: Scope, line: int) -> Image | None:
    """The image that an expression makes, with what was assigned before ``line``; None if it is not one."""
    base, steps, complete = chain_of(script, node, scope, line)
    return Image(base, steps, complete) if base is not None else None


def chain_of(
    script: Script, node: ast.expr, scope: Scope, line: int
) -> tuple[Step | None, tuple[Step, ...], bool]:
    """The chain of calls that an expression makes, through names assigned before ``line``.

    Returns:
        The image factory that it begins with (None where the beginning is not in sight), the calls on top of
        it in order, and whether all of them are certain to be made.
    """
    steps: list[Step] = []
    base: Step | None = None
    complete = True
    for _ in range(_MAX_STEPS):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=method)):
                name = script.evaluator.dotted_name(node.func) or ""
                step = Step(method, node, scope)
                if name.startswith("modal.Image.") and method in _FACTORIES:
                    base = step
                    break
                complete &= method != "pipe"
                steps.append(step)
                node = owner
            case ast.Name(id=name):
                found = scope.lookup(name)
                before = _last_before(found[1], line) if found is not None else None
                if found is None or before is None:
                    break
                scope, assigned = found
                complete &= len(assigned) == 1 or _straight(script, assigned)
                node, line = before, before.lineno
            case _:
                break
    return base, tuple(reversed(steps)), complete


def all_images(script: Script) -> Iterator[Image]:
    """The longest chain of every image that the script builds, in order of lines."""
    links = [
        (node, scope)
        for node, scope in script.expressions()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    inner = {id(node.func.value) for node, _ in links if isinstance(node.func, ast.Attribute)}
    for node, scope in links:
        if id(node) in inner:
            continue
        image = read_image(script, node, scope, node.lineno)
        if image is not None:
            yield image


def step_span(script: Script, step: Step) -> Span:
    """The span of a step's own name and arguments; the call's begins where the whole chain does."""
    whole = script.source.span_of(step.node)
    name = script.source.span_of(step.node.func)
    start = name.end_column - len(step.method)
    return Span(whole.path, name.end_line, start, whole.end_line, whole.end_column)


def strings_of(script: Script, node: ast.expr, scope: Scope) -> Iterator[tuple[str, ast.expr] | None]:
    """Every string of an argument: a string, a list of such, an unpacked list. None where one is unread."""
    match node:
        case ast.Starred(value=inner):
            yield from strings_of(script, inner, scope)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            for item in items:
                yield from strings_of(script, item, scope)
        case _:
            value = script.evaluate(node, scope)
            yield from _texts(value, node)


def _texts(value: Value, node: ast.expr) -> Iterator[tuple[str, ast.expr] | None]:
    if not isinstance(value, Known):
        yield None
        return
    for text in value.value if isinstance(value.value, list | tuple) else [value.value]:
        yield (text, node) if isinstance(text, str) else None


def environment_of(script: Script, image: Image) -> tuple[dict[str, tuple[Value, ast.expr]], bool]:
    """What ``.env`` steps set, later ones last, and whether every name is in sight."""
    variables: dict[str, tuple[Value, ast.expr]] = {}
    whole = image.complete
    for step in image.steps:
        if step.method == "env":
            given = step.node.args[0] if step.node.args else step.keyword("vars")
            whole &= given is not None and read_entries(script, given, step.scope, variables)
    return variables, whole


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
