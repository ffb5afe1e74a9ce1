"""The value of a fact as a person writes it."""

from __future__ import annotations

from typing import Any

from tminus.facts import Fact

# Units that say what kind of thing the value is, and where the value goes.
_KINDS = {"date": "{}", "folder": "{}", "modal version": "modal {}", "release of modal": "modal {}"}


def shown_value(fact: Fact) -> str:
    """A value with its unit, such as ``86400 s``."""
    if fact.value is None:
        return "none documented"
    if fact.value == []:
        return "none"
    value = _plain(fact.value)
    return _KINDS.get(fact.unit, f"{{}} {fact.unit}").format(value).rstrip()


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return f"{value:.8f}".rstrip("0") if isinstance(value, float) and value < 0.001 else str(value)
