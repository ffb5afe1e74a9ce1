"""How many optimizer steps a training has, where its rows are known."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import dataclass

from tminus.check.containers import allocations
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Known, ModalFunction, Script
from tminus.script.training import LibraryCall

# Trainer settings whose steps are rows by batch; those of reinforcement count completions.
ARGUMENTS = ("transformers.TrainingArguments", "transformers.Seq2SeqTrainingArguments", "trl.SFTConfig")

_SLICE = pattern(r"(\w+)\[:(\d+)(%?)\]")
# What makes more rows of a data set than it has.
_MULTIPLIES = pattern(r"(?i)^(concatenate_datasets|interleave_datasets|repeat|oversample|IterableDataset)$")


@dataclass(frozen=True, slots=True)
class Steps:
    """A number of optimizer steps.

    Attributes:
        count: The steps; an upper bound where the rows are one.
        of: What it was computed from, in words.
    """

    count: int
    of: str


def optimizer_steps(script: Script, facts: Facts, function: ModalFunction, call: LibraryCall) -> Steps | None:
    """The steps that the rows give: rows × epochs / (micro-batch × accumulation × world size).

    The rows are a constant of the script, those that a data set's card names, or a slice of a split, such as
    ``train[:1000]``. Filters and a split for evaluation leave fewer. None where one of the figures is not
    certain.

    Args:
        script: The script.
        facts: The data sets that are known.
        function: The function that trains.
        call: The call that makes the trainer's settings, one of `ARGUMENTS`.
    """
    rows = _rows(script, facts, function)
    epochs = number(call, "num_train_epochs")
    micro_batch = number(call, "per_device_train_batch_size")
    accumulation = number(call, "gradient_accumulation_steps", 1)
    worlds = {one.total for one in allocations(script, facts) if one.function is function}
    if rows is None or not epochs or not micro_batch or not accumulation or len(worlds) != 1:
        return None
    count, whence = rows
    batch = micro_batch * accumulation * worlds.pop()
    return Steps(
        math.ceil(count / batch * epochs), f"{count} rows{whence}, {epochs:g} epochs, {batch:g} rows a step"
    )


def number(call: LibraryCall, name: str, default: float | None = None) -> float | None:
    """The number of an argument that is certain, the default where it is not given, else None."""
    if name not in call.made.kwargs:
        return default
    value = call.made.kwargs[name]
    if not isinstance(value, Known) or value.assumed or value.others or isinstance(value.value, bool):
        return None
    return float(value.value) if isinstance(value.value, int | float) else None


def _rows(script: Script, facts: Facts, function: ModalFunction) -> tuple[int, str] | None:
    training = script.trainings(function)[0]
    constant = training.known("rows")
    if isinstance(constant, int):
        return constant, ""
    loads = _loads(script.reachable(function).calls)
    if not loads:
        # Another function prepares what this one trains on.
        loads, training = _loads(script.library_calls), script.training
    trained = [call for call in loads if not _is_for_evaluation(call)]
    if len(trained) != 1 or _multiplies(script):
        return None
    name, split = training.known("dataset"), training.known("dataset_split")
    if not isinstance(name, str) or not isinstance(split, str) or "streaming" in trained[0].made.kwargs:
        return None
    known = facts.dataset(name)
    found = _SLICE.fullmatch(split)
    whole = known.splits.get(found[1] if found else split) if known is not None else None
    if found is None:
        return (whole, f" of {name}") if whole is not None else None
    if not found[3]:
        most = int(found[2])
        return min(most, whole or most), f" of {name}"
    return (whole * int(found[2]) // 100, f" of {name}") if whole is not None else None


def _loads(calls: Iterable[LibraryCall]) -> list[LibraryCall]:
    return [call for call in calls if call.made.name == "datasets.load_dataset"]


def _is_for_evaluation(call: LibraryCall) -> bool:
    split = call.made.kwargs.get("split")
    return isinstance(split, Known) and str(split.value).startswith(("test", "val", "eval"))


def _multiplies(script: Script) -> bool:
    return any(
        isinstance(one.node, ast.Name | ast.Attribute)
        and _MULTIPLIES.match(one.node.id if isinstance(one.node, ast.Name) else one.node.attr)
        for one in script.placed
    )
