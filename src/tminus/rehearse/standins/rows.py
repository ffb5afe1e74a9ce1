"""Rows for stand-in data sets: questions and answers from the standard library's docstrings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tminus.rehearse.standins.errors import NoStandInError
from tminus.train.docqa import docqa_rows

# A rehearsal caps sequences anyway; longer texts would only cost tokenizing.
_ANSWER_CHARACTERS = 240
_PAIRS = 800

COLUMN_TYPES = ("string", "int64", "bool", "messages")
"""Types of columns that can be made; ``messages`` is a list of role and content."""

_QUESTIONS = frozenset({"instruction", "prompt", "question", "query", "inputs", "problem", "human"})
_EMPTY = frozenset({"input", "context", "system", "system_prompt"})


def corpus() -> Iterator[str]:
    """Texts to train a tokenizer from, in a fixed order."""
    for pair in _pairs():
        yield pair.question
        yield pair.answer


def make_rows(columns: Mapping[str, str], count: int) -> list[dict[str, Any]]:
    """Make `count` rows with these columns, the same on every call.

    A column's content follows its name where the name is usual (``instruction``, ``output``, ``text``,
    ``rejected``, ...) and is an answer otherwise.

    Args:
        columns: Column name to one of `COLUMN_TYPES`.
        count: How many rows.

    Raises:
        NoStandInError: A column has another type.
    """
    makers = {name: _maker(name, type_name) for name, type_name in columns.items()}
    pairs = _pairs()
    return [{name: make(pairs, number) for name, make in makers.items()} for number in range(count)]


@dataclass(frozen=True, slots=True)
class _Pair:
    question: str
    answer: str


@cache  # reading the docstrings of the whole library takes seconds
def _pairs() -> tuple[_Pair, ...]:
    return tuple(_Pair(row["question"], _short(row["answer"])) for row in docqa_rows(_PAIRS))


_Maker = Callable[[Sequence[_Pair], int], Any]


def _maker(name: str, type_name: str) -> _Maker:
    if type_name == "string":
        return _text_maker(name.lower())
    makers: dict[str, _Maker] = {
        "int64": lambda pairs, number: number,
        "bool": lambda pairs, number: number % 2 == 0,
        "messages": _messages_maker(name.lower()),
    }
    if type_name not in makers:
        raise NoStandInError(
            f"column {name!r} has the type {type_name!r}; "
            f"stand-ins have columns of {', '.join(COLUMN_TYPES)}."
        )
    return makers[type_name]


def _text_maker(name: str) -> _Maker:
    if name in _QUESTIONS:
        return lambda pairs, number: _at(pairs, number).question
    if name in _EMPTY:
        return lambda pairs, number: ""
    if name == "text":
        return lambda pairs, number: _prompted(_at(pairs, number))
    if name == "rejected":
        return lambda pairs, number: _at(pairs, number + 1).answer
    if name == "id" or name.endswith("_id"):
        return lambda pairs, number: hashlib.sha256(str(number).encode()).hexdigest()
    if name in ("category", "source", "subset"):
        return lambda pairs, number: "stdlib"
    return lambda pairs, number: _at(pairs, number).answer


def _messages_maker(name: str) -> _Maker:
    # A prompt column holds the question only, a completion only the answer: TRL's conversational
    # prompt-completion and preference formats.
    def messages(pairs: Sequence[_Pair], number: int) -> list[dict[str, str]]:
        pair = _at(pairs, number)
        answer = _at(pairs, number + 1).answer if name == "rejected" else pair.answer
        turns = [
            {"role": "user", "content": pair.question},
            {"role": "assistant", "content": answer},
        ]
        if name == "prompt":
            return turns[:1]
        return turns[1:] if name in ("completion", "chosen", "rejected") else turns

    return messages


def _at(pairs: Sequence[_Pair], number: int) -> _Pair:
    return pairs[number % len(pairs)]


def _prompted(pair: _Pair) -> str:
    return f"### Instruction:\n{pair.question}\n\n### Response:\n{pair.answer}"


def _short(text: str) -> str:
    return text[:_ANSWER_CHARACTERS].rsplit(" ", 1)[0] if len(text) > _ANSWER_CHARACTERS else text
