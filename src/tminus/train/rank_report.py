"""What a rank tells the launcher that started it, by a file: torchrun passes no exit code on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tminus.durable import write_json
from tminus.train.result import TrainResult


class RankReport:
    """This rank's report, `rank-N.json`. Does nothing without a directory."""

    def __init__(self, directory: Path | None) -> None:
        """Report that the rank is running and, by its handlers, can be told to stop."""
        self._path = None if directory is None else directory / f"rank-{os.environ.get('RANK', '0')}.json"
        self._write({"status": "running"})

    def ended(self, result: TrainResult) -> None:
        """Report how the attempt ended."""
        self._write({"status": result.status, "result": result.to_dict()})

    def failed(self, error: BaseException) -> None:
        """Report what went wrong."""
        self._write({"status": "failed", "error": f"{type(error).__name__}: {error}"})

    def _write(self, values: dict[str, Any]) -> None:
        if self._path is not None:
            write_json(self._path, {"pid": os.getpid(), **values})


@dataclass(frozen=True, slots=True)
class ReadReport:
    """A report as the launcher reads it."""

    rank: int
    pid: int
    status: str
    result: TrainResult | None
    error: str | None


def read_reports(directory: Path) -> list[ReadReport]:
    """The reports of this host's ranks, in the order of the ranks."""
    reports = []
    for path in directory.glob("rank-*.json"):
        values = json.loads(path.read_text(encoding="utf-8"))
        result = TrainResult.from_dict(values["result"]) if "result" in values else None
        rank = int(path.stem.removeprefix("rank-"))
        reports.append(ReadReport(rank, values["pid"], values["status"], result, values.get("error")))
    return sorted(reports, key=lambda report: report.rank)
