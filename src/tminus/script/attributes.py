"""Reading attributes of the script's own classes and objects, and calls of its own functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tminus.script.flow import returns
from tminus.script.objects import ClassObject, FunctionObject, Instance, Partial
from tminus.script.operators import PATH_ATTRIBUTES
from tminus.script.scopes import FunctionNode, Scope, call_scope, function_scope
from tminus.script.tree import walk
from tminus.script.values import Known, Value

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator

_FIELD_MAKERS = (
    "dataclasses.field",
    "pydantic.Field",
    "pydantic.dataclasses.Field",
    "attrs.field",
    "attr.ib",
)

# Decorators under which a function still returns what its body returns.
_TRANSPARENT = frozenset(
    {
        "staticmethod",
        "classmethod",
        "property",
        "functools.cache",
        "functools.lru_cache",
        "functools.cached_property",
    }
)

_MAX_BASES = 8


def attribute_of(evaluator: Evaluator, node: ast.Attribute, scope: Scope) -> Value:
    """The value of an attribute: of a module beside the script, a class, an instance or a path."""
    if (
        isinstance(node.value, ast.Name)
        and {f"{node.value.id}.{node.attr}", f"{node.value.id}."} & evaluator.set_attributes(scope)
        and not _is_self(node.value.id, scope)
    ):
        return evaluator.unknown(node, f"{node.value.id}.{node.attr} is set while the script runs")
    dotted = evaluator.imported(node)
    if dotted is not None and _root_is_free(node, scope):
        value = evaluator.from_module(node, dotted)
        if isinstance(value, Known) or not isinstance(node.value, ast.Attribute):
            return value
    own_class = _class_of_self(node.value, scope)
    owner = evaluator.evaluate(node.value, scope)
    if own_class is not None and not (isinstance(owner, Known) and isinstance(owner.value, Instance)):
        return _attribute(evaluator, node, Instance(own_class), scope)
    if not isinstance(owner, Known):
        return evaluator.unknown(node, owner.reason)
    value = _attribute(evaluator, node, owner.value, scope)
    if isinstance(value, Known) and owner.assumed and not value.assumed:
        return replace(value, assumed=owner.assumed)
    return value


def _attribute(evaluator: Evaluator, node: ast.Attribute, owner: object, scope: Scope) -> Value:
    match owner:
        case ClassObject():
            return _class_attribute(evaluator, node, owner, scope)
        case Instance():
            return _instance_attribute(evaluator, node, owner, scope)
        case PurePosixPath() if node.attr in PATH_ATTRIBUTES:
            return evaluator.combine(
                node, [evaluator.evaluate(node.value, scope)], lambda one: getattr(one[0], node.attr)
            )
        case str() | int() | float() if node.attr == "value" and isinstance(node.value, ast.Attribute):
            # The value of an enumeration's member.
            return evaluator.evaluate(node.value, scope)
    return evaluator.unknown(node, f"the attribute {node.attr} is not read")


def _class_attribute(evaluator: Evaluator, node: ast.Attribute, cls: ClassObject, scope: Scope) -> Value:
    for one in _with_bases(evaluator, cls):
        method = one.method(node.attr)
        if method is not None:
            return _method(evaluator, node, one, method, scope)
        inner = one.inner.definitions.get(node.attr)
        if isinstance(inner, ast.ClassDef):
            return Known(ClassObject.of(inner, one.inner), evaluator.source.span_of(node))
        if node.attr in one.inner.assigned:
            name = ast.copy_location(ast.Name(node.attr, ast.Load()), one.node)
            name.lineno = name.end_lineno = (one.node.end_lineno or one.node.lineno) + 1
            value = evaluator.evaluate(name, one.inner)
            assigned = one.inner.assigned[node.attr]
            if len(assigned) == 1 and isinstance(assigned[0], ast.Call):
                made = _field_default(evaluator, assigned[0], one.inner)
                return evaluator.named(node.attr, node, made) if made is not None else value
            return evaluator.named(node.attr, node, value)
    return evaluator.unknown(node, f"{cls.node.name}.{node.attr} has no value that can be read")


def _method(
    evaluator: Evaluator, node: ast.Attribute, cls: ClassObject, method: FunctionNode, scope: Scope
) -> Value:
    names = [evaluator.dotted_name(one) for one in method.decorator_list]
    if "property" in names or "functools.cached_property" in names:
        read = ast.copy_location(ast.Call(node, [], []), node)
        inside = call_scope(method, cls.scope, read, scope, 1)
        if method.args.args:
            inside.bound[method.args.args[0].arg] = (node.value, scope)
        return _returned(evaluator, node, method, inside)
    skip = 0 if "staticmethod" in names else 1
    return Known(FunctionObject(method, cls.scope, skip), evaluator.source.span_of(node))


def _instance_attribute(evaluator: Evaluator, node: ast.Attribute, owner: Instance, scope: Scope) -> Value:
    if node.attr in owner.given:
        expression, caller = owner.given[node.attr]
        return evaluator.named(node.attr, node, evaluator.evaluate(expression, caller))
    for one in _with_bases(evaluator, owner.cls):
        settings = _set_on_self(one, node.attr)
        if not settings:
            continue
        if len(settings) != 1 or node.attr in one.inner.assigned:
            return evaluator.unknown(node, f"{node.attr} is set in several places")
        method, assigned = settings[0]
        if assigned is None:
            return evaluator.unknown(node, f"{node.attr} changes while the script runs")
        inside = owner.init if owner.init is not None and owner.init.node is method else None
        return evaluator.evaluate(assigned, inside or function_scope(method, one.scope))
    if not owner.whole:
        return evaluator.unknown(node, f"the arguments of {owner.cls.node.name} cannot all be read")
    return _class_attribute(evaluator, node, owner.cls, scope)


def _set_on_self(cls: ClassObject, attribute: str) -> list[tuple[FunctionNode, ast.expr | None]]:
    return _settings(cls.node).get(attribute, [])


@lru_cache(maxsize=256)
def _settings(cls: ast.ClassDef) -> dict[str, list[tuple[FunctionNode, ast.expr | None]]]:
    """What the methods of a class assign to attributes of ``self``; None where it is no plain value."""
    found: dict[str, list[tuple[FunctionNode, ast.expr | None]]] = {}
    for method in cls.body:
        if not isinstance(method, FunctionNode) or not method.args.args:
            continue
        own = method.args.args[0].arg
        for node in walk(method):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                match target:
                    case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name == own:
                        plain = isinstance(node, ast.Assign | ast.AnnAssign)
                        value = node.value if plain else None  # type: ignore[attr-defined]
                        found.setdefault(attribute, []).append((method, value))
    return found


def _with_bases(evaluator: Evaluator, cls: ClassObject) -> Iterator[ClassObject]:
    pending = [cls]
    for _ in range(_MAX_BASES):
        if not pending:
            return
        one = pending.pop(0)
        yield one
        for base in one.node.bases:
            value = evaluator.evaluate(base, one.scope)
            if isinstance(value, Known) and isinstance(value.value, ClassObject):
                pending.append(value.value)


def _field_default(evaluator: Evaluator, call: ast.Call, scope: Scope) -> Value | None:
    home = scope.home or evaluator
    if home.dotted_name(call.func) not in _FIELD_MAKERS:
        return None
    for keyword in call.keywords:
        if keyword.arg == "default":
            return evaluator.evaluate(keyword.value, scope)
        if keyword.arg == "default_factory" and isinstance(keyword.value, ast.Lambda):
            return evaluator.evaluate(keyword.value.body, scope)
    if call.args and not (isinstance(call.args[0], ast.Constant) and call.args[0].value is ...):
        return evaluator.evaluate(call.args[0], scope)
    return home.unknown(call, "the field has no default that can be read")


def _makes_partial(evaluator: Evaluator, node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and bool(node.args)
        and evaluator.dotted_name(node.func) == "functools.partial"
    )


def call_of_own(evaluator: Evaluator, node: ast.Call, scope: Scope) -> Value | None:
    """The value of calling a function or class of the project; None where another thing is called."""
    if _makes_partial(evaluator, node):
        return Known(Partial(node, scope), evaluator.source.span_of(node))
    if evaluator.calls_a_library(node.func) or not (
        isinstance(node.func, ast.Name | ast.Attribute) or _makes_partial(evaluator, node.func)
    ):
        return None
    callee = evaluator.evaluate(node.func, scope)
    if not isinstance(callee, Known):
        return None
    match callee.value:
        case FunctionObject(node=function, scope=parent, skip=skip):
            home = parent.home or evaluator
            if any(home.dotted_name(one) not in _TRANSPARENT for one in function.decorator_list):
                return evaluator.unknown(node, f"{function.name} is decorated")
            inside = call_scope(function, parent, node, scope, skip)
            if skip and isinstance(node.func, ast.Attribute) and function.args.args:
                inside.bound[function.args.args[0].arg] = (node.func.value, scope)
            return _returned(evaluator, node, function, inside)
        case ClassObject():
            return Known(_instance(evaluator, node, callee.value, scope), evaluator.source.span_of(node))
        case Partial():
            return evaluator.evaluate(callee.value.completed(node), scope)
    return None


def _returned(evaluator: Evaluator, node: ast.expr, function: FunctionNode, scope: Scope) -> Value:
    if isinstance(function, ast.AsyncFunctionDef):
        return evaluator.unknown(node, f"{function.name} is asynchronous")
    definitions = returns(function)
    if definitions is None:
        return evaluator.unknown(node, f"what {function.name} returns is not read")
    return evaluator.choose(node, definitions, scope, f"what {function.name} returns depends on the run")


def _instance(evaluator: Evaluator, call: ast.Call, cls: ClassObject, scope: Scope) -> Instance:
    whole = not any(isinstance(one, ast.Starred) for one in call.args)
    whole = whole and all(one.arg is not None for one in call.keywords)
    init = next(
        (one.method("__init__") for one in _with_bases(evaluator, cls) if one.method("__init__")), None
    )
    if init is not None:
        return Instance(cls, {}, call_scope(init, cls.scope, call, scope, 1), whole)
    fields = [name for one in reversed(list(_with_bases(evaluator, cls))) for name in one.fields()]
    given = dict(zip(dict.fromkeys(fields), ((one, scope) for one in call.args), strict=False))
    given |= {keyword.arg: (keyword.value, scope) for keyword in call.keywords if keyword.arg is not None}
    return Instance(cls, given, None, whole)


def defaults_of_annotation(evaluator: Evaluator, node: ast.Name, owner: Scope) -> Value | None:
    """A parameter annotated with a class of fields (a dataclass, a pydantic model): one with its defaults.

    None for any other parameter.
    """
    if not isinstance(owner.node, FunctionNode):
        return None
    arguments = owner.node.args
    for parameter in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if parameter.arg == node.id and isinstance(parameter.annotation, ast.Name):
            value = evaluator.evaluate(parameter.annotation, owner.parent or owner)
            if isinstance(value, Known) and isinstance(value.value, ClassObject):
                cls = value.value
                if any(True for _ in cls.fields()):
                    return Known(Instance(cls), value.span, (), f"the defaults of {cls.node.name}")
    return None


def _root_is_free(node: ast.expr, scope: Scope) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and scope.lookup(node.id) is None and scope.definition(node.id) is None


def _is_self(name: str, scope: Scope) -> bool:
    method, cls = scope.node, scope.parent.node if scope.parent is not None else None
    return (
        isinstance(method, FunctionNode)
        and isinstance(cls, ast.ClassDef)
        and bool(method.args.args)
        and method.args.args[0].arg == name
    )


def _class_of_self(node: ast.expr, scope: Scope) -> ClassObject | None:
    if not (isinstance(node, ast.Name) and _is_self(node.id, scope) and node.id not in scope.bound):
        return None
    inner = scope.parent
    assert inner is not None
    assert isinstance(inner.node, ast.ClassDef)
    return ClassObject(inner.node, inner.parent or inner, inner)
