"""A source file, places in it, and edits to it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file. Lines and columns count from 1; the end column is exclusive."""

    path: Path
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Replacing the text of a span."""

    span: Span
    replacement: str


@dataclass(frozen=True)
class Source:
    """The text of a file, with conversions between spans and text."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a UTF-8 file, line ends as they are.

        Raises:
            OSError: The file cannot be read.
            UnicodeDecodeError: It is not UTF-8.
        """
        return cls(path, path.read_bytes().decode("utf-8"))

    @cached_property
    def lines(self) -> list[str]:
        """Lines with their ends, as Python's parser counts them."""
        # str.splitlines also breaks at characters (such as \x1c or U+2028) that Python's parser does not.
        lines = self.text.split("\n")
        return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])

    def span_of(self, node: ast.AST) -> Span:
        """The span of a syntax node; the parser's byte columns become character columns."""
        line, end_line = _position(node, "lineno"), _position(node, "end_lineno")
        return Span(
            self.path,
            line,
            self._column(line, _position(node, "col_offset")),
            end_line,
            self._column(end_line, _position(node, "end_col_offset")),
        )

    def _column(self, line: int, byte_offset: int) -> int:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return len(text.encode()[:byte_offset].decode(errors="replace")) + 1

    def slice(self, span: Span) -> str:
        """The text of a span."""
        return self.text[self._offset(span.line, span.column) : self._offset(span.end_line, span.end_column)]

    def _offset(self, line: int, column: int) -> int:
        return sum(len(text) for text in self.lines[: line - 1]) + column - 1

    def edited(self, edits: Iterable[Edit]) -> str:
        """The text after the edits.

        Raises:
            ValueError: Two edits overlap.
        """
        text, taken = self.text, len(self.text) + 1
        for edit in sorted(set(edits), key=lambda edit: edit.span, reverse=True):
            start = self._offset(edit.span.line, edit.span.column)
            end = self._offset(edit.span.end_line, edit.span.end_column)
            if end > taken:
                raise ValueError(f"overlapping edits at {self.path}:{edit.span.line}")
            text, taken = text[:start] + edit.replacement + text[end:], start
        return text


def _position(node: ast.AST, attribute: str) -> int:
    position = getattr(node, attribute)
    assert isinstance(position, int)
    return position
