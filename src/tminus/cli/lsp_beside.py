"""Findings that a check of one document has in other files: configurations and documents beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tminus.check import Finding


class Beside:
    """What was found in other files than the documents that were checked, by file."""

    def __init__(self) -> None:
        self._found: dict[str, dict[Path, tuple[Finding, ...]]] = {}

    def replace(self, uri: str, findings: Iterable[Finding]) -> set[Path]:
        """Take what a document's check found in other files.

        Args:
            uri: The document.
            findings: Its findings in other files; none where it is closed.

        Returns:
            The files whose findings are others now, or were of this document before.
        """
        by_file: dict[Path, tuple[Finding, ...]] = {}
        for one in findings:
            by_file[one.span.path] = (*by_file.get(one.span.path, ()), one)
        before = self._found.pop(uri, {})
        if by_file:
            self._found[uri] = by_file
        return {path for path in (*before, *by_file) if before.get(path) != by_file.get(path)}

    def of(self, path: Path) -> tuple[Finding, ...]:
        """What the checks of all documents found in a file, each thing once, in order of lines."""
        every = [one for by_file in self._found.values() for one in by_file.get(path, ())]
        found = {(one.span, one.code, one.message): one for one in every}
        return tuple(found[key] for key in sorted(found))
