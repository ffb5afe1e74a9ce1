"""The run's metrics: one JSON object a line, appended and closed, so that no file stays open on a volume.

Lines of steps that a later attempt ran again stay in the file. Every line carries its attempt and the step
from which that attempt resumed, so `read_metrics` can leave out what no longer belongs to the run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

METRICS_FILE = "metrics.jsonl"


def append_metrics(path: Path, values: Mapping[str, Any]) -> None:
    """Append one line.

    A kill can leave half a line at the end of the file; the new line then starts on a fresh one.
    """
    line = json.dumps(values, separators=(", ", ": ")).encode() + b"\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of training steps in their order, each step once; an empty list where there is no file.

    A line counts unless a later attempt resumed from before its step. Half-written lines are skipped.
    """
    return _read(path, "loss")


def read_evaluations(path: Path) -> list[dict[str, Any]]:
    """The lines of evaluations, as `read_metrics` gives those of steps."""
    return _read(path, "eval_loss")


def _read(path: Path, needed: str) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines: list[dict[str, Any]] = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            values = json.loads(text)
        except json.JSONDecodeError:
            continue
        if isinstance(values, dict) and isinstance(values.get("step"), int):
            lines.append(values)
    starts = {line.get("attempt", 0): line.get("resumed_from") or 0 for line in lines}
    latest: dict[int, dict[str, Any]] = {}
    for line in lines:
        attempt, step = line.get("attempt", 0), line["step"]
        if needed in line and all(start >= step for later, start in starts.items() if later > attempt):
            latest[step] = line
    return [latest[step] for step in sorted(latest)]
