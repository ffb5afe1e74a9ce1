"""What is said where nothing was found; loads nothing, for answers from the cache."""

from __future__ import annotations


def nothing_found(files: int) -> str:
    """The line that a check of so many files ends with."""
    return f"Nothing found, {files} file{'s' if files != 1 else ''} checked."
