"""What a script and the documents beside it say in words: comments, docstrings, Markdown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tminus.looked import look
from tminus.script.comments import comments
from tminus.script.source import Source, Span
from tminus.script.tree import walk


@dataclass(frozen=True, slots=True)
class Line:
    """A line of prose. `column` is where its text starts, counted from 1."""

    source: Source
    line: int
    column: int
    text: str

    def span(self, start: int, end: int) -> Span:
        """The span of ``text[start:end]``."""
        return Span(self.source.path, self.line, self.column + start, self.line, self.column + end)


def script_prose(source: Source, tree: ast.Module) -> Iterator[Line]:
    """Comments and docstrings of a script, in order of lines."""
    found = [Line(source, *comment) for comment in comments(source, tree)]
    found += _docstrings(source, tree)
    yield from sorted(found, key=lambda line: (line.line, line.column))


def _docstrings(source: Source, tree: ast.Module) -> Iterator[Line]:
    for node in walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        match node.body[:1]:
            case [ast.Expr(value=ast.Constant(value=str()) as text)]:
                for number in range(text.lineno, (text.end_lineno or text.lineno) + 1):
                    yield Line(source, number, 1, source.lines[number - 1].rstrip("\r\n"))


def markdown_beside(script: Path) -> Iterator[Line]:
    """Lines of the Markdown files in the script's folder that name the script."""
    look(script.parent, within=True)
    for path in sorted(script.parent.glob("*.md")):
        look(path, within=True)
        try:
            source = Source.read(path)
        except (OSError, UnicodeDecodeError, SyntaxError):
            continue
        if script.name in source.text:
            for number, text in enumerate(source.lines, start=1):
                yield Line(source, number, 1, text.rstrip("\r\n"))
