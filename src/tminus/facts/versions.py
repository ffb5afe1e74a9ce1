"""Comparing version numbers of releases, without a package for it."""

from __future__ import annotations

from functools import lru_cache

from tminus.lazy import pattern

_NUMBER = pattern(r"v?(\d+(?:\.\d+)*)")


@lru_cache(maxsize=4096)
def version_key(version: str) -> tuple[int, ...]:
    """The release numbers of a version, comparable: ``"1.10.0"`` is ``(1, 10)``.

    What follows the numbers (``rc1``, ``.post1``, ``+cpu``) is left out: signatures differ by release.

    Raises:
        ValueError: The text does not begin with a number.
    """
    match = _NUMBER.match(version.strip())
    if match is None:
        raise ValueError(f"{version!r} is not a version number")
    numbers = [int(part) for part in match[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
