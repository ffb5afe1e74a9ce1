"""Comments in configuration files that silence what is found there.

``# tminus: ignore[TM405] why`` behind a setting silences findings in its line; on a line of its own, those of
the next line. Files of other kinds, such as Markdown, have no such comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from tminus.check.finding import Finding
from tminus.looked import look
from tminus.script import Source

_SUFFIXES = frozenset({".yml", ".yaml"})
_IGNORE = re.compile(r"(?:^|\s)#\s*tminus:\s*ignore\[([^\]#]*)\]")


def unsilenced(findings: Iterable[Finding], script: Path) -> list[Finding]:
    """The findings but those in a configuration file that a comment there silences."""
    return [one for one in findings if one.span.path == script or not _is_silenced(one)]


def _is_silenced(finding: Finding) -> bool:
    path = finding.span.path
    if path.suffix not in _SUFFIXES:
        return False
    look(path, within=True)
    codes = _codes(path, path.stat().st_mtime_ns).get(finding.span.line, ())
    return any(code and finding.code.startswith(code) for code in codes)


@lru_cache(maxsize=16)
def _codes(path: Path, modified_ns: int) -> dict[int, tuple[str, ...]]:
    """Line to the codes and prefixes that are silenced there."""
    found: dict[int, tuple[str, ...]] = {}
    carried: tuple[str, ...] = ()
    for number, line in enumerate(Source.read(path).lines, start=1):
        match = _IGNORE.search(line)
        codes = tuple(code.strip().upper() for code in match[1].split(",")) if match is not None else ()
        alone = line.lstrip().startswith("#")
        found[number] = (*carried, *codes)
        carried = found[number] if alone else ()
    return found
