"""What is recorded while training goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from tminus.train.metrics import METRICS_FILE, append_metrics
from tminus.train.reporter import Reporter
from tminus.train.speed import Meter


class RecordMetrics(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Writes a line of metrics and shows progress whenever the trainer logs, on rank 0."""

    def __init__(
        self, output_dir: Path, attempt: int, resumed_from: int | None, reporter: Reporter, meter: Meter
    ) -> None:
        self._path = output_dir / METRICS_FILE
        self._always = {"attempt": attempt, "resumed_from": resumed_from}
        self._reporter = reporter
        self._meter = meter
        self.failure: OSError | None = None
        """Why a line could not be written. Training goes on to the next boundary, where the ranks stop."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Show the progress so far."""
        tokens = next((line["num_tokens"] for line in reversed(state.log_history) if "num_tokens" in line), 0)
        self._meter.begin(state.global_step, int(tokens))
        self._reporter.start(state.global_step, state.max_steps)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Write and show one line."""
        if not state.is_world_process_zero or not logs:
            return
        if "eval_loss" in logs:
            self._reporter.say(f"step {state.global_step}: evaluation loss {logs['eval_loss']:.4g}")
            self._write(
                {
                    "step": state.global_step,
                    "eval_loss": logs["eval_loss"],
                    "eval_s": logs.get("eval_runtime"),
                    "time": time.time(),
                }
            )
        if "loss" not in logs:
            return
        tokens = int(logs.get("num_tokens") or 0)
        values = {
            "step": state.global_step,
            "total_steps": state.max_steps,
            "epoch": logs.get("epoch"),
            "loss": logs["loss"],
            "learning_rate": logs.get("learning_rate"),
            "grad_norm": logs.get("grad_norm"),
            "tokens": tokens,
            "time": time.time(),
            **self._meter.measure(state.global_step, state.max_steps, tokens),
        }
        self._reporter.progress(values)
        self._write(values)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the progress bar down."""
        self._reporter.stop()

    def _write(self, values: Mapping[str, Any]) -> None:
        try:
            # JSON has no NaN; a line that other readers refuse would be worse than a missing number.
            append_metrics(
                self._path, {key: _finite(value) for key, value in {**values, **self._always}.items()}
            )
        except OSError as error:
            self.failure = error


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
