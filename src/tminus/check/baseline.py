"""The baseline: findings that were there before the tool was, and that are not reported again.

A committed JSON file. An entry is known by its rule, its file, the function around it and its text: it holds
when lines move, and ends when the place is changed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tminus.check.places import Place, relative
from tminus.durable import write_text

_VERSION = 1
_KEYS = ("rule", "path", "symbol", "text")

Key = tuple[str, str, str, str]


class BaselineError(Exception):
    """A baseline that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known findings.

    Attributes:
        path: The file; the paths in it are relative to its folder.
        entries: How often each place is known.
    """

    path: Path
    entries: Counter[Key]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline.

        Raises:
            BaselineError: There is no such file, or it is none that this version wrote.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BaselineError(
                f"{path}: {error.strerror}; `--write-baseline` makes a baseline of what is found now"
            ) from error
        except ValueError as error:
            raise BaselineError(f"{path}: no JSON: {error}") from error
        entries: Counter[Key] = Counter()
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            raise BaselineError(f"{path}: no baseline of version {_VERSION}; write it with --write-baseline")
        for entry in document.get("findings", ()):
            try:
                rule, file, symbol, text = (str(entry[key]) for key in _KEYS)
                entries[rule, file, symbol, text] += int(entry.get("count", 1))
            except (KeyError, TypeError, ValueError) as error:
                raise BaselineError(f"{path}: an entry without {' or '.join(_KEYS)}: {entry}") from error
        return cls(path, entries)

    def new(self, places: Sequence[Place]) -> list[bool]:
        """Of each place, in order, whether it is not known."""
        left = self.entries.copy()
        found = []
        for place in places:
            key = _key(place, self.path.parent)
            found.append(left[key] <= 0)
            left[key] -= 1
        return found

    def stale(self, places: Iterable[Place], checked: Iterable[Path], runs: Iterable[str]) -> list[Key]:
        """Entries that are found no longer: in files that were checked, or that are gone.

        Args:
            places: What was found.
            checked: The files that were checked.
            runs: Codes of the rules that ran.
        """
        root = self.path.parent
        left = self.entries - Counter(_key(place, root) for place in places)
        files, codes = {relative(path, root) for path in checked}, set(runs)
        return sorted(
            key for key in left if key[0] in codes and (key[1] in files or not (root / key[1]).exists())
        )


def write_baseline(path: Path, places: Iterable[Place], checked: Iterable[Path], runs: Iterable[str]) -> int:
    """Write what was found as the baseline, in an order that makes small differences; gives its length.

    Entries of files that were not checked, and of rules that did not run, stay.

    Args:
        path: The file.
        places: What was found.
        checked: The files that were checked.
        runs: Codes of the rules that ran.

    Raises:
        BaselineError: There is a file that is no baseline.
    """
    root = path.parent
    counts = Counter(_key(place, root) for place in places)
    if path.exists():
        files, codes = {relative(one, root) for one in checked}, set(runs)
        for key, count in Baseline.read(path).entries.items():
            if (key[1] not in files and (root / key[1]).exists()) or key[0] not in codes:
                counts[key] = max(counts[key], count)
    findings = [
        dict(zip(_KEYS, key, strict=True)) | ({"count": count} if count > 1 else {})
        for key, count in sorted(counts.items())
    ]
    document = {"version": _VERSION, "findings": findings}
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return sum(counts.values())


def _key(place: Place, root: Path) -> Key:
    return place.rule, relative(place.path, root), place.symbol, place.text
