"""Which training rows a data set holds, told by its columns, and what each says to learn. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tminus.train.errors import DataError

Kind = Literal["messages", "prompt_completion", "instruction", "text"]
Message = dict[str, Any]

_INPUTS = ("input", "context")
_OUTPUTS = ("output", "response")
_CHATS = ("messages", "conversations")

# ShareGPT's names of the speakers, where `conversations` hold `from` and `value`.
_SPEAKERS = {"human": "user", "gpt": "assistant", "observation": "tool"}

ACCEPTED: Mapping[Kind, str] = {
    "messages": "messages or conversations (chat: a list of {role, content}, or of {from, value})",
    "prompt_completion": "prompt + completion (loss on the completion)",
    "instruction": "instruction + output or response, with input or context where there is one "
    "(loss on the answer)",
    "text": "text (plain text, loss on all of it)",
}
"""The accepted schemas, in the order in which they are looked for."""


class BadRow(ValueError):  # noqa: N818  # a row is bad, not the program
    """A row that cannot be learned from; the message says why."""


class NothingToLearn(BadRow):
    """A row that can be read, and has no token that is learned."""


@dataclass(frozen=True, slots=True)
class Example:
    """What one row says: either a chat, or a text that follows a prompt."""

    messages: list[Message] | None = None
    context: int = 0
    """Messages at the beginning that are given and not learned: the prompt of a chat with a completion."""

    prompt: str | None = None
    """None where the row is a plain text."""

    text: str = ""
    """The completion, or the plain text."""

    tools: list[Any] | None = None
    """Functions that a chat's template describes to the model."""

    extra: Mapping[str, Any] = field(default_factory=dict)
    """What else the row gives to its template, from its column `chat_template_kwargs`."""


@dataclass(frozen=True, slots=True)
class RowSchema:
    """How the rows of one data set are read."""

    kind: Kind
    columns: tuple[str, ...]
    """The columns that are used; the others are left out."""

    def read(self, row: Mapping[str, Any], *, chat: bool) -> Example:
        """What a row says.

        Args:
            row: A row of the data set.
            chat: Whether there is a chat template, which instruction rows then go through.

        Raises:
            BadRow: A column is missing, empty, or of another type.
        """
        lacking = [name for name in self.columns if name not in row]
        if lacking and self.kind != "instruction":
            raise BadRow(f"it lacks {', '.join(lacking)}")
        if self.kind == "text":
            return Example(text=_text(row, "text"))
        if self.kind == "instruction":
            return self._instruction(row, chat)
        tools, extra = _tools(row.get("tools")), row.get("chat_template_kwargs") or {}
        if self.kind == "messages":
            messages = _messages(row[self.columns[0]], self.columns[0])
            return Example(messages, tools=tools, extra=extra)
        prompt, completion = row["prompt"], row["completion"]
        if isinstance(prompt, str) and isinstance(completion, str):
            return Example(prompt=prompt, text=_text(row, "completion"))
        before = _messages(prompt, "prompt")
        messages = [*before, *_messages(completion, "completion")]
        return Example(messages, len(before), tools=tools, extra=extra)

    def _instruction(self, row: Mapping[str, Any], chat: bool) -> Example:
        task_column, *input_columns, answer_column = self.columns
        answer = _text(row, answer_column)
        parts = (row.get(task_column), *(row.get(name) for name in input_columns))
        question = "\n\n".join(part for part in parts if isinstance(part, str) and part)
        if not question:
            raise BadRow(f"its {task_column} is empty")
        if chat:
            turns = (("user", question), ("assistant", answer))
            return Example(messages=[{"role": role, "content": text} for role, text in turns], context=1)
        return Example(prompt=f"### Instruction:\n{question}\n\n### Response:\n", text=answer)


def recognise(columns: Iterable[str], source: str, asked: str = "auto") -> RowSchema:
    """Tell the schema of a data set by its columns.

    Args:
        columns: Names of the columns.
        source: What the data set is called in messages.
        asked: The schema that the configuration names, or `auto`.

    Raises:
        DataError: No accepted schema fits; the columns found and the accepted schemas are listed.
    """
    names = list(columns)
    found = {schema.kind: schema for schema in reversed(list(_fitting(names)))}
    kinds = [kind for kind in ACCEPTED if kind in found]
    if asked != "auto":
        kinds = [kind for kind in kinds if kind == asked]
    if kinds:
        return found[kinds[0]]
    accepted = [text for kind, text in ACCEPTED.items() if asked in ("auto", kind)]
    raise DataError(
        f"{source} has the columns {', '.join(names) or '(none)'}, which are no accepted training rows. "
        f"Accepted: {'; '.join(accepted)}. Rename the columns, or convert the data set."
    )


def _fitting(names: list[str]) -> Iterable[RowSchema]:
    for name in _CHATS:
        if name in names:
            yield RowSchema("messages", (name,))
    if "prompt" in names and "completion" in names:
        yield RowSchema("prompt_completion", ("prompt", "completion"))
    answers = [name for name in _OUTPUTS if name in names]
    if "instruction" in names and answers:
        inputs = [name for name in _INPUTS if name in names][:1]
        yield RowSchema("instruction", ("instruction", *inputs, answers[0]))
    if "text" in names:
        yield RowSchema("text", ("text",))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise BadRow(f"its {name} is {_kind(value)}, not a text")
    if not value.strip():
        raise BadRow(f"its {name} is empty")
    return value


def _messages(value: Any, name: str) -> list[Message]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)  # as CSV files carry them
        except json.JSONDecodeError as error:
            raise BadRow(f"its {name} is a text that is no JSON list ({error.msg})") from error
    if not isinstance(value, list):
        raise BadRow(f"its {name} is {_kind(value)}, not a list of messages")
    if not value:
        raise BadRow(f"its {name} has no message")
    return [_message(one, number) for number, one in enumerate(value, 1)]


def _message(value: Any, number: int) -> Message:
    if not isinstance(value, Mapping):
        raise BadRow(f"message {number} is {_kind(value)}, not an object with role and content")
    # Arrow gives every message the keys of all of them.
    message = {key: item for key, item in value.items() if item is not None}
    if "from" in message and "role" not in message:
        speaker = str(message.pop("from"))
        message = {"role": _SPEAKERS.get(speaker, speaker), "content": message.pop("value", None), **message}
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str):
        raise BadRow(f"message {number} has no role")
    if not isinstance(content, str) and not (content is None and message.get("tool_calls")):
        raise BadRow(f"the content of message {number} ({role}) is {_kind(content)}, not a text")
    return message


def _tools(value: Any) -> list[Any] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise BadRow(f"its tools are a text that is no JSON ({error.msg})") from error
    return value or None


def _kind(value: Any) -> str:
    return "missing" if value is None else f"a {type(value).__name__}"
