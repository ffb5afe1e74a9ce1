"""Keeping the values of secrets out of what is written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

REDACTED = "[secret]"
# Shorter values ("1", "true", "eu") would turn unrelated text into noise.
REDACTED_LENGTH_MIN = 6
# What people call a variable that nobody else may read.
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|PASSPHRASE|KEY|CREDENTIAL|AUTH|DSN|COOKIE", re.IGNORECASE)


def secret_values(values: Mapping[str, str], *, named: bool) -> list[str]:
    """Those values of a secret that nobody else may read.

    Args:
        values: Variable to value.
        named: Whether it is kept under a name. One that a script makes itself, by ``Secret.from_dict`` or
            ``env=``, mostly holds plain settings: of it only the variables count whose names say so.
    """
    return [value for name, value in values.items() if named or _SECRET_NAME.search(name)]


class Redactor:
    """Replaces values of secrets that were made known to it."""

    def __init__(self) -> None:
        self._hidden: set[str] = set()

    def hide(self, values: Iterable[str]) -> None:
        """Replace these values from now on."""
        self._hidden.update(value for value in values if len(value) >= REDACTED_LENGTH_MIN)

    def text(self, text: str) -> str:
        """A text without them."""
        # The longest first: one may be the beginning of another.
        for value in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(value, REDACTED)
        return text

    def anything(self, value: Any) -> Any:
        """A value that can be written as JSON, without them in any text within it."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self.text(str(key)): self.anything(one) for key, one in value.items()}
            case list() | tuple():
                return [self.anything(one) for one in value]
        return value

    def held_back(self, text: str) -> int:
        """Characters at the end of a text that may begin a value, whose rest is still to come."""
        longest = max(map(len, self._hidden), default=0)
        for length in range(min(longest - 1, len(text)), 0, -1):
            end = text[-length:]
            if any(value.startswith(end) and value != end for value in self._hidden):
                return length
        return 0


class RedactedStream:
    """Text that comes in pieces, with values that are cut in two by them.

    Args:
        redactor: Knows the values.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._rest = ""

    def feed(self, piece: str) -> str:
        """What can be written once this piece is there."""
        text = self._rest + piece
        keep = self._redactor.held_back(text)
        self._rest = text[len(text) - keep :]
        return self._redactor.text(text[: len(text) - keep])

    def end(self) -> str:
        """What was held back for a piece that never came."""
        rest, self._rest = self._rest, ""
        return self._redactor.text(rest)
