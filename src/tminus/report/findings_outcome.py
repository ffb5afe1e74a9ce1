"""What a check found, as every rendering takes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.check import Finding, Severity
from tminus.script import Source

if TYPE_CHECKING:
    from tminus.check.places import Place


@dataclass(frozen=True, slots=True)
class Outcome:
    """The findings of a check.

    Attributes:
        findings: What is reported, file by file.
        places: The place of each finding.
        files: The files that were checked, also those without findings.
        sources: Texts that the findings are about, where they are at hand; others are read from the disk.
        root: The folder that paths are written relative to where lines must not matter.
    """

    findings: Sequence[Finding]
    places: Sequence[Place]
    files: Sequence[Path]
    sources: Mapping[Path, Source]
    root: Path

    def source(self, path: Path) -> Source | None:
        """The text of a file; None where it cannot be read."""
        if path in self.sources:
            return self.sources[path]
        try:
            return Source.read(path)
        except (OSError, UnicodeDecodeError, SyntaxError):
            return None

    def lines(self, path: Path) -> list[str]:
        """Lines of a file with their ends; none where it cannot be read."""
        source = self.source(path)
        return [] if source is None else source.lines

    def fingerprints(self) -> Iterator[str]:
        """A digest for each finding that stays the same when lines move."""
        seen: Counter[Place] = Counter()
        for place in self.places:
            yield place.fingerprint(self.root, seen[place])
            seen[place] += 1

    def by_file(self) -> Iterator[tuple[Path, list[Finding]]]:
        """Files, also those without findings and documents with some, with what was found in each."""
        found: dict[Path, list[Finding]] = {path: [] for path in self.files}
        for finding in self.findings:
            found.setdefault(finding.span.path, []).append(finding)
        yield from found.items()


def counted(findings: Sequence[Finding]) -> str:
    """``2 errors, 1 warning``; the kinds that there are, worst first."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(
        f"{counts[one]} {one}{'s' if counts[one] != 1 else ''}" for one in Severity if counts[one]
    )
