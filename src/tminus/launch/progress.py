"""What a run's output tells of its progress: steps and losses, by the lines that trainers print."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, replace
from typing import Any

# `tminus.train` says "step 12/60  loss 3.1  lr 2e-4  1,234 tokens/s"; tqdm draws " 20%|██  | 12/60 [00:10".
_OWN_STEP = re.compile(r"\bstep (\d+)/(\d+)\b(?:.*?\bloss ([\d.eE+-]+))?(?:.*?([\d,]+) tokens/s)?")
_BAR = re.compile(r"\d+%\|[^|]*\| *(\d+)/(\d+) \[")
_TABLE = re.compile(r"\{[^{}]*['\"]loss['\"][^{}]*\}")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, as far as its output says.

    Attributes:
        step: The last optimizer step.
        steps: All of them.
        loss: The last loss.
        tokens_per_s: Tokens of a second.
        epoch: Passes over the data.
    """

    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    tokens_per_s: float | None = None
    epoch: float | None = None

    def after(self, line: str) -> Progress:
        """The progress after one more line of output."""
        if found := _OWN_STEP.search(line):
            step, steps, loss, speed = found.groups()
            return replace(
                self,
                step=int(step),
                steps=int(steps),
                loss=_number(loss, self.loss),
                tokens_per_s=_number(speed and speed.replace(",", ""), self.tokens_per_s),
            )
        if found := _TABLE.search(line):
            values = _table(found[0])
            return replace(
                self,
                loss=_number(values.get("loss"), self.loss),
                epoch=_number(values.get("epoch"), self.epoch),
                step=int(_number(values.get("step"), None) or 0) or self.step,
            )
        # The last state of a bar that was drawn over itself is the one that holds.
        bars = _BAR.findall(line)
        if bars and (self.steps is None or int(bars[-1][1]) == self.steps or self.loss is None):
            return replace(self, step=int(bars[-1][0]), steps=int(bars[-1][1]))
        return self


def _table(text: str) -> dict[str, Any]:
    # transformers prints the dict itself, other trainers JSON.
    for read in (ast.literal_eval, json.loads):
        try:
            values = read(text)
        except (ValueError, SyntaxError):
            continue
        if isinstance(values, dict):
            return values
    return {}


def _number(value: Any, otherwise: float | None) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return otherwise
