"""Comparing facts with the pages that state them.

A page is read as Markdown: Modal's documentation serves it at the page's address with ``.md`` behind. Of a
page that is HTML the text is read. A probe is text that the page had on the day of `Fact.as_of`. A fact that
does not hold any more shows by a probe that does not match, or that captures another value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tminus.facts.fact import Fact

_DOCS = "https://modal.com/docs/"
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_HTML = re.compile(r"\s*<(!doctype html|html)\b", re.IGNORECASE)
_INLINE = frozenset(
    {"a", "abbr", "b", "code", "em", "i", "kbd", "mark", "small", "span", "strong", "sub", "sup"}
)
_PAGES_AT_ONCE = 4


class UnreadableError(Exception):
    """A page could not be read; the message says why."""


class Verdict(StrEnum):
    """What came of comparing a fact with its page."""

    HOLDS = "holds"
    MOVED = "moved"
    """The page says something else, or does not say it any more in these words."""
    UNREADABLE = "unreadable"
    """The page could not be read."""
    UNPROBED = "unprobed"
    """The fact has no probe: it was read by a person or out of a program."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A fact, and what came of it.

    Attributes:
        fact: The fact.
        verdict: What came of it.
        old: What the page said on the day of the fact: the value, or the probe of a fact without one.
        new: What it says now; None where the probe found nothing.
        why: Why the page could not be read, or why there is no probe.
    """

    fact: Fact
    verdict: Verdict
    old: str = ""
    new: str | None = None
    why: str = ""


def page_address(source: str) -> str:
    """Where the Markdown of a source is: with ``.md`` for Modal's documentation, else the page itself."""
    page = source.partition("#")[0]
    return f"{page}.md" if page.startswith(_DOCS) and not page.endswith(".md") else page


def saved_name(source: str) -> str:
    """File name of a saved page: its address without the scheme, with ``__`` for ``/``.

    ``https://modal.com/docs/guide/gpu`` is ``modal.com__docs__guide__gpu.md``.
    """
    page = source.partition("#")[0].partition("://")[2].rstrip("/").removesuffix(".md")
    return re.sub(r"[^\w.-]", "_", page.replace("/", "__")) + ".md"


def saved_pages(folder: Path) -> Callable[[str], str]:
    """A reader of pages that were saved in a folder under `saved_name`."""

    def read(source: str) -> str:
        path = folder / saved_name(source)
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise UnreadableError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UnreadableError(f"{path}: {error}") from error

    return read


def verify(facts: Iterable[Fact], read: Callable[[str], str]) -> list[Checked]:
    """Compare each fact that holds now with its page, and each contradiction with its own.

    Args:
        facts: The facts.
        read: Gives the text of a source, or raises `UnreadableError`. It is called once a page, by several
            threads.
    """
    current = [one for fact in facts if fact.until is None for one in (fact, *fact.against())]
    sources: dict[str, str] = {}
    for fact in current:
        if fact.probe is not None:
            sources.setdefault(page_address(fact.source), fact.source)
    with ThreadPoolExecutor(_PAGES_AT_ONCE) as pool:
        texts = pool.map(lambda source: _read(read, source), sources.values())
        pages = dict(zip(sources, texts, strict=True))
    return [
        Checked(fact, Verdict.UNPROBED, why=fact.why_unprobed)
        if fact.probe is None
        else _compare(fact, fact.probe, pages[page_address(fact.source)])
        for fact in current
    ]


def _read(read: Callable[[str], str], source: str) -> str | UnreadableError:
    """The words of a page, between single spaces."""
    try:
        text = read(source)
    except UnreadableError as error:
        return error
    return " ".join((_text_of_html(text) if _HTML.match(text) else text).split())


def _text_of_html(page: str) -> str:
    from html.parser import HTMLParser  # few sources are HTML

    class Text(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in _INLINE:
                self.found.append(" ")

        def handle_data(self, data: str) -> None:
            self.found.append(data)

    parser = Text()
    parser.feed(page)
    return "".join(parser.found)


def _compare(fact: Fact, probe: str, page: str | UnreadableError) -> Checked:
    if isinstance(page, UnreadableError):
        return Checked(fact, Verdict.UNREADABLE, why=str(page))
    pattern = re.compile(probe)
    match = pattern.search(page)
    if "value" not in pattern.groupindex:
        return Checked(
            fact, Verdict.MOVED if match is None else Verdict.HOLDS, probe, match[0] if match else None
        )
    old = fact.expected
    if match is None:
        return Checked(fact, Verdict.MOVED, old=old)
    new = _THOUSANDS.sub("", match["value"])
    return Checked(fact, Verdict.HOLDS if old == new else Verdict.MOVED, old=old, new=new)
