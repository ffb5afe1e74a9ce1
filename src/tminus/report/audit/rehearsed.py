"""The record that a rehearsal leaves, read back: what a report needs of ``rehearsal.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class RecordError(ValueError):
    """There is no record there, or it cannot be read; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class RehearsedClaim:
    """A claim and its outcome: ``proven``, ``violated``, ``not shown`` or ``noted``."""

    claim: str
    outcome: str
    seen: str
    advice: str
    rule: str


@dataclass(frozen=True, slots=True)
class RehearsedFault:
    """An interruption and what came after it; None where nothing did. Times are seconds."""

    kind: str
    step: int
    resumed_from: int | None
    steps_twice: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A rehearsal as its record tells it.

    Attributes:
        script: The script, as it was named.
        status: ``passed``, ``failed``, ``refused`` or ``inconclusive``.
        claims: What was claimed and seen.
        faults: The interruptions.
        attempts: Attempts at the training.
        max_steps: Steps that the training was shrunk to; None where no attempt said so.
        saves: Steps at which checkpoints were saved, each once.
        last_step: The last step that was reached.
        global_batch: Rows of an optimizer step.
        seconds: How long it took.
        isolation: How containers were kept apart.
        lists: ``stood_in``, ``changes``, ``proven``, ``not_proven`` and ``unknown``, in words.
        timeline: The picture beside the record; None where there is none.
    """

    script: str
    status: str
    claims: tuple[RehearsedClaim, ...]
    faults: tuple[RehearsedFault, ...]
    attempts: int
    max_steps: int | None
    saves: tuple[int, ...]
    last_step: int | None
    global_batch: int | None
    seconds: float
    isolation: str
    lists: Mapping[str, tuple[str, ...]]
    timeline: str | None

    @property
    def save_every(self) -> int | None:
        """Steps between two checkpoints; None with fewer than two."""
        apart = sorted(later - before for before, later in zip(self.saves, self.saves[1:], strict=False))
        return apart[len(apart) // 2] if apart else None


def read_rehearsal(path: Path) -> Rehearsed:
    """Read the record of a rehearsal.

    Args:
        path: Its folder, or its ``rehearsal.json``.

    Raises:
        RecordError: There is none, or it is none.
    """
    file = path / "rehearsal.json" if path.is_dir() else path
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        picture = file.with_name("timeline.svg")
        timeline = picture.read_text(encoding="utf-8") if picture.exists() else None
        return _rehearsed(document, timeline)
    except FileNotFoundError as error:
        raise RecordError(f"{file}: no record of a rehearsal; `tminus rehearse` writes one") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecordError(f"{file}: cannot be read: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{file}: not the record of a rehearsal: {error!r} is missing or wrong") from error


def _rehearsed(document: dict[str, Any], timeline: str | None) -> Rehearsed:
    attempts = document["attempts"]
    last = attempts[-1] if attempts else {}
    saves = {int(save["step"]) for one in attempts for save in one["saves"]}
    return Rehearsed(
        script=document["script"],
        status=document["status"],
        claims=tuple(
            RehearsedClaim(
                one["claim"], one["outcome"], one["seen"], one.get("advice") or "", one.get("rule") or ""
            )
            for one in document["claims"]
        ),
        faults=tuple(
            RehearsedFault(
                one["kind"], one["step"], one["resumed_from"], one["steps_twice"], one.get("seconds")
            )
            for one in document["interruptions"]
        ),
        attempts=len(attempts),
        max_steps=last.get("max_steps"),
        saves=tuple(sorted(saves)),
        last_step=max((one["last_step"] for one in attempts), default=None),
        global_batch=document["workload"].get("global_batch"),
        seconds=float(document["seconds"]),
        isolation=document["isolation"],
        lists={
            name: tuple(document.get(name, ()))
            for name in ("stood_in", "changes", "proven", "not_proven", "unknown")
        },
        timeline=timeline,
    )
