"""Splits of local files: `train`, `train[:1000]`, and which files of a folder they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tminus.train.errors import DataError

_SPLIT = re.compile(r"(\w+)(?:\[(-?\d+%?)?:(-?\d+%?)?\])?")

# Words in the name of a file or of its folder, as `datasets` reads them
# (https://huggingface.co/docs/datasets/repository_structure).
_WORDS: Mapping[str, str] = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Split:
    """The name of a split, and the slice of it."""

    name: str
    low: str | None = None
    high: str | None = None

    @classmethod
    def parse(cls, text: str) -> Split:
        """Read a split as `datasets` writes it.

        Raises:
            DataError: It is not a name with one slice at most.
        """
        found = _SPLIT.fullmatch(text)
        if found is None:
            raise DataError(
                f"dataset_split: found {text!r}, but a split of local files is a name and at most one slice. "
                "Write it such as train, train[:1000] or train[10%:]."
            )
        return cls(found[1], found[2], found[3])

    @property
    def sliced(self) -> bool:
        """Whether it is a part of the rows."""
        return self.low is not None or self.high is not None

    def bounds(self, rows: int) -> tuple[int, int]:
        """First row and the row before which it ends, out of `rows`."""
        return _at(self.low, rows, 0), _at(self.high, rows, rows)


def _at(bound: str | None, rows: int, default: int) -> int:
    if bound is None:
        return default
    number = round(int(bound[:-1]) * rows / 100) if bound.endswith("%") else int(bound)
    return min(rows, max(0, number + rows if number < 0 else number))


def files_of_split(root: Path, files: tuple[Path, ...], name: str) -> tuple[Path, ...]:
    """The files of a split: those whose names say it; for `train`, also those that say nothing.

    Raises:
        DataError: There is none; the splits that the names say are listed.
    """
    if root.is_file():
        if name != "train":
            raise DataError(
                f"dataset_split: found {name!r}, but {root} is one file, which is the split train. "
                "Give a folder with a file a split, or another file."
            )
        return files
    said = {file: _said(file.relative_to(root)) for file in files}
    wanted = _WORDS.get(name, name)
    found = tuple(file for file in files if (said[file] or "train") == wanted)
    if not found:
        splits = sorted({split or "train" for split in said.values()})
        raise DataError(
            f"dataset_split: found {name!r}, but the files of {root} are the splits {', '.join(splits)}. "
            "Choose one of them, or name a file after the split."
        )
    return found


def _said(path: Path) -> str | None:
    words = re.split(r"[^a-z]+", str(path.with_suffix("")).lower())
    return next((_WORDS[word] for word in words if word in _WORDS), None)
