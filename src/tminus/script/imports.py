"""What imports bind in a file, also where two of them bind the same name."""

from __future__ import annotations

import ast
from collections.abc import Iterable


class Imports(dict[str, str]):
    """Local name to full dotted name, for every import of a file.

    A name that several imports bind stands here with the client's, if one of them is, else with the last
    that was read; `at` says which of them a place means.
    """

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        """Read the imports among the nodes of a file.

        What a relative import binds begins with its dots: ``from .common import app`` gives ``.common.app``.
        """
        super().__init__()
        self._lines: dict[str, int] = {}
        self._several: dict[str, list[tuple[int, str]]] = {}
        self._functions: list[tuple[int, int]] = []
        for node in nodes:
            kind = node.__class__
            if kind is ast.Import:
                assert isinstance(node, ast.Import)
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self._bind(alias.asname or top, alias.name if alias.asname else top, node.lineno)
            elif kind is ast.ImportFrom:
                assert isinstance(node, ast.ImportFrom)
                module = "." * node.level + (node.module or "")
                separator = "" if module.endswith(".") else "."
                for alias in node.names:
                    self._bind(alias.asname or alias.name, f"{module}{separator}{alias.name}", node.lineno)
            elif kind is ast.FunctionDef or kind is ast.AsyncFunctionDef:
                assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                self._functions.append((node.lineno, node.end_lineno or node.lineno))

    def _bind(self, name: str, dotted: str, line: int) -> None:
        before = self.get(name)
        if before is not None and before != dotted:
            self._several.setdefault(name, [(self._lines[name], before)])
        if name in self._several:
            self._several[name].append((line, dotted))
        if before is None or not before.startswith("modal."):
            self[name] = dotted
            self._lines[name] = line

    @property
    def stars(self) -> list[str]:
        """What each ``from module import *`` puts before a name, such as ``.common.``; the last first."""
        if "*" not in self:
            return []
        found = [dotted for _, dotted in self._several.get("*", [(0, self["*"])])]
        return [dotted.removesuffix("*") for dotted in reversed(found)]

    def at(self, node: ast.Name) -> str:
        """What a name stands for where it is used; the name itself where no import binds it.

        As in ``from modal import Image`` at the top and ``from PIL import Image`` in a function.
        """
        bound = self._several.get(node.id)
        if bound is None:
            return self.get(node.id, node.id)
        around = [(start, end) for start, end in self._functions if start <= node.lineno <= end]
        # The innermost function begins last.
        for start, end in sorted(around, reverse=True):
            here = [dotted for line, dotted in sorted(bound) if start <= line <= end]
            if here:
                return here[-1]
        of_the_module = [
            (line, dotted)
            for line, dotted in sorted(bound)
            if not any(start <= line <= end for start, end in self._functions)
        ]
        before = [dotted for line, dotted in of_the_module if around or line <= node.lineno]
        return before[-1] if before else self[node.id]
