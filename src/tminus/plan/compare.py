"""What a change does to a plan: fit, hours and dollars, before and after."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tminus.plan.asked import PlanError

SAME = 0.005
"""Relative differences below this are none."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure before and after; None where there is none.

    Attributes:
        what: What it is, in words.
        before: Before.
        after: After.
        unit: How it is written: ``h``, ``$``, ``GiB``, or empty for words.
    """

    what: str
    before: float | str | None
    after: float | str | None
    unit: str = ""

    @property
    def differs(self) -> bool:
        """Whether the two differ by more than rounding."""
        if isinstance(self.before, int | float) and isinstance(self.after, int | float):
            return abs(self.after - self.before) > SAME * max(abs(self.before), 1e-9)
        return self.before != self.after

    def written(self, value: float | str | None) -> str:
        """A figure with its unit."""
        if value is None:
            return "none"
        if isinstance(value, str):
            return value
        return f"${value:,.2f}" if self.unit == "$" else f"{value:,.2f} {self.unit}".strip()

    @property
    def difference(self) -> str:
        """The change in words: ``+12 %``; empty without one."""
        if not self.differs:
            return ""
        if isinstance(self.before, int | float) and isinstance(self.after, int | float) and self.before:
            return f"{100 * (self.after / self.before - 1):+.0f} %"
        return "changed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two plans side by side.

    Attributes:
        name: What is planned.
        base: What it is compared with.
        changes: Every figure.
    """

    name: str
    base: str
    changes: tuple[Change, ...]

    @property
    def any(self) -> bool:
        """Whether something differs."""
        return any(change.differs for change in self.changes)

    def markdown(self) -> str:
        """The comparison as Markdown, for a comment on a pull request."""
        usd = next((change for change in self.changes if change.what == "price as asked"), None)
        head = f"### `tminus plan`: {self.name}\n\n"
        if not self.any:
            return head + f"No change against {self.base}.\n"
        if usd is not None and usd.differs:
            head += f"**{usd.written(usd.before)} → {usd.written(usd.after)}** a run"
            head += f" ({usd.difference})" if usd.difference else ""
            head += f" against {self.base}.\n\n"
        rows = [f"| | {self.base} | now | |", "|---|---|---|---|"]
        rows += [
            f"| {one.what} | {one.written(one.before)} | {one.written(one.after)} | {one.difference} |"
            for one in self.changes
        ]
        return head + "\n".join(rows) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {
            "name": self.name,
            "base": self.base,
            "changed": self.any,
            "changes": [
                {"what": one.what, "before": one.before, "after": one.after, "difference": one.difference}
                for one in self.changes
            ],
        }


def read_base(path: Path) -> dict[str, Any]:
    """A plan that ``--format json`` wrote.

    Raises:
        PlanError: The file cannot be read, or is no plan.
    """
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlanError(f"{path}: {error}") from error
    if not isinstance(plan, dict) or not {"job", "options", "recommended"} <= set(plan):
        raise PlanError(f"{path}: no plan; write one with `tminus plan SCRIPT --format json`")
    return plan


def compare(
    base: Mapping[str, Any] | None, now: Mapping[str, Any] | None, name: str, base_name: str
) -> Comparison:
    """Compare two plans as JSON values, as asked and as recommended; None is no plan on that side."""
    changes = []
    before, after = _asked(base), _asked(now)
    changes.append(Change("asked for", _get(before, "name"), _get(after, "name")))
    changes.append(Change("method", _job(base, "method"), _job(now, "method")))
    changes.append(Change("global batch", _job(base, "global_batch"), _job(now, "global_batch")))
    changes.append(Change("fits", _fit(before), _fit(after)))
    for what, key, unit in (
        ("memory of a GPU", "memory_gib_per_gpu", "GiB"),
        ("hours as asked", "hours", "h"),
        ("price as asked", "usd", "$"),
        ("price at most", "usd_high", "$"),
    ):
        changes.append(Change(what, _get(before, key), _get(after, key), unit))
    for kind in ("now", "cheapest", "fastest"):
        mine, theirs = _recommended(base, kind), _recommended(now, kind)
        changes.append(Change(f"recommended {kind}", _get(mine, "option"), _get(theirs, "option")))
        changes.append(Change(f"its price ({kind})", _get(mine, "usd"), _get(theirs, "usd"), "$"))
    return Comparison(name, base_name, tuple(changes))


def _asked(plan: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if plan is None:
        return None
    return next((option for option in plan["options"] if option["asked"]), None)


def _recommended(plan: Mapping[str, Any] | None, kind: str) -> Mapping[str, Any] | None:
    return None if plan is None else plan["recommended"].get(kind)


def _job(plan: Mapping[str, Any] | None, key: str) -> Any:
    return None if plan is None else plan["job"].get(key)


def _get(found: Mapping[str, Any] | None, key: str) -> Any:
    return None if found is None else found.get(key)


def _fit(option: Mapping[str, Any] | None) -> str | None:
    if option is None:
        return None
    return "refused" if not option["allowed"] else str(option["fit"])
