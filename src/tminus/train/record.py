"""The record of a run, `run.json` in its directory: its identity, its attempts, whether it is done."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tminus.durable import write_json
from tminus.train.allowance import Allowance, ends_of
from tminus.train.checkpoint import list_checkpoints
from tminus.train.config import TrainConfig, differences
from tminus.train.errors import ResumeError, SaveError
from tminus.train.metrics import METRICS_FILE, read_metrics

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

    rollbacks: int = 0
    """How often the run went back to a checkpoint after bad updates; the order of the rows depends on it."""

    spent_s: float = 0.0
    """Seconds of the attempts that are over."""

    started_at: float = 0.0
    """When the attempt that is not over began, in seconds since the epoch; 0 where there is none."""

    def started(self, at: float, last_sign: float) -> RunRecord:
        """The record of one more attempt.

        Args:
            at: When it began, in seconds since the epoch.
            last_sign: When the attempt before it was last seen, where nothing says that it ended.
        """
        over = self.ended(last_sign)
        return replace(over, attempt=self.attempt + 1, status="running", started_at=at)

    def ended(self, at: float) -> RunRecord:
        """The record once the attempt that runs is over.

        Args:
            at: When it ended, in seconds since the epoch.
        """
        took_s = max(0.0, at - self.started_at) if self.started_at else 0.0
        return replace(self, spent_s=self.spent_s + took_s, started_at=0.0)

    def rolled_back(self) -> RunRecord:
        """The record once it was decided to go back to a checkpoint."""
        return replace(self, rollbacks=self.rollbacks + 1)

    def finished(self, steps: int, total_steps: int) -> RunRecord:
        """The record of the finished run."""
        return replace(self, status="finished", steps=steps, total_steps=total_steps)

    def write(self, output_dir: Path) -> None:
        """Replace `run.json` of a directory."""
        write_json(output_dir / RECORD_FILE, asdict(self))


def last_sign_of_life(output_dir: Path, record: RunRecord) -> float:
    """When the attempt of a record last wrote metrics or a checkpoint, in seconds since the epoch."""
    lines = (
        line for line in read_metrics(output_dir / METRICS_FILE) if line.get("attempt") == record.attempt
    )
    logged = (float(line.get("time", 0.0)) for line in lines)
    manifests = (checkpoint.manifest for checkpoint in list_checkpoints(output_dir))
    saved = (time.time() - manifest.age_s for manifest in manifests if manifest.attempt == record.attempt)
    return max((*logged, *saved), default=record.started_at)


def refuse_spent_budget(config: TrainConfig, allowance: Allowance) -> None:
    """Refuse to start ranks that would have to stop at once.

    Raises:
        BudgetError: The budget is spent, or there is no price to count by.
        ResumeError: The directory holds a run that trains something else.
    """
    record = read_record(config)
    over = record.ended(last_sign_of_life(Path(config.output_dir), record))
    ends_of(config, allowance, over.spent_s, allowance.started)


def read_record(config: TrainConfig) -> RunRecord:
    """The record of this configuration's run; a fresh one, with no attempt yet, where there is none.

    Raises:
        ResumeError: The directory holds a run that trains something else; the fields that differ are named.
        SaveError: The directory cannot be read.
    """
    fresh = RunRecord(run_id=config.run_id, config=config.training_fields(), attempt=0)
    path = Path(config.output_dir) / RECORD_FILE
    try:
        record = RunRecord(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return fresh
    except OSError as error:
        raise unusable_output(config, error) from error
    except (json.JSONDecodeError, TypeError, UnicodeDecodeError) as error:
        raise ResumeError(
            f"{path} is not a run's record ({error}). Choose another output_dir, or move the file away: "
            "training then continues from the newest complete checkpoint."
        ) from error
    refuse_other_config(config, record.config, str(path))
    return replace(record, run_id=config.run_id)


def unusable_output(config: TrainConfig, error: OSError) -> SaveError:
    """What is raised where a run's directory cannot be read and written."""
    return SaveError(
        f"output_dir: {config.output_dir} cannot be read and written ({error}). Nothing in it was deleted. "
        "Make room or give the right to write there, or choose another output_dir."
    )


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
