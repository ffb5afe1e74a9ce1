"""The record of a run, `run.json` in its directory: its identity, its attempts, whether it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tminus.durable import write_json
from tminus.train.config import TrainConfig, differences
from tminus.train.errors import ResumeError

RECORD_FILE = "run.json"
FINAL_DIRECTORY = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is known of a run between its attempts."""

    run_id: str
    config: Mapping[str, Any]
    """The fields that decide what is trained."""

    attempt: int
    """Starts of the run that were recorded so far."""

    status: Literal["running", "finished"] = "running"
    steps: int = 0
    """Optimizer steps of the finished run."""

    total_steps: int = 0

    def started(self) -> RunRecord:
        """The record of one more attempt."""
        return replace(self, attempt=self.attempt + 1, status="running")

    def finished(self, steps: int, total_steps: int) -> RunRecord:
        """The record of the finished run."""
        return replace(self, status="finished", steps=steps, total_steps=total_steps)

    def write(self, output_dir: Path) -> None:
        """Replace `run.json` of a directory."""
        write_json(output_dir / RECORD_FILE, asdict(self))


def read_record(config: TrainConfig) -> RunRecord:
    """The record of this configuration's run; a fresh one, with no attempt yet, where there is none.

    Raises:
        ResumeError: The directory holds a run that trains something else; the fields that differ are named.
    """
    fresh = RunRecord(run_id=config.run_id, config=config.training_fields(), attempt=0)
    path = Path(config.output_dir) / RECORD_FILE
    try:
        record = RunRecord(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return fresh
    except (json.JSONDecodeError, TypeError, UnicodeDecodeError) as error:
        raise ResumeError(
            f"{path} is not a run's record ({error}). Choose another output_dir, or move the file away: "
            "training then continues from the newest complete checkpoint."
        ) from error
    refuse_other_config(config, record.config, str(path))
    return replace(record, run_id=config.run_id)


def refuse_other_config(config: TrainConfig, found: Mapping[str, Any], where: str) -> None:
    """Refuse to continue a run that trains something else.

    Raises:
        ResumeError: Names each field that differs, as `field: found -> asked for`.
    """
    changed = differences(found, config.training_fields())
    if changed:
        raise ResumeError(
            f"{where} belongs to a run with another configuration ({'; '.join(changed)}). "
            "Choose another output_dir for the new run, or set these fields back to continue this one."
        )
