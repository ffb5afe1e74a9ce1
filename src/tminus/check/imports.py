"""The imports that run in a container: of the module itself, and of the functions that run there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tminus.script import ModalFunction, Script


class Import(NamedTuple):
    """An import that runs without a condition.

    Attributes:
        module: Full name of the module, as written.
        node: The statement.
    """

    module: str
    node: ast.Import | ast.ImportFrom

    @property
    def top(self) -> str:
        """The package or module at the top: what has to be found first."""
        return self.module.partition(".")[0]


def module_imports(script: Script) -> list[Import]:
    """Imports that every container runs, because it imports the script's module."""
    return list(_imports(script, script.tree.body))


def function_imports(script: Script, function: ModalFunction) -> list[Import]:
    """Imports in the body of a function, and of what it uses in the same file."""
    found: list[Import] = []
    for definition in script.reachable(function).definitions:
        found += _imports(script, definition.body)
    return found


def _imports(script: Script, statements: Sequence[ast.stmt]) -> Iterator[Import]:
    """Imports of a block that always run: not those in ``try``, under ``if`` or in nested functions."""
    for statement in statements:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(alias.name, statement)
            case ast.ImportFrom(module=str(module), level=0):
                yield Import(module, statement)
            case ast.With(items=items, body=body):
                if not any(_is_image_imports(script, item.context_expr) for item in items):
                    yield from _imports(script, body)


def _is_image_imports(script: Script, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "imports"
