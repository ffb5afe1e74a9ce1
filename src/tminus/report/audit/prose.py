"""Plain text with backticks and addresses in it, as inline text."""

from __future__ import annotations

from collections.abc import Iterable

from tminus.lazy import pattern
from tminus.report.audit.document import Inline, Link, Mono, Prose, Text

_PARTS = pattern(r"``(?P<double>.+?)``|`(?P<code>[^`]+)`|(?P<url>https?://[^\s()<>,;]+[^\s()<>,;.:])")


def prose(*parts: str | Inline | Iterable[Inline]) -> Prose:
    """Inline text of strings and of what is inline already.

    In strings, what stands between backticks is code, and an address is a link.
    """
    found: list[Inline] = []
    for part in parts:
        if isinstance(part, str):
            found += _read(part, foreign=False)
        elif isinstance(part, Text | Mono | Link) or not isinstance(part, Iterable):
            found.append(part)
        else:
            found += part
    return tuple(found)


def foreign(text: str) -> Prose:
    """Inline text that is in English in a document that is not."""
    return tuple(_read(text, foreign=True))


def _read(text: str, foreign: bool) -> list[Inline]:
    found: list[Inline] = []
    end = 0
    for match in _PARTS.finditer(text):
        if match.start() > end:
            found.append(Text(text[end : match.start()], foreign))
        if match["url"]:
            found.append(Link(match["url"].removeprefix("https://"), match["url"]))
        else:
            found.append(Mono(match["double"] or match["code"]))
        end = match.end()
    if end < len(text):
        found.append(Text(text[end:], foreign))
    return found
