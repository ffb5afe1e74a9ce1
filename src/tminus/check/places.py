"""What a finding's place is called, in words that stay the same when lines move."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tminus.check.finding import Finding
from tminus.check.tokens import masked
from tminus.script import Script, Source


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A finding without its line.

    Attributes:
        rule: Code of the rule.
        path: The file.
        symbol: The function or class around it, dotted; empty at the module's level and in other documents.
        text: The source of the place, its white space collapsed and any token in it masked.
    """

    rule: str
    path: Path
    symbol: str
    text: str

    def fingerprint(self, root: Path, occurrence: int = 0) -> str:
        """A digest that stays the same when lines move.

        Args:
            root: The folder that the path is written relative to.
            occurrence: How many equal places come before this one.
        """
        import hashlib

        parts = (self.rule, relative(self.path, root), self.symbol, self.text, str(occurrence))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def relative(path: Path, root: Path) -> str:
    """A path as it is written in a file that lies in `root`."""
    import os

    return Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()


def places_of(findings: Sequence[Finding], script: Script) -> tuple[Place, ...]:
    """The place of every finding of a script, in their order."""
    symbols = list(_symbols(script.tree, ""))
    return tuple(_place(finding, script, symbols) for finding in findings)


def _place(finding: Finding, script: Script, symbols: Sequence[tuple[int, int, str]]) -> Place:
    span = finding.span
    if span.path == script.path:
        around = [name for first, last, name in symbols if first <= span.line <= last]
        return Place(finding.code, span.path, around[-1] if around else "", _words(script.source, finding))
    return Place(finding.code, span.path, "", _words(Source.read(span.path), finding))


def _words(source: Source, finding: Finding) -> str:
    return masked(" ".join(source.slice(finding.span).split()))


def _symbols(node: ast.AST, prefix: str) -> list[tuple[int, int, str]]:
    """First line (with decorators), last line and dotted name of functions and classes, outer first."""
    found = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
            name = f"{prefix}{child.name}"
            found.append((first, child.end_lineno or child.lineno, name))
            found += _symbols(child, f"{name}.")
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            found += _symbols(child, prefix)
    return found
