"""What a script does with the exit code and the output of a command that it starts."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tminus.script.scopes import FunctionNode, Scope
from tminus.script.tree import walk
from tminus.script.values import Known, Value

_CHECKS = frozenset({"subprocess.check_call", "subprocess.check_output"})
_PIPE = "subprocess.PIPE"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a command.

    Attributes:
        checked: Whether its exit code is looked at, or raises; None where that cannot be told.
        captured: Whether its output is held back until it ends.
        returned: Whether it is the caller of the function that gets the exit code.
    """

    checked: bool | None
    captured: bool
    returned: bool = False


def outcome_of(node: ast.Call, name: str, scope: Scope, parents: dict[int, ast.AST]) -> Outcome:
    """The outcome of a call of ``subprocess``, ``os.system`` or the like."""
    if name.startswith("os.exec"):
        return Outcome(True, False)
    home = scope.home
    given: dict[str, Value] = home.keywords(node, scope) if home is not None else {}
    captured = _captured(node, name, given, parents)
    if name in _CHECKS or _true(given.get("check")):
        return Outcome(True, captured)
    if "**" in given or ("check" in given and not isinstance(given["check"], Known)):
        return Outcome(None, captured)
    checked, returned = _looked_at(node, name, parents)
    return Outcome(checked, captured, returned)


def _captured(node: ast.Call, name: str, given: dict[str, Value], parents: dict[int, ast.AST]) -> bool:
    if name in ("subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput"):
        return True
    piped = any(_is_pipe(keyword) for keyword in node.keywords if keyword.arg == "stdout")
    if name == "subprocess.run":
        return _true(given.get("capture_output")) or piped
    if name == "subprocess.Popen" and piped:
        bound = _bound_to(node, parents)
        if bound is None:
            return False
        variable, function = bound
        read = {
            one.attr
            for one in walk(function)
            if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == variable
        }
        return "communicate" in read and "stdout" not in read
    return False


def _is_pipe(keyword: ast.keyword) -> bool:
    value = keyword.value
    return (isinstance(value, ast.Attribute) and value.attr == "PIPE") or (
        isinstance(value, ast.Name) and value.id == "PIPE"
    )


def _looked_at(node: ast.Call, name: str, parents: dict[int, ast.AST]) -> tuple[bool | None, bool]:
    """Whether the result is looked at, and whether the function's caller is to do it."""
    parent = parents.get(id(node))
    if isinstance(parent, ast.Await):
        node, parent = parent, parents.get(id(parent))  # type: ignore[assignment]
    match parent:
        case ast.Expr():
            return False, False
        case ast.Return():
            return None, True
        case ast.Attribute(attr=attribute):
            return _attribute_used(parent, attribute, parents), False
        case ast.withitem(optional_vars=ast.Name(id=variable)):
            function = _enclosing(parent, parents)
            return _variable_used(variable, function, node, name, parents)
    bound = _bound_to(node, parents)
    if bound is None:
        return None, False
    return _variable_used(bound[0], bound[1], node, name, parents)


def _attribute_used(node: ast.Attribute, attribute: str, parents: dict[int, ast.AST]) -> bool | None:
    """Whether ``subprocess.run(...).returncode`` or ``Popen(...).wait()`` is used."""
    outer: ast.AST | None = parents.get(id(node))
    if isinstance(outer, ast.Call):
        if attribute in ("check_returncode", "raise_for_status"):
            return True
        if attribute not in ("wait", "poll"):
            return False if attribute in ("communicate", "read") else None
        outer = parents.get(id(outer))
    elif attribute != "returncode":
        return False
    return not isinstance(outer, ast.Expr)


def _variable_used(
    variable: str, function: ast.AST, node: ast.AST, name: str, parents: dict[int, ast.AST]
) -> tuple[bool | None, bool]:
    code_itself = name in ("os.system", "subprocess.call", "pty.spawn")
    unclear = False
    for one in walk(function):
        if not (isinstance(one, ast.Name) and one.id == variable and isinstance(one.ctx, ast.Load)):
            continue
        parent = parents.get(id(one))
        if code_itself:
            if isinstance(parent, ast.FormattedValue) or _is_printed(parent):
                continue
            return (None, True) if isinstance(parent, ast.Return) else (True, False)
        match parent:
            case ast.Attribute(attr="returncode"):
                outer = parents.get(id(parent))
                if isinstance(outer, ast.FormattedValue) or _is_printed(outer):
                    continue
                return True, False
            case ast.Attribute(attr="check_returncode"):
                return True, False
            case ast.Attribute(attr="wait" | "poll"):
                call = parents.get(id(parent))
                if not isinstance(parents.get(id(call)), ast.Expr):
                    return True, False
            case ast.Attribute():
                continue
            case ast.Return():
                return None, True
            case _:
                unclear = True
    return (None if unclear else False), False


def _is_printed(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _bound_to(node: ast.AST, parents: dict[int, ast.AST]) -> tuple[str, ast.AST] | None:
    """The variable that a call's result is assigned to, and the function in which it is."""
    parent = parents.get(id(node))
    match parent:
        case ast.Assign(targets=[ast.Name(id=variable)]) | ast.NamedExpr(target=ast.Name(id=variable)):
            return variable, _enclosing(parent, parents)
        case ast.withitem(optional_vars=ast.Name(id=variable)):
            return variable, _enclosing(parent, parents)
    return None


def _enclosing(node: ast.AST, parents: dict[int, ast.AST]) -> ast.AST:
    while id(node) in parents and not isinstance(node, FunctionNode):
        node = parents[id(node)]
    return node


def _true(value: Value | None) -> bool:
    return isinstance(value, Known) and value.value is True
