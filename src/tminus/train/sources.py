"""Where rows come from: files and the hub, read from any position, each row with its place. No torch.

A position is a small JSON value that a source gives with every block of rows: reading that starts there goes
on with the next row, without reading what lies before.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from tminus.train.config import FILE_SUFFIXES, TrainConfig
from tminus.train.errors import DataError
from tminus.train.row_files import Row, count_rows, read_rows
from tminus.train.splits import Split, files_of_split

Block = tuple[list[Row], Any]
"""Rows that follow each other, and the position after them."""


class Source(Protocol):
    """Rows in a fixed order."""

    @property
    def name(self) -> str:
        """What the source is called in messages."""
        ...

    @property
    def stamp(self) -> str:
        """Changes when the rows do, as far as can be told without reading them."""
        ...

    def blocks(self, size: int, position: Any = None) -> Iterator[Block]:
        """Blocks of `size` rows, the last one shorter, from a position on. None: from the first row."""
        ...


@dataclass(frozen=True, slots=True)
class FileSource:
    """Rows of local files, one after the other."""

    name: str
    files: tuple[Path, ...]
    first: int = 0
    """Rows that are left out at the beginning."""

    stop: int | None = None
    """Number of the row before which reading ends."""

    @property
    def stamp(self) -> str:
        """Paths, sizes and times of the files, and the part of them that is read."""
        found = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in self.files]
        return f"{found} {self.first}:{self.stop}"

    def blocks(self, size: int, position: Any = None) -> Iterator[Block]:
        """Blocks of rows from a position on."""
        rows = self._rows(position or {"file": 0, "offset": 0, "line": 0, "row": 0})
        while block := list(islice(rows, size)):
            yield [row for row, _ in block], block[-1][1]

    def _rows(self, at: dict[str, int]) -> Iterator[tuple[Row, dict[str, int]]]:
        number = at["row"]
        for index in range(at["file"], len(self.files)):
            begin = (at["offset"], at["line"]) if index == at["file"] else (0, 0)
            for row, offset, line in read_rows(self.files[index], *begin):
                if self.stop is not None and number >= self.stop:
                    return
                number += 1
                if number > self.first:
                    yield row, {"file": index, "offset": offset, "line": line, "row": number}


@dataclass(frozen=True, slots=True)
class HubSource:
    """Rows of a data set on the hub: read from its Arrow files, or streamed."""

    name: str
    dataset: Any
    """A `datasets.Dataset`, or an `IterableDataset` where rows are streamed."""

    beginning: Any = None
    """The library's state at the first row, where rows are streamed."""

    @classmethod
    def of(cls, name: str, dataset: Any) -> HubSource:
        """Wrap a data set that was not iterated over yet."""
        state = copy.deepcopy(dataset.state_dict()) if hasattr(dataset, "load_state_dict") else None
        return cls(name, dataset, state)

    @property
    def stamp(self) -> str:
        """The library's own fingerprint of the data set."""
        return str(getattr(self.dataset, "_fingerprint", self.name))

    def blocks(self, size: int, position: Any = None) -> Iterator[Block]:
        """Blocks of rows from a position on, which holds the library's own state where they are streamed."""
        streamed = hasattr(self.dataset, "load_state_dict")
        number = 0 if position is None else position["row"]
        if streamed:
            # A state stays: without one of its own, this iteration would start where an earlier one did.
            self.dataset.load_state_dict(copy.deepcopy(position["state"] if position else self.beginning))
            rows = iter(self.dataset)
        else:
            rows = iter(self.dataset.select(range(number, len(self.dataset))))
        while block := list(islice(rows, size)):
            yield (
                [Row(values, f"{self.name}, row {number + at}") for at, values in enumerate(block, 1)],
                {
                    "row": number + len(block),
                    "state": copy.deepcopy(self.dataset.state_dict()) if streamed else None,
                },
            )
            number += len(block)


def training_source(config: TrainConfig) -> Source:
    """The rows to train on.

    Raises:
        DataError: The files are missing, or have no such split.
    """
    return open_source(
        config.dataset, config.dataset_split, config.dataset_config, streaming=config.streaming
    )


def evaluation_source(config: TrainConfig) -> Source | None:
    """The rows to evaluate on; None where they are drawn from the training rows, or there are none.

    Raises:
        DataError: The files are missing, or have no such split.
    """
    if config.eval_dataset is None and config.eval_split is None:
        return None
    dataset = config.eval_dataset or config.dataset
    subset = config.dataset_config if config.eval_dataset is None else None
    return open_source(dataset, config.eval_split or "train", subset, streaming=False)


def open_source(dataset: str, split: str, subset: str | None, *, streaming: bool) -> Source:
    """Open a file, a folder of files, or a data set of the hub.

    Raises:
        DataError: The files are missing, or have no such split.
    """
    local = local_files(dataset, split)
    if local is not None:
        return local
    import datasets

    if streaming:
        if "[" in split:
            raise DataError(
                f"dataset_split: found {split!r}, but a streamed data set has no slices. Give its name alone."
            )
        return HubSource.of(dataset, datasets.load_dataset(dataset, subset, split=split, streaming=True))
    return HubSource.of(dataset, datasets.load_dataset(dataset, subset, split=split))


def local_files(dataset: str, split: str) -> FileSource | None:
    """The files that a data set and a split name; None where the data set is one of the hub.

    Raises:
        DataError: The path is plainly local, and nothing is there, or the folder has no such split.
    """
    path = Path(dataset).expanduser()
    if path.is_dir():
        files = tuple(
            found
            for found in sorted(path.rglob("*"))
            if found.suffix in FILE_SUFFIXES and not found.name.startswith(".") and found.is_file()
        )
        if not files:
            raise DataError(f"dataset: {path} holds no file that ends in {', '.join(FILE_SUFFIXES)}.")
    elif path.suffix in FILE_SUFFIXES:
        if not path.is_file():
            raise DataError(f"dataset: {path} does not exist. Give the path as it is where training runs.")
        files = (path,)
    else:
        if dataset.startswith(("/", "./", "../", "~")):
            raise DataError(f"dataset: {path} does not exist. Give the path as it is where training runs.")
        return None
    part = Split.parse(split)
    files = files_of_split(path, files, part.name)
    if not part.sliced:
        return FileSource(str(path), files)
    first, stop = part.bounds(sum(count_rows(file) for file in files))
    return FileSource(str(path), files, first, stop)
