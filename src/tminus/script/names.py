"""Reading names: the definition, import, assignment or argument that one stands for at a place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tminus.script.attributes import defaults_of_annotation
from tminus.script.choosing import Parameter
from tminus.script.flow import Definition, Reaching, reaching
from tminus.script.objects import ClassObject, FunctionObject
from tminus.script.scopes import Scope
from tminus.script.values import Constructed, Known, Unknown, Value, possible

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator

# Calls within calls, from the place of a name to the scope that assigns it.
_MAX_CALLS = 60


def name_of(evaluator: Evaluator, node: ast.Name, scope: Scope) -> Value:
    """The value of a name in a scope."""
    name = node.id
    defined = scope.definition(name)
    if defined is not None:
        definition, owner = defined
        span = evaluator.source.span_of(node)
        if isinstance(definition, ast.ClassDef):
            return Known(ClassObject.of(definition, owner), span)
        return Known(FunctionObject(definition, owner), span)
    found = scope.lookup(name)
    if found is None:
        return _from_elsewhere(evaluator, node)
    owner, assigned = found
    if owner.parent is None and name in evaluator.rebound(owner):
        return evaluator.unknown(node, f"a function sets {name} while the script runs")
    if name in owner.bound and not assigned:
        expression, caller = owner.bound[name]
        return evaluator.named(name, node, evaluator.evaluate(expression, caller))
    value = _assigned(evaluator, node, owner, scope)
    if any(isinstance(one.value.value, list | dict) for one in possible(value)):
        if name in owner.shared:
            return evaluator.unknown(node, f"{name} can change under another name")
        if owner.parent is None and evaluator.changed_elsewhere(name, owner, scope):
            return evaluator.unknown(node, f"a function changes {name} while the script runs")
    if owner.parent is None and name in evaluator.imports and not _is_made(value):
        return evaluator.unknown(node, f"{name} is imported in one place and assigned in another")
    return value


def parameter_of(evaluator: Evaluator, node: ast.Name, owner: Scope) -> Value:
    """The value that a parameter has when its function is entered."""
    if node.id in owner.bound:
        expression, caller = owner.bound[node.id]
        return evaluator.named(node.id, node, evaluator.evaluate(expression, caller))
    default = owner.defaults[node.id]
    if default is None:
        whole = defaults_of_annotation(evaluator, node, owner)
        if whole is not None:
            return whole
        return evaluator.unknown(node, f"{node.id} is a parameter without a value that can be read here")
    value = evaluator.evaluate(default, owner.parent or owner)
    return evaluator.named(node.id, node, value, f"the default of parameter {node.id}")


def _from_elsewhere(evaluator: Evaluator, node: ast.Name) -> Value:
    """A name that no statement of the file assigns: an import, or what ``from module import *`` brings."""
    if node.id == "__name__":
        return Known(evaluator.source.path.stem, evaluator.source.span_of(node))
    if node.id in evaluator.imports:
        return evaluator.from_module(node, evaluator.imports[node.id])
    for module in evaluator.imports.stars if not node.id.startswith("_") else ():
        value = evaluator.from_module(node, f"{module}{node.id}")
        if not isinstance(value, Unknown) or possible(value):
            return value
    return evaluator.unknown(node, f"{node.id} is not defined in this file")


def _assigned(evaluator: Evaluator, node: ast.Name, owner: Scope, scope: Scope) -> Value:
    """A name that its scope assigns or takes as a parameter."""
    name, assigned = node.id, owner.assigned.get(node.id, [])
    if name not in owner.changed:
        if name not in owner.defaults and len(assigned) == 1 and assigned[0] is not None:
            return evaluator.named(name, node, evaluator.evaluate(assigned[0], owner))
        if name in owner.defaults and not assigned:
            return parameter_of(evaluator, node, owner)
    return _through(evaluator, node, owner, scope)


def _through(evaluator: Evaluator, node: ast.Name, owner: Scope, scope: Scope) -> Value:
    """A name that is assigned more than once, or changed in place: by the way that the script takes."""
    ways: Reaching = reaching(owner, node.id, _place_in(owner, node, scope))
    definitions = list(ways.definitions)
    if node.id in owner.defaults:
        parameter = ast.copy_location(Parameter(node.id), node)
        definitions += [Definition(parameter, tests=tests) for tests in ways.initial]
    reason = f"{node.id} changes while the script runs"
    return evaluator.named(node.id, node, evaluator.choose(node, definitions, owner, reason, ways.within))


def _place_in(owner: Scope, node: ast.AST, scope: Scope) -> ast.AST | None:
    """Where a node is reached in a scope: itself, or the call through which; None where its end counts."""
    for _ in range(_MAX_CALLS):
        if scope is owner:
            return node
        if scope.called is not None:
            node, scope = scope.called
        elif isinstance(scope.node, ast.ClassDef) and scope.parent is not None:
            # The body of a class runs where the class is defined.
            node, scope = scope.node, scope.parent
        else:
            return None
    return None


def _is_made(value: Value) -> bool:
    """Whether a value is a library's object: an app that stands in for an imported one is an app too."""
    return isinstance(value, Known) and isinstance(value.value, Constructed)
