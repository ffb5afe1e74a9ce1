"""The document that both renderers write: sections of blocks of inline text, in one language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Tone(StrEnum):
    """What a status means to the reader; renderers give it a colour or a sign beside its words."""

    BAD = "bad"
    WARN = "warn"
    GOOD = "good"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Text:
    """Running text; `foreign` where it is in English although the document is not."""

    words: str
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Mono:
    """Code, a command or a path within running text."""

    words: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Emphasised words."""

    words: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to an address, or to an anchor of this document (``#name``)."""

    words: str
    address: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A status in a word or two, such as ``error`` or ``passed``."""

    words: str
    tone: Tone


Inline: TypeAlias = Text | Mono | Strong | Link | Badge
Prose: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    content: Prose


@dataclass(frozen=True, slots=True)
class Callout:
    """What must not be overlooked: a verdict and what follows from it."""

    tone: Tone
    title: str
    content: Prose


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[Prose, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Tasks:
    """A list of things to do, none of them done."""

    items: tuple[Prose, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A name and what is said of it; `code` where the name is one of the program."""

    name: str
    content: Prose
    code: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """Names and what is said of each."""

    items: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; `tone` marks one that stands out."""

    cells: tuple[Prose, ...]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of each row is its heading.

    Attributes:
        caption: What it shows.
        head: Headings of the columns.
        rows: The rows.
        numeric: Indices of the columns that hold numbers.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of code.

    Attributes:
        text: The line.
        number: Its number in its file; None where it is in none.
        mark: ``!`` where a finding points, ``+`` and ``-`` in a change, else empty.
    """

    text: str
    number: int | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """An excerpt, a change or a snippet.

    Attributes:
        label: What it is, for those who hear it read: ``train.py, line 81``.
        lines: The lines.
        language: ``python``, ``diff`` or ``sh``.
    """

    label: str
    lines: tuple[CodeLine, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its caption and what it shows, in words.

    Attributes:
        svg: The picture, one ``<svg>`` element whose identifiers and styles are its own.
        caption: Its caption.
        description: What can be seen in it.
    """

    svg: str
    caption: str
    description: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading; parts within it are one level lower.

    Attributes:
        anchor: Its name in the document, unique.
        title: Its heading.
        blocks: What is in it.
    """

    anchor: str
    title: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Paragraph | Callout | Bullets | Tasks | Terms | Table | Code | Figure | Section


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Attributes:
        title: Its title.
        language: Its language, as HTML names it: ``en``, ``pt-BR``.
        about: What it was made from and when.
        sections: Its parts.
        labels: The words of the page around it: ``contents``, ``skip``.
    """

    title: str
    language: str
    about: Prose
    sections: tuple[Section, ...]
    labels: tuple[tuple[str, str], ...]
