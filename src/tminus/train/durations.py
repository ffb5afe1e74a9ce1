"""Lengths of time as people write them: `90s`, `10min`, `6h`, `2d`. No torch."""

from __future__ import annotations

import re

_UNITS_S = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")

FORM = 'a number and a unit (s, min, h, d), such as "10min" or "6h"'
"""What `parse_duration_s` reads, in words for messages."""


def parse_duration_s(text: str) -> float:
    """A length of time in seconds.

    Raises:
        ValueError: The text is not a number above zero and a unit.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise ValueError(f"{text!r} is not a length of time: it must be {FORM}")
    return float(match[1]) * _UNITS_S[match[2]]


def format_duration(seconds: float) -> str:
    """A length of time in the largest unit that leaves a number of at least one."""
    unit = next((unit for unit in ("d", "h", "min") if seconds >= _UNITS_S[unit]), "s")
    number = seconds / _UNITS_S[unit]
    return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
