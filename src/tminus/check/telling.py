"""Code that tells of a failure and does nothing about it."""

from __future__ import annotations

import ast

from tminus.script.scopes import FunctionNode

_SILENT_CALLS = frozenset(
    {
        "print",
        "print_exc",
        "error",
        "warning",
        "exception",
        "info",
        "debug",
        "log",
        "format_exc",
        "write",
        "sleep",
    }
)


def only_tells(statement: ast.stmt) -> bool:
    """Whether a statement prints, logs or ends the function without a value, and nothing else."""
    match statement:
        case ast.Pass() | ast.Continue() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Return(value=None | ast.Constant(value=None | False)):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name in _SILENT_CALLS
    return False


def only_told(call: ast.Call, parents: dict[int, ast.AST]) -> bool:
    """Whether all that is done with the exit code of a command is to print it, or to print that it failed.

    Args:
        call: The call of ``subprocess`` that starts the command.
        parents: The parent of each node, by its identity.
    """
    target = parents.get(id(call))
    match target:
        case ast.Assign(targets=[ast.Name(id=variable)]):
            pass
        case _:
            return False
    function: ast.AST = target
    while id(function) in parents and not isinstance(function, FunctionNode):
        function = parents[id(function)]
    names = {variable} | _codes_of(variable, function)
    asked = False
    for node in ast.walk(function):
        if not (isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)):
            continue
        match parents.get(id(node)):
            case ast.Attribute(attr="returncode") as code:
                used: ast.AST = code
            case ast.Attribute(attr="wait" | "poll") as method:
                used = parents.get(id(method), method)
            case ast.Attribute():
                continue
            case _:
                used = node
        where = _told(used, parents)
        if where is None:
            return False
        asked |= where
    return asked


def _codes_of(variable: str, function: ast.AST) -> set[str]:
    """Variables that hold the exit code: ``code = process.wait()``, ``code = result.returncode``."""
    found = set()
    for node in ast.walk(function):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=code)],
                value=ast.Attribute(value=ast.Name(id=name), attr="returncode")
                | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="wait")),
            ) if name == variable:
                found.add(code)
    return found


def _told(node: ast.AST, parents: dict[int, ast.AST]) -> bool | None:
    """Whether a use of an exit code asks for it only to tell; None if something else is done with it."""
    parent = parents.get(id(node))
    match parent:
        case ast.FormattedValue():
            return False
        case ast.Expr():
            return False
        case ast.Assign(targets=[ast.Name()]):
            return False
        case ast.Call(func=ast.Name(id="print")):
            return False
        case ast.Compare() | ast.UnaryOp():
            return _told(parent, parents)
        case ast.If(test=test) if test is node:
            branches = [*parent.body, *parent.orelse]
            return True if all(map(only_tells, branches)) else None
    return None
