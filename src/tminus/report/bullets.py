"""Lists in running text: one bullet an item, continued under its text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator


def bullets(title: str, items: Iterable[str], width: int) -> Iterator[str]:
    """Lines of a titled list, with a blank line before it; nothing for an empty one."""
    found = list(items)
    if found:
        yield ""
        yield title
    for item in found:
        yield from textwrap.wrap(
            item,
            width,
            initial_indent="  - ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
