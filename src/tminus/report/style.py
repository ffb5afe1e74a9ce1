"""Colours on a terminal that wants them: NO_COLOR, FORCE_COLOR and whether the stream is a terminal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Style:
    """Marks text up with ANSI sequences, or leaves it as it is."""

    colour: bool

    @classmethod
    def of(cls, stream: TextIO, choice: str = "auto") -> Style:
        """The style for a stream: NO_COLOR switches off, FORCE_COLOR on, else colours on a terminal.

        Args:
            stream: Where the text goes.
            choice: ``always`` or ``never`` decide alone; ``auto`` leaves it to the above.
        """
        if choice != "auto":
            return cls(choice == "always")
        if os.environ.get("NO_COLOR"):
            return cls(False)
        return cls(bool(os.environ.get("FORCE_COLOR")) or stream.isatty())

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
