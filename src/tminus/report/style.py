"""Colours on a terminal that wants them, and its width: NO_COLOR, FORCE_COLOR, and what the stream is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TextIO

# Where there is no terminal: longer lines of source are cut all the same.
_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Style:
    """Marks text up with ANSI sequences, or leaves it as it is.

    Attributes:
        colour: Whether it does.
        columns: The longest line that source is shown in.
    """

    colour: bool
    columns: int = _COLUMNS

    @property
    def text_columns(self) -> int:
        """The longest line of running text: longer ones are hard to read."""
        return min(self.columns, 100)

    @classmethod
    def of(cls, stream: TextIO, choice: str = "auto") -> Style:
        """The style for a stream: NO_COLOR switches off, FORCE_COLOR on, else colours on a terminal.

        Args:
            stream: Where the text goes.
            choice: ``always`` or ``never`` decide alone; ``auto`` leaves it to the above.
        """
        columns = max(40, _terminal_columns()) if stream.isatty() else _COLUMNS
        if choice != "auto":
            return cls(choice == "always", columns)
        if os.environ.get("NO_COLOR"):
            return cls(False, columns)
        return cls(bool(os.environ.get("FORCE_COLOR")) or stream.isatty(), columns)

    def _mark(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        """Bold text."""
        return self._mark("1", text)

    def dim(self, text: str) -> str:
        """Text of less weight, such as line numbers."""
        return self._mark("2", text)

    def red(self, text: str) -> str:
        """What is wrong."""
        return self._mark("1;31", text)

    def yellow(self, text: str) -> str:
        """What is likely wrong."""
        return self._mark("1;33", text)

    def green(self, text: str) -> str:
        """What is right, and what is added."""
        return self._mark("32", text)

    def blue(self, text: str) -> str:
        """Places."""
        return self._mark("36", text)


def _terminal_columns() -> int:
    import shutil  # only on a terminal

    return shutil.get_terminal_size().columns
