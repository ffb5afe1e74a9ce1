"""Rows as tokens, each token with whether it is learned.

A text is tokenised as a whole, as the model will see it, and a token is learned where it covers a learned
character. So no turn is tokenised apart from what stands before it, and what is learned is told on the tokens
that are trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tminus.train.chat import ChatTemplate, Span
from tminus.train.config import TrainConfig
from tminus.train.errors import DataError
from tminus.train.rows import BadRow, Example, Message, NothingToLearn, RowSchema

IGNORED = -100
"""Label of a token that is not learned, as torch's cross-entropy leaves it out."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of one row."""

    input_ids: list[int]
    labels: list[int]
    """The token, or `IGNORED`. The first token is nobody's prediction, and so never learned."""

    full_length: int
    """Tokens of the row before it was cut."""


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    spans: list[Span]
    whole: bool
    """Whether the template has written special tokens; otherwise the tokenizer adds them, and we the end."""


class Encoder:
    """Turns examples into tokens, for one configuration and tokenizer."""

    def __init__(
        self, config: TrainConfig, tokenizer: Any, schema: RowSchema, template: ChatTemplate | None
    ) -> None:
        """Make an encoder.

        Raises:
            DataError: The tokenizer does not tell which characters a token covers, there is no chat template
                for chats, or the rows have no such part as `loss_on` names.
        """
        if not tokenizer.is_fast:
            raise DataError(
                f"model: the tokenizer of {config.model} ({type(tokenizer).__name__}) does not tell which "
                "characters a token covers, so what is learned cannot be verified. Use a model with a "
                "tokenizer.json."
            )
        if schema.kind == "messages" and template is None:
            raise DataError(
                f"chat_template: the tokenizer of {config.model} has none, and the rows are chats. Give "
                "chat_template, a file or the template itself, or use the model's instruct variant."
            )
        if config.loss_on == "assistant" and schema.kind == "text":
            raise DataError(
                "loss_on: found 'assistant', but the rows are plain texts without turns. Set it to all."
            )
        if config.loss_on == "completion" and schema.kind == "text":
            raise DataError("loss_on: found 'completion', but the rows are plain texts. Set it to all.")
        self._config = config
        self._tokenizer = tokenizer
        self._template = template
        self._schema = schema

    def encode(self, rows: Sequence[dict[str, Any]]) -> list[Encoded | BadRow]:
        """The tokens of rows, cut to `seq_len`, or why a row cannot be learned from."""
        outcomes: list[_Text | BadRow] = []
        for row in rows:
            try:
                outcomes.append(self._text(self._schema.read(row, chat=self._template is not None)))
            except BadRow as bad:
                outcomes.append(bad)
        tokens: dict[int, tuple[list[int], list[Span]]] = {}
        for whole in (True, False):
            chosen = [
                (index, one.text)
                for index, one in enumerate(outcomes)
                if isinstance(one, _Text) and one.whole is whole
            ]
            if chosen:
                found = self._tokenizer(
                    [text for _, text in chosen],
                    add_special_tokens=not whole,
                    return_offsets_mapping=True,
                    return_attention_mask=False,
                )
                for (index, _), ids, offsets in zip(
                    chosen, found["input_ids"], found["offset_mapping"], strict=True
                ):
                    tokens[index] = (ids, offsets)
        return [
            self._labelled(one, *tokens[index]) if isinstance(one, _Text) else one
            for index, one in enumerate(outcomes)
        ]

    def _text(self, example: Example) -> _Text:
        if example.messages is None:
            prompt = example.prompt or ""
            text = prompt + example.text
            start = 0 if self._config.loss_on == "all" or example.prompt is None else len(prompt)
            return _Text(text, [(start, len(text))], whole=False)
        if self._template is None:
            raise BadRow("it is a chat, and there is no chat template")
        if self._config.loss_on == "all":
            text = self._template.render(example.messages, example)
            return _Text(text, [(0, len(text))], whole=True)
        last = len(example.messages) - 1

        def chosen(number: int, message: Message) -> bool:
            if message["role"] != "assistant" or number < example.context:
                return False
            return self._config.loss_on != "completion" or example.context > 0 or number == last

        text, spans = self._template.learned(example, chosen)
        return _Text(text, spans, whole=True)

    def _labelled(self, text: _Text, ids: list[int], offsets: list[Span]) -> Encoded | BadRow:
        learned = _covering(offsets, text.spans)
        end = self._tokenizer.eos_token_id
        if not text.whole and end is not None:
            if not ids or ids[-1] != end:
                ids, learned = [*ids, end], [*learned, True]
            else:
                learned[-1] = True
        length = self._config.seq_len
        labels = [token if one else IGNORED for token, one in zip(ids[:length], learned, strict=False)]
        if labels:
            labels[0] = IGNORED
        if all(label == IGNORED for label in labels):
            return NothingToLearn(
                f"it has no token to learn from within {length} tokens"
                + ("" if len(ids) <= length else f" (it has {len(ids)}; the prompt alone fills them)")
            )
        return Encoded(ids[:length], labels, len(ids))


def _covering(offsets: list[Span], spans: list[Span]) -> list[bool]:
    """Whether each token covers a character of a span. Tokens and spans are in the order of the text."""
    learned = [False] * len(offsets)
    at = 0
    for index, (start, end) in enumerate(offsets):
        while at < len(spans) and spans[at][1] <= start:
            at += 1
        if at == len(spans):
            break
        learned[index] = end > start and end > spans[at][0]
    return learned
