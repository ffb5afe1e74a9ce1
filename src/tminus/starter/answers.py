"""What a script is to be written for: the user's answers, checked against what is known."""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tminus.facts import Facts, GpuType, ModelShape

Method = Literal["qlora", "lora", "full"]

_BUILDERS = {".jsonl": "json", ".json": "json", ".csv": "csv"}
_QUESTIONS = ("instruction", "question", "query", "problem", "prompt", "input")
_CONTEXTS = ("input", "context")
_ANSWERS = ("output", "response", "answer", "completion", "solution")
_CHAT = re.compile(r"instruct|chat|(^|[-_/])it($|[-_])", re.IGNORECASE)


class StarterError(ValueError):
    """No script can be written for these answers; the message says why, and what can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a script is written for.

    Attributes:
        model: Hub id of the base model; it has to be one that the facts describe.
        data: Hub id of the data set, or the path of a local JSONL, JSON or CSV file.
        method: How it is trained.
        gpu: GPU type as in ``gpu=``, without the count.
        gpus: GPUs of a container.
        nodes: Containers that train together.
        epochs: Passes over the data.
        seq_len: Tokens of the longest sequence.
        global_batch: Sequences of an optimizer step, over all GPUs.
        micro_batch: Sequences of a forward pass on one GPU.
        save_steps: Optimizer steps between checkpoints.
        timeout_s: Seconds that an attempt may take.
        rows: Rows of the data, where no fact and no file tells.
    """

    model: str
    data: str
    method: Method = "qlora"
    gpu: str = "H100"
    gpus: int = 1
    nodes: int = 1
    epochs: int = 3
    seq_len: int = 2048
    global_batch: int = 64
    micro_batch: int = 1
    save_steps: int = 50
    timeout_s: int = 86400
    rows: int | None = None

    def __post_init__(self) -> None:
        for name in ("gpus", "nodes", "epochs", "seq_len", "global_batch", "micro_batch"):
            if getattr(self, name) < 1:
                raise StarterError(f"{name} is {getattr(self, name)}: at least 1 is needed")
        if self.global_batch % self.world_size:
            raise StarterError(
                f"a global batch of {self.global_batch} cannot be shared evenly by {self.world_size} GPUs: "
                f"give --global-batch {self.world_size * max(1, round(self.global_batch / self.world_size))}"
            )

    @property
    def world_size(self) -> int:
        """GPUs in all."""
        return self.gpus * self.nodes

    @property
    def local(self) -> Path | None:
        """The data's file, where it is one."""
        path = Path(self.data)
        return path if path.suffix in _BUILDERS else None

    @property
    def builder(self) -> str | None:
        """What `datasets` calls the reader of a local file."""
        return None if self.local is None else _BUILDERS[self.local.suffix]

    def shape(self, facts: Facts) -> ModelShape:
        """The model as the facts describe it.

        Raises:
            StarterError: They do not.
        """
        shape = facts.model(self.model)
        if shape is None:
            near = difflib.get_close_matches(self.model, [one.id for one in facts.models.values()], 5, 0.3)
            raise StarterError(
                f"{self.model}: not a model whose shape is known; the nearest by name are {', '.join(near)}. "
                "For another, start from a model of its size"
            )
        return shape

    def gpu_type(self, facts: Facts) -> GpuType:
        """The GPU type as the facts describe it.

        Raises:
            StarterError: There is none of the name.
        """
        found = facts.gpu(self.gpu)
        if found is None:
            near = ", ".join(facts.nearest_gpu_names(self.gpu) or facts.gpus)
            raise StarterError(f"{self.gpu} is not a GPU type of Modal; try {near}")
        return found

    @property
    def chats(self) -> bool:
        """Whether the model's name says that it was trained to chat, and so brings a chat template."""
        return _CHAT.search(self.model) is not None


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the data hold what is learnt.

    Attributes:
        question: What the model is given; None where a row is one text or a list of messages.
        context: What is added to the question, where a row has it.
        answer: What the model is to say.
        whole: The column that holds a whole text or a list of messages.
        messages: Whether it holds messages.
    """

    question: str | None = None
    context: str | None = None
    answer: str | None = None
    whole: str | None = None
    messages: bool = False


def columns_of(answers: Answers, facts: Facts) -> Columns:
    """Which columns of the data to train on.

    Raises:
        StarterError: They cannot be told, or the model cannot take them.
    """
    columns = _column_types(answers, facts)
    messages = [name for name, kind in columns.items() if kind == "messages"]
    if messages:
        if not answers.chats:
            raise StarterError(
                f"{answers.data} holds messages, and {answers.model} is a base model, whose tokenizer has no "
                "chat template: take the model's instruct variant, or data of prompts and completions"
            )
        return Columns(whole=messages[0], messages=True)
    answer = next((name for name in _ANSWERS if name in columns), None)
    question = next((name for name in _QUESTIONS if name in columns and name != answer), None)
    if question is not None and answer is not None:
        context = next((name for name in _CONTEXTS if name in columns and name != question), None)
        return Columns(question=question, context=context, answer=answer)
    if "text" in columns:
        return Columns(whole="text")
    raise StarterError(
        f"{answers.data} has the columns {', '.join(columns)}: none of {', '.join(_QUESTIONS)} with one of "
        f"{', '.join(_ANSWERS)}, no messages, no text. Rename two of them"
    )


def _column_types(answers: Answers, facts: Facts) -> Mapping[str, str]:
    if answers.local is None:
        known = facts.dataset(answers.data)
        if known is None:
            raise StarterError(
                f"{answers.data}: a data set whose columns are not known here, which are "
                f"{', '.join(sorted(facts.datasets))}. Give a local .jsonl or .csv file with some of its "
                "rows, and change the name in the script"
            )
        return known.columns
    try:
        row = _first_row(answers.local)
    except (OSError, ValueError) as error:
        raise StarterError(f"{answers.local}: cannot be read: {error}") from error
    return {name: _kind(value) for name, value in row.items()}


def rows_of(answers: Answers, facts: Facts) -> int | None:
    """Rows of the data, as given, as counted in a local file, or as the data set's card says."""
    if answers.rows is not None:
        return answers.rows
    if answers.local is not None:
        return _count_rows(answers.local)
    known = facts.dataset(answers.data)
    return None if known is None else known.splits.get("train") or next(iter(known.splits.values()), None)


def _count_rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            return sum(1 for _ in csv.DictReader(file))
        if path.suffix == ".json":
            return len(json.load(file))
        return sum(1 for line in file if line.strip())


def _first_row(path: Path) -> Mapping[str, object]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            row: object = next(csv.DictReader(file), None)
        elif path.suffix == ".json":
            found = json.load(file)
            row = found[0] if isinstance(found, list) and found else None
        else:
            row = json.loads(next((line for line in file if line.strip()), "null"))
    if not isinstance(row, Mapping):
        raise ValueError("its first row is no object of columns")
    return row


def _kind(value: object) -> str:
    chat = isinstance(value, list) and value and all(isinstance(one, dict) and "role" in one for one in value)
    return "messages" if chat else "string" if isinstance(value, str) else type(value).__name__
