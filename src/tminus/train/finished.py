"""Telling that a run is finished, and what it gave, without loading anything heavy."""

from __future__ import annotations

from pathlib import Path

from tminus.train.checkpoint import list_checkpoints
from tminus.train.config import TrainConfig
from tminus.train.manifest import ManifestError, verify
from tminus.train.metrics import METRICS_FILE, read_metrics
from tminus.train.record import FINAL_DIRECTORY, read_record
from tminus.train.result import TrainResult


def finished_result(config: TrainConfig) -> TrainResult | None:
    """The result of a run that is finished and whose result is intact; None where something is left to do.

    Raises:
        ResumeError: The directory holds a run that trains something else.
    """
    record = read_record(config)
    output = Path(config.output_dir)
    final = output / FINAL_DIRECTORY
    if record.status != "finished":
        return None
    try:
        verify(final)
    except ManifestError:
        return None
    first, last = losses(output)
    return TrainResult(
        status="finished",
        run_id=record.run_id,
        attempt=record.attempt,
        steps=record.steps,
        total_steps=record.total_steps,
        resumed_from=None,
        first_loss=first,
        last_loss=last,
        output_dir=str(output),
        final=str(final),
        checkpoints=tuple(str(checkpoint.path) for checkpoint in list_checkpoints(output)),
    )


def losses(output_dir: Path) -> tuple[float | None, float | None]:
    """Loss of the first and of the last logged step of the run."""
    lines = read_metrics(output_dir / METRICS_FILE)
    return (lines[0].get("loss"), lines[-1].get("loss")) if lines else (None, None)
