"""Partial evaluation: reading expressions without running anything."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tminus.script.alternatives import FAILURES, combine
from tminus.script.attributes import attribute_of, call_of_own
from tminus.script.calling import construct, keywords, method_of
from tminus.script.choosing import ENVIRONMENT_READS, boolean, choose
from tminus.script.containers import dictionary, held, legible, piece, printable, sequence, subscript
from tminus.script.flow import Definition, Test
from tminus.script.imports import Imports
from tminus.script.modules import Budget, Module, Modules
from tminus.script.names import name_of, parameter_of
from tminus.script.operators import (
    COMPARISONS,
    FUNCTIONS,
    METHODS,
    OPERATORS,
    beyond_numbers,
    bounded,
    check_widths,
    compute,
    power,
)
from tminus.script.rebinding import called_names, changed_names, rebound_names
from tminus.script.scopes import Scope, set_attribute
from tminus.script.source import Source
from tminus.script.tree import walk
from tminus.script.values import Constructed, Known, Leaf, Unknown, Value, possible

_MAX_DEPTH = 60

# Work for one question; a script whose helpers call each other in a net could ask for any amount.
_MAX_STEPS = 2_000


class Evaluator:
    """Reads expressions of one file, given what its scopes assign.

    Args:
        source: The file.
        imports: Local name to full dotted name.
        libraries: Top-level packages whose calls become `Constructed` objects.
        modules: Finds modules beside the script; without it, what they define stays unknown.
        budget: Depth and work, shared with the other modules.
    """

    def __init__(
        self,
        source: Source,
        imports: Imports,
        libraries: frozenset[str],
        modules: Modules | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.source = source
        self.imports = imports
        self.libraries = libraries
        self._modules = modules
        self._budget = budget or Budget()
        # The node and scope are kept so that their identities stay theirs.
        self._read: dict[tuple[int, int], tuple[ast.AST, Scope, Value]] = {}
        self._set: frozenset[str] | None = None
        self._rebound_names: frozenset[str] | None = None
        self._changed_names: dict[str, frozenset[str]] | None = None

    def dotted_name(self, node: ast.expr) -> str | None:
        """The full dotted name that a name or attribute chain stands for, by the file's imports."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        parts.append(self.imports.at(node))
        return ".".join(reversed(parts))

    def imported(self, node: ast.expr) -> str | None:
        """The full dotted name of a name or attribute chain whose root an import binds, else None."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        return self.dotted_name(node) if isinstance(root, ast.Name) and root.id in self.imports else None

    def imports_from(self, package: str) -> bool:
        """Whether any name is imported from a package."""
        return any(dotted.partition(".")[0] == package for dotted in self.imports.values())

    def calls_a_library(self, node: ast.expr) -> bool:
        """Whether a callee is, by the file's imports, a function of a known library."""
        return ((self.imported(node) or "").partition(".")[0]) in self.libraries

    def is_of_the_project(self, dotted: str) -> bool:
        """Whether a dotted name belongs to a module beside the script."""
        return self.module_beside(dotted) is not None

    def module_beside(self, dotted: str) -> tuple[Module, tuple[str, ...]] | None:
        """The module of the project that a dotted name begins with, and the names after it; None without."""
        if self._modules is None or dotted.partition(".")[0] in self.libraries:
            return None
        return self._modules.find(dotted, self.source.path)

    def is_a_definition(self, node: ast.Name, scope: Scope) -> bool:
        """Whether a name is plainly a function or class, of this file or imported from one beside it."""
        if scope.definition(node.id) is not None:
            return True
        dotted = self.imports.get(node.id)
        if dotted is None or self._modules is None or scope.lookup(node.id) is not None:
            return False
        return self._modules.defines(dotted, self.source.path)

    def set_attributes(self, scope: Scope) -> frozenset[str]:
        """Every ``name.attribute`` that is set anywhere in the file of a scope.

        Of a ``setattr(name, ...)`` whose attribute cannot be read, ``name.`` alone.
        """
        while scope.parent is not None:
            scope = scope.parent
        if self._set is None:
            self._set = frozenset(
                name
                for statement in scope.statements
                for node in walk(statement)
                if (name := set_attribute(node)) is not None
            )
        return self._set

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression, or why it cannot be known."""
        if scope.home is not None and scope.home is not self:
            return scope.home.evaluate(node, scope)
        if isinstance(node, ast.Constant):
            if beyond_numbers(node.value):
                return self.unknown(node, "the number is too large")
            span = self.source.span_of(node)
            return Known(node.value, span, (Leaf(node.value, span),))
        key = (id(node), id(scope))
        if key in self._read:
            return self._read[key][2]
        budget = self._budget
        if budget.depth == 0:
            budget.steps = 0
        budget.steps += 1
        if budget.depth >= _MAX_DEPTH or budget.steps > _MAX_STEPS:
            return self.unknown(node, "the definition refers to itself or is nested too deeply")
        # Until it is read, an expression that needs itself is unknown.
        self._read[key] = (node, scope, self.unknown(node, "the definition refers to itself"))
        budget.depth += 1
        try:
            value = self._dispatch(node, scope)
        except FAILURES as error:
            value = self.unknown(node, f"the expression fails: {error}")
        except RecursionError:
            value = self.unknown(node, "the definition is nested too deeply")
        finally:
            budget.depth -= 1
        self._read[key] = (node, scope, value)
        return value

    def _dispatch(self, node: ast.expr, scope: Scope) -> Value:
        match node:
            case ast.Name():
                return name_of(self, node, scope)
            case ast.JoinedStr(values=pieces):
                return self.combine(node, [piece(self, one, scope) for one in pieces], "".join)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                operands = [self.evaluate(left, scope), self.evaluate(right, scope)]
                return self.combine(node, operands, lambda pair: power(*pair))
            case ast.BinOp(left=left, op=op, right=right) if apply := OPERATORS.get(type(op)):
                operands = [self.evaluate(left, scope), self.evaluate(right, scope)]
                return self.combine(node, operands, lambda pair: compute(apply, *pair))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.combine(node, [self.evaluate(operand, scope)], lambda one: -one[0])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.combine(node, [self.evaluate(operand, scope)], lambda one: not one[0])
            case ast.Compare(left=left, ops=[test], comparators=[right]) if compare := COMPARISONS.get(
                type(test)
            ):
                operands = [self.evaluate(left, scope), self.evaluate(right, scope)]
                return self.combine(node, operands, lambda pair: compare(*pair))
            case ast.BoolOp(op=junction, values=values):
                return boolean(self, node, junction, values, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                branches = [
                    Definition(body, tests=(Test(test, True),)),
                    Definition(orelse, tests=(Test(test, False),)),
                ]
                return self.choose(node, branches, scope, "the condition cannot be read")
            case ast.List(elts=items):
                return sequence(self, node, items, scope, list)
            case ast.Tuple(elts=items):
                return sequence(self, node, items, scope, tuple)
            case ast.Dict():
                return dictionary(self, node, scope)
            case ast.Subscript(value=container, slice=index):
                return subscript(self, node, container, index, scope)
            case ast.Attribute():
                return attribute_of(self, node, scope)
            case ast.NamedExpr(value=value):
                return self.evaluate(value, scope)
            case ast.Await(value=value):
                return self.evaluate(value, scope)
            case ast.Call():
                return self._call(node, scope)
        return self.unknown(node, f"a {type(node).__name__} is not read")

    def parameter(self, node: ast.Name, owner: Scope) -> Value:
        """The value that a parameter has when its function is entered: see `names.parameter_of`."""
        return parameter_of(self, node, owner)

    def rebound(self, module: Scope) -> frozenset[str]:
        """The module's names that something other than its own statements binds."""
        if self._rebound_names is None:
            self._rebound_names = rebound_names(module, self.source.text)
        return self._rebound_names

    def changed_elsewhere(self, name: str, module: Scope, reader: Scope) -> bool:
        """Whether a function changes a list or dict of the module in place before a scope reads it."""
        if self._changed_names is None:
            self._changed_names = changed_names(module)
        by = self._changed_names.get(name)
        return by is not None and (reader is not module or bool(by & called_names(module)))

    def choose(
        self,
        node: ast.expr,
        definitions: Sequence[Definition],
        scope: Scope,
        reason: str,
        within: Iterable[Test] = (),
    ) -> Value:
        """The value that one of several definitions gives: see `choosing.choose`."""
        return choose(self, node, definitions, scope, reason, within)

    def construct(self, node: ast.Call, scope: Scope) -> Constructed | None:
        """The library object that a call makes; None when it does not call a known library."""
        return construct(self, node, scope)

    def keywords(self, node: ast.Call, scope: Scope) -> dict[str, Value]:
        """Keyword arguments of a call: see `calling.keywords`."""
        return keywords(self, node, scope)

    def named(self, name: str, node: ast.expr, value: Value, assumed: str | None = None) -> Value:
        """A value under the name that it was given; a literal is then the one that defines the name."""
        if isinstance(value, Unknown):
            return value if possible(value) else self.unknown(node, value.reason)
        leaves = value.leaves
        if len(leaves) == 1 and leaves[0].name is None and leaves[0].value == value.value:
            leaves = (Leaf(leaves[0].value, leaves[0].span, name),)
        return Known(value.value, self.source.span_of(node), leaves, value.assumed or assumed, value.others)

    def from_module(self, node: ast.expr, dotted: str) -> Value:
        """The value of a name that another module of the project defines."""
        name = dotted.lstrip(".")
        if self._modules is not None and name.partition(".")[0] not in self.libraries:
            found = self._modules.find(dotted, self.source.path)
            if found is not None and found[1]:
                module, names = found
                expression: ast.expr = ast.copy_location(ast.Name(names[0], ast.Load()), _end_of(module.tree))
                for attribute in names[1:]:
                    expression = ast.copy_location(
                        ast.Attribute(expression, attribute, ast.Load()), expression
                    )
                return self._not_to_edit(node, module.evaluator.evaluate(expression, module.scope))
        return self.unknown(node, f"{name} is not defined in this file")

    def _not_to_edit(self, node: ast.expr, value: Value) -> Value:
        if isinstance(value, Known):
            return Known(value.value, self.source.span_of(node), (), value.assumed, value.others)
        return value

    def out_of(self, node: ast.expr, value: Value) -> Value:
        """A value taken from a dict, where one that could not be read stands as it is."""
        if isinstance(value, Known) and isinstance(value.value, Known | Unknown):
            return value.value
        return value

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        name = self.dotted_name(node.func)
        if name in ENVIRONMENT_READS and node.args:
            return self._environment_read(node, scope)
        own = call_of_own(self, node, scope)
        if own is not None:
            return own
        if name is not None and name in FUNCTIONS and (not node.keywords or name == "dict"):
            return self._function(node, name, scope)
        if isinstance(node.func, ast.Attribute) and not self.calls_a_library(node.func):
            owner = self.evaluate(node.func.value, scope)
            if any(isinstance(one.value.value, Constructed) for one in possible(owner)):
                return self.combine(node, [owner], lambda one: method_of(self, node, one[0], scope))
        made = self.construct(node, scope)
        if made is not None:
            return Known(made, self.source.span_of(node))
        if isinstance(node.func, ast.Attribute) and not node.keywords:
            return self._method(node, node.func, scope)
        return self.unknown(node, f"{name or 'a call'} is not evaluated")

    def _function(self, node: ast.Call, name: str, scope: Scope) -> Value:
        operands = [self.evaluate(argument, scope) for argument in node.args]
        given = [keyword.arg for keyword in node.keywords]
        operands += [held(self.evaluate(keyword.value, scope)) for keyword in node.keywords]

        def result(values: list[Any]) -> Any:
            readable = legible if name == "str" else printable
            positional = [readable(value) for value in values[: len(node.args)]]
            keywords: dict[str, Any] = {}
            for key, value in zip(given, values[len(node.args) :], strict=True):
                keywords.update(value if key is None else {key: value})
            return bounded(FUNCTIONS[name](*positional, **keywords))

        return self.combine(node, operands, result)

    def _method(self, node: ast.Call, callee: ast.Attribute, scope: Scope) -> Value:
        operands = [self.evaluate(callee.value, scope), *(self.evaluate(one, scope) for one in node.args)]
        called = self.imported(callee)
        if called is not None and isinstance(operands[0], Unknown) and not possible(operands[0]):
            return self.unknown(node, f"{called} is not evaluated")

        def result(values: list[Any]) -> Any:
            owner, arguments = values[0], values[1:]
            if callee.attr not in METHODS.get(dict if isinstance(owner, dict) else type(owner), ()):
                raise TypeError(f".{callee.attr}() is not evaluated")
            if callee.attr == "format":
                check_widths(owner)
            value = getattr(owner, callee.attr)(*arguments)
            return bounded(
                list(value) if isinstance(owner, dict) and callee.attr not in ("get", "copy") else value
            )

        return self.out_of(node, self.combine(node, operands, result))

    def _environment_read(self, node: ast.Call, scope: Scope) -> Value:
        variable = self.evaluate(node.args[0], scope)
        name = variable.value if isinstance(variable, Known) else "an environment variable"
        if len(node.args) < 2:
            return self.unknown(node, f"{name} is read from the environment, without a default")
        default = self.evaluate(node.args[1], scope)
        if isinstance(default, Unknown):
            return default
        return Known(default.value, default.span, default.leaves, f"the default of {name}", default.others)

    def combine(self, node: ast.expr, operands: Sequence[Value], make: Callable[[list[Any]], Any]) -> Value:
        """The value made from operands: see `alternatives.combine`."""
        return combine(operands, make, self.source.span_of(node))

    def unknown(self, node: ast.AST, reason: str) -> Unknown:
        """An unknown value of an expression."""
        return Unknown(reason, self.source.span_of(node))


def _end_of(tree: ast.Module) -> ast.AST:
    last = tree.body[-1] if tree.body else None
    place = ast.Pass()
    place.lineno = place.end_lineno = (last.end_lineno or last.lineno) + 1 if last is not None else 1
    place.col_offset = place.end_col_offset = 0
    return place
