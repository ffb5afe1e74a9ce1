"""What a run gave back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["finished", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """Outcome of one attempt, with the run's losses over all attempts."""

    status: Status
    """`finished`, or `interrupted`: saved by a signal's request, and resumed by starting it again."""

    run_id: str
    """Identity of the run, the same at every attempt."""

    attempt: int
    """Which start of the run this was, from 1."""

    steps: int
    """Optimizer steps done, over all attempts."""

    total_steps: int
    """Optimizer steps of the whole run."""

    resumed_from: int | None
    """Step of the checkpoint that this attempt started from."""

    first_loss: float | None
    """Loss of the first logged step of the run."""

    last_loss: float | None
    """Loss of the last logged step of the run."""

    output_dir: str
    """Where checkpoints, metrics and the result lie."""

    final: str | None
    """Directory of the adapter (or the full weights) and the tokenizer, once the run is finished."""

    checkpoints: tuple[str, ...]
    """Complete checkpoints on disk, oldest first."""

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return asdict(self) | {"checkpoints": list(self.checkpoints)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainResult:
        """Build a result from what `to_dict` gave."""
        return cls(**(dict(values) | {"checkpoints": tuple(values["checkpoints"])}))
