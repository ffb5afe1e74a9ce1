"""Which assignments of a name can be the ones that count at a place in the script."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tminus.script.scopes import CHANGING_METHODS, FunctionNode, Scope, bindings
from tminus.script.tree import children, walk

# More ways than this in which a name can have come to its value are not told apart.
_MAX_PATHS = 12

_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Import, ast.ImportFrom)

_EXITS = frozenset({"exit", "_exit", "abort", "skip"})


@dataclass(frozen=True, slots=True)
class Test:
    """A condition of the script on the way to an assignment: an expression, or words where it has none."""

    node: ast.expr | str
    holds: bool


Tests = tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """An assignment that can be the one that counts.

    Attributes:
        node: What is assigned; None if that is not an expression that could be read.
        each: Whether the name is in turn every element of `node`: a loop's variable.
        tests: What has to hold for it.
    """

    node: ast.expr | None
    each: bool = False
    tests: Tests = ()


@dataclass(frozen=True, slots=True)
class Reaching:
    """What a name can be at a place.

    Attributes:
        definitions: Assignments of the scope.
        initial: For each way on which none of them was made, the tests on that way.
        within: Tests that hold at the place itself.
    """

    definitions: tuple[Definition, ...]
    initial: tuple[Tests, ...]
    within: Tests = ()


class _TooManyError(Exception):
    """More paths than are told apart."""


def reaching(scope: Scope, name: str, at: ast.AST | None) -> Reaching:
    """The assignments of `name` in a scope that count at a node, or at the scope's end for None."""
    walk = _Walk(scope, name)
    position = (at.lineno, at.col_offset) if at is not None else None  # type: ignore[attr-defined]
    try:
        initial = walk.before(scope.statements, position, [()])
    except _TooManyError:
        return Reaching((Definition(None),), ())
    return Reaching(tuple(walk.found), tuple(initial), tuple(walk.within))


@lru_cache(maxsize=256)
def returns(function: FunctionNode) -> tuple[Definition, ...] | None:
    """What a function returns, with the tests on the way; None for a generator."""
    nodes = [node for node in walk(function) if isinstance(node, ast.Yield | ast.YieldFrom | ast.Await)]
    if nodes:
        return None
    found: list[Definition] = []
    try:
        ends = _returned(function.body, (), found)
    except _TooManyError:
        return None
    nothing = ast.copy_location(ast.Constant(None), function)
    return (*found, *(Definition(nothing, tests=tests) for tests in ends))


def _returned(body: Sequence[ast.stmt], tests: Tests, found: list[Definition]) -> list[Tests]:
    """Collect returns of a body; the ways on which it ends without one."""
    ways = [tests]
    for statement in body:
        if not ways:
            break
        if len(found) + len(ways) > _MAX_PATHS:
            raise _TooManyError
        match statement:
            case ast.Return(value=value):
                value = value or ast.copy_location(ast.Constant(None), statement)
                found += [Definition(value, tests=way) for way in ways]
                ways = []
            case ast.Raise():
                ways = []
            case ast.If(test=test, body=inner, orelse=orelse):
                onward: list[Tests] = []
                before = len(found)
                for way in ways:
                    onward += _returned(inner, (*way, Test(test, True)), found)
                    onward += _returned(orelse, (*way, Test(test, False)), found)
                if len(found) > before or len(onward) != 2 * len(ways):
                    ways = onward
            case ast.With(body=inner):
                ways = [end for way in ways for end in _returned(inner, way, found)]
            case ast.For() | ast.While() | ast.Try() | ast.Match() | ast.AsyncFor() | ast.AsyncWith():
                if any(isinstance(node, ast.Return) for node in walk(statement)):
                    found.append(Definition(None))
    return ways


def ends_here(body: Sequence[ast.stmt]) -> bool:
    """Whether control does not go on after a body: it returns, raises, leaves the loop or the process."""
    if not body:
        return False
    match body[-1]:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name in _EXITS
        case ast.If(body=inner, orelse=orelse):
            return ends_here(inner) and ends_here(orelse)
    return False


class _Walk:
    """Goes backwards through a scope from a place, collecting the definitions of one name."""

    def __init__(self, scope: Scope, name: str) -> None:
        self.scope = scope
        self.name = name
        self.found: list[Definition] = []
        self.within: list[Test] = []

    def before(
        self, body: Sequence[ast.stmt], position: tuple[int, int] | None, pending: list[Tests]
    ) -> list[Tests]:
        """Collect definitions in a body before a position; the ways on which there was none."""
        index = len(body)
        if position is not None:
            index = sum(1 for statement in body if _start(statement) <= position)
            if index and _holds(body[index - 1], position):
                index -= 1
                pending = self._inside(body[index], position, pending)
        return self._backwards(body[:index], pending)

    def _inside(self, statement: ast.stmt, position: tuple[int, int], pending: list[Tests]) -> list[Tests]:
        if isinstance(statement, FunctionNode | ast.ClassDef):
            return pending
        bodies: list[tuple[Sequence[ast.stmt], Test | None]] = []
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                bodies = [(body, Test(test, True)), (orelse, Test(test, False))]
            case ast.For() | ast.AsyncFor() | ast.While() | ast.With() | ast.AsyncWith():
                bodies = [(statement.body, None), (getattr(statement, "orelse", ()), None)]
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                bodies = [
                    (body, None),
                    *((one.body, None) for one in handlers),
                    (orelse, None),
                    (final, None),
                ]
            case ast.Match(cases=cases):
                bodies = [(case.body, None) for case in cases]
        for inner, condition in bodies:
            if not (inner and _start(inner[0]) <= position and _holds(inner[-1], position)):
                continue
            if condition is not None:
                self.within.append(condition)
            pending = self.before(inner, position, pending)
            return self._at_the_head(statement, inner, pending)
        return pending

    def _at_the_head(
        self, statement: ast.stmt, body: Sequence[ast.stmt], pending: list[Tests]
    ) -> list[Tests]:
        """What the head of a compound statement says to a place in one of its bodies."""
        if not pending or not self._binds(statement):
            return pending
        match statement:
            case ast.For(target=ast.Name(id=name), iter=iterated) if (
                name == self.name and body is statement.body
            ):
                self._add(Definition(iterated, each=True), pending)
                return []
            case ast.For() | ast.AsyncFor() | ast.While():
                # An earlier round may have bound it.
                self._add(Definition(None), pending)
            case ast.Try(body=tried) if body is not tried and any(map(self._binds, tried)):
                self._add(Definition(None), pending)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                if any(name == self.name for item in items for name, _ in bindings(item)):
                    self._add(Definition(None), pending)
                    return []
            case ast.If(test=test) if self._is_bound_by(test):
                self._add(Definition(None), pending)
                return []
            case ast.Match(cases=cases) if any(self._is_bound_by(case.pattern) for case in cases):
                self._add(Definition(None), pending)
                return []
        return pending

    def _backwards(self, body: Sequence[ast.stmt], pending: list[Tests]) -> list[Tests]:
        for statement in reversed(body):
            if not pending:
                break
            if not self._binds(statement):
                continue
            onward: list[Tests] = []
            for definition, tests in self._paths(statement):
                if definition is None:
                    onward += [(*tests, *way) for way in pending]
                else:
                    self._add(Definition(definition.node, definition.each, tests), pending)
            pending = onward
            if len(self.found) + len(pending) > _MAX_PATHS:
                raise _TooManyError
        return pending

    def _add(self, definition: Definition, pending: list[Tests]) -> None:
        for way in pending:
            self.found.append(Definition(definition.node, definition.each, (*definition.tests, *way)))

    def _is_bound_by(self, part: ast.AST) -> bool:
        """Whether a test or pattern itself binds the name, as ``:=`` and ``case name`` do."""
        return any(name == self.name for node in walk(part) for name, _ in bindings(node))

    def _binds(self, statement: ast.stmt) -> bool:
        return self.name in self.scope.binders.get(id(statement), ())

    def _paths(self, statement: ast.stmt) -> list[tuple[Definition | None, Tests]]:
        """The ways through a statement: the definition of the name on each, None where there is none."""
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                if self._is_bound_by(test):
                    return [(Definition(None), ())]
                return [
                    *self._through(body, (Test(test, True),)),
                    *self._through(orelse, (Test(test, False),)),
                ]
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                ways = self._through(body, ())
                if any(name == self.name for item in items for name, _ in bindings(item)):
                    return [(definition or Definition(None), tests) for definition, tests in ways]
                return ways
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                words = f"nothing is raised in line {statement.lineno}"
                ways = self._through([*body, *orelse, *final], (Test(words, True),))
                # Before something was raised, the name may have been bound.
                bound = any(map(self._binds, body[:-1])) or not isinstance(body[-1], _SIMPLE)
                for handler in handlers:
                    raised = self._through([*handler.body, *final], (Test(words, False),))
                    ways += raised
                    if bound:
                        ways += [(Definition(None), tests) for found, tests in raised if found is None]
                return ways
            case ast.Match(cases=cases):
                if any(self._is_bound_by(case.pattern) for case in cases):
                    return [(Definition(None), ()), (None, ())]
                ways = [(None, ())]
                for case in cases:
                    words = f"the match in line {statement.lineno} takes `case {ast.unparse(case.pattern)}`"
                    ways += self._through(case.body, (Test(words, True),))
                return ways
            case ast.For() | ast.AsyncFor() | ast.While():
                return [(Definition(None), ()), (None, ())]
        return [(Definition(_bound_by(statement, self.name)), ())]

    def _through(self, body: Sequence[ast.stmt], tests: Tests) -> list[tuple[Definition | None, Tests]]:
        if ends_here(body):
            return []
        inner = _Walk(self.scope, self.name)
        rest = inner._backwards(body, [()])
        return [
            *((Definition(one.node, one.each), (*tests, *one.tests)) for one in inner.found),
            *((None, (*tests, *way)) for way in rest),
        ]


def _bound_by(statement: ast.stmt, name: str) -> ast.expr | None:
    """What a simple statement gives a name; a change in place is an expression of the old value."""
    old = ast.copy_location(ast.Name(name, ast.Load()), statement)
    match statement:
        case ast.AugAssign(target=ast.Name(id=target), op=op, value=value) if target == name:
            return ast.copy_location(ast.BinOp(old, op, value), statement)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=target), slice=key)], value=value) if (
            target == name
        ):
            return ast.copy_location(ast.Dict([None, key], [old, value]), statement)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr=method)) as call) if (
            target == name and method in CHANGING_METHODS
        ):
            match method, call.args:
                case "append", [item]:
                    items = ast.copy_location(ast.List([item], ast.Load()), statement)
                    return ast.copy_location(ast.BinOp(old, ast.Add(), items), statement)
                case "extend", [items]:
                    return ast.copy_location(ast.BinOp(old, ast.Add(), items), statement)
                case "update", [items]:
                    return ast.copy_location(ast.Dict([None, None], [old, items]), statement)
            return None
    values = [value for node in _own_nodes(statement) for bound, value in bindings(node) if bound == name]
    return values[-1] if len(values) == 1 else None


def _own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, FunctionNode | ast.ClassDef | ast.Lambda):
            pending += children(node)


def _start(statement: ast.stmt) -> tuple[int, int]:
    decorators = getattr(statement, "decorator_list", ())
    first = decorators[0] if decorators else statement
    return (first.lineno, first.col_offset)


def _holds(statement: ast.stmt, position: tuple[int, int]) -> bool:
    end = (statement.end_lineno or statement.lineno, statement.end_col_offset or 0)
    return position < end
