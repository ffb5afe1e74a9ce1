"""A source file, places in it, and edits to it."""

from __future__ import annotations

import ast
import codecs
import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tminus.lazy import pattern

# The line ends that Python's parser knows; str.splitlines also breaks at others, such as U+2028.
_LINE = pattern(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_CODING = pattern(rb"^[ \t\f]*#[^\r\n]*?coding[:=]", re.MULTILINE)


class Span(NamedTuple):
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
    """The text of a file, with conversions between spans and text.

    Attributes:
        path: The file.
        text: Its text, line ends as they are, without a byte order mark.
        encoding: The codec that makes the file's bytes of the text: ``utf-8-sig`` where it has such a mark.
    """

    path: Path
    text: str
    encoding: str = "utf-8"

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a Python file in the encoding that it declares, by default UTF-8.

        Raises:
            OSError: The file cannot be read.
            UnicodeDecodeError: It is not in that encoding.
            SyntaxError: It declares an encoding that Python does not know.
        """
        return cls.of_bytes(path, path.read_bytes())

    @classmethod
    def of_bytes(cls, path: Path, data: bytes) -> Source:
        """The source in a file's bytes; errors as for `read`."""
        encoding = _encoding_of(data)
        return cls(path, data.decode(encoding), encoding)

    @property
    def data(self) -> bytes:
        """The bytes of a file with this text."""
        return self.text.encode(self.encoding)

    @property
    def newline(self) -> str:
        """The line end of the file: that of its first line."""
        end = self.text.find("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    @cached_property
    def lines(self) -> list[str]:
        """Lines with their ends, as Python's parser counts them."""
        return _LINE.findall(self.text)

    def span_of(self, node: ast.AST) -> Span:
        """The span of a syntax node; the parser's byte columns become character columns."""
        line, end_line = _position(node, "lineno"), _position(node, "end_lineno")
        start, end = _position(node, "col_offset"), _position(node, "end_col_offset")
        if self._ascii:
            return Span(self.path, line, start + 1, end_line, end + 1)
        return Span(self.path, line, self._column(line, start), end_line, self._column(end_line, end))

    @cached_property
    def _ascii(self) -> bool:
        return self.text.isascii()

    def _column(self, line: int, byte_offset: int) -> int:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return byte_offset + 1
        return len(text.encode()[:byte_offset].decode(errors="replace")) + 1

    def span_between(self, start: int, end: int) -> Span:
        """The span of the characters from one offset of the text up to another."""
        line = bisect_right(self._starts, start)
        # The last character's line: an end at a line's end is not the beginning of the next one.
        end_line = max(line, bisect_right(self._starts, end - 1))
        column, end_column = start - self._starts[line - 1] + 1, end - self._starts[end_line - 1] + 1
        return Span(self.path, line, column, end_line, end_column)

    def slice(self, span: Span) -> str:
        """The text of a span."""
        return self.text[self._offset(span.line, span.column) : self._offset(span.end_line, span.end_column)]

    def _offset(self, line: int, column: int) -> int:
        return self._starts[min(line - 1, len(self.lines))] + column - 1

    @cached_property
    def _starts(self) -> list[int]:
        """Offset of every line's first character, and of the end."""
        return [0, *itertools.accumulate(map(len, self.lines))]

    def edited(self, edits: Iterable[Edit]) -> str:
        """The text after the edits, which take the line ends of the file.

        Raises:
            ValueError: Two edits overlap.
        """
        text, taken, newline = self.text, len(self.text) + 1, self.newline
        for edit in sorted(set(edits), key=lambda edit: edit.span, reverse=True):
            start = self._offset(edit.span.line, edit.span.column)
            end = self._offset(edit.span.end_line, edit.span.end_column)
            if end > taken:
                raise ValueError(f"overlapping edits at {self.path}:{edit.span.line}")
            written = re.sub(r"\r\n|\n", newline, edit.replacement)
            text, taken = text[:start] + written + text[end:], start
        return text


def _encoding_of(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if not _CODING.search(b"".join(data.split(b"\n", 2)[:2])):
        return "utf-8"
    import io
    import tokenize

    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]


def _position(node: ast.AST, attribute: str) -> int:
    position: int = getattr(node, attribute)
    return position
