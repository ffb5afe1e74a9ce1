"""Which training rows a data set holds, told by its columns, and how they become TRL's rows. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tminus.train.errors import DataError

Kind = Literal["messages", "prompt_completion", "instruction", "text"]

_INPUTS = ("input", "context")
_OUTPUTS = ("output", "response")

ACCEPTED = (
    "messages (chat: a list of {role, content})",
    "prompt + completion (loss on the completion)",
    "instruction + output or response, with input or context where there is one (loss on the answer)",
    "text (plain text, loss on all of it)",
)
"""The accepted schemas, in the order in which they are looked for."""


@dataclass(frozen=True, slots=True)
class RowSchema:
    """How the rows of one data set are read."""

    kind: Kind
    columns: tuple[str, ...]
    """The columns that are used; the others are dropped."""

    def convert(self, row: Mapping[str, Any], chat: bool) -> dict[str, Any]:
        """One row as TRL takes it.

        Args:
            row: A row of the data set.
            chat: Whether the tokenizer has a chat template, which instruction rows then go through.
        """
        if self.kind != "instruction":
            return {column: row[column] for column in self.columns}
        task, *inputs, answer = (row[column] or "" for column in self.columns)
        question = "\n\n".join(part for part in (task, *inputs) if part)
        if chat:
            return {
                "prompt": [{"role": "user", "content": question}],
                "completion": [{"role": "assistant", "content": answer}],
            }
        return {"prompt": f"### Instruction:\n{question}\n\n### Response:\n", "completion": answer}


def recognise(columns: Iterable[str], source: str) -> RowSchema:
    """Tell the schema of a data set by its columns.

    Args:
        columns: Names of the columns.
        source: What the data set is called in messages.

    Raises:
        DataError: No accepted schema fits; the columns found and the accepted schemas are listed.
    """
    names = list(columns)
    if "messages" in names:
        return RowSchema("messages", ("messages",))
    if "prompt" in names and "completion" in names:
        return RowSchema("prompt_completion", ("prompt", "completion"))
    answers = [name for name in _OUTPUTS if name in names]
    if "instruction" in names and answers:
        inputs = [name for name in _INPUTS if name in names][:1]
        return RowSchema("instruction", ("instruction", *inputs, answers[0]))
    if "text" in names:
        return RowSchema("text", ("text",))
    raise DataError(
        f"{source} has the columns {', '.join(names) or '(none)'}, which are no accepted training rows. "
        f"Accepted: {'; '.join(ACCEPTED)}. Rename the columns, or convert the data set."
    )
