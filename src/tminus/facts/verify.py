"""Comparing facts with the pages that state them.

A page is read as Markdown: Modal's documentation serves it at the page's address with ``.md`` behind. A probe
is text that the page had on the day of `Fact.as_of`. A fact that does not hold any more shows by a probe that
does not match, or that captures another value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tminus.facts.fact import Fact

_DOCS = "https://modal.com/docs/"


class UnreadableError(Exception):
    """A page could not be read; the message says why."""


class Verdict(StrEnum):
    """What came of comparing a fact with its page."""

    HOLDS = "holds"
    MOVED = "moved"
    """The page says something else, or does not say it any more."""
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
        old: What the page said on the day of the fact.
        new: What it says now; None where the probe found nothing.
        why: Why the page could not be read.
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
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableError(f"{path}: {error}") from error

    return read


def verify(facts: Iterable[Fact], read: Callable[[str], str]) -> list[Checked]:
    """Compare each fact that holds now with its page.

    Args:
        facts: The facts.
        read: Gives the text of a source, or raises `UnreadableError`; called once a page.
    """
    pages: dict[str, str | UnreadableError] = {}
    checked: list[Checked] = []
    for fact in facts:
        if fact.until is not None:
            continue
        if fact.probe is None:
            checked.append(Checked(fact, Verdict.UNPROBED))
            continue
        page = page_address(fact.source)
        if page not in pages:
            try:
                pages[page] = " ".join(read(fact.source).split())
            except UnreadableError as error:
                pages[page] = error
        checked.append(_compare(fact, fact.probe, pages[page]))
    return checked


def _compare(fact: Fact, probe: str, page: str | UnreadableError) -> Checked:
    if isinstance(page, UnreadableError):
        return Checked(fact, Verdict.UNREADABLE, why=str(page))
    pattern = re.compile(probe)
    match = pattern.search(page)
    if match is None:
        return Checked(fact, Verdict.MOVED, old=probe)
    if "value" not in pattern.groupindex:
        return Checked(fact, Verdict.HOLDS, old=match[0], new=match[0])
    old, new = fact.expected, match["value"].replace(",", "")
    verdict = Verdict.HOLDS if old == new else Verdict.MOVED
    return Checked(fact, verdict, old=old, new=new)
