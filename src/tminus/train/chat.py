"""Which characters of a rendered chat are learned, told in one of two ways, each verified.

A template with `{% generation %}` says itself what the assistant wrote. Most stock templates have no such
tags; the mask that tools make of them is all zero, and training looks healthy and learns nothing
(https://github.com/huggingface/trl/issues/4879). For those, a turn is what the text gains when the turn is
added to the messages before it. That holds only where adding a message leaves the text before it as it was,
which is verified for every row; TRL's training variants of known templates help where it does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tminus.train.errors import DataError
from tminus.train.rows import BadRow, Example, Message

Span = tuple[int, int]

_TAGS = re.compile(r"\{%-?\s*generation\s*-?%\}")
_PROBE: list[Message] = [
    {"role": "user", "content": "First question?"},
    {"role": "assistant", "content": "First answer."},
    {"role": "user", "content": "Second question?"},
    {"role": "assistant", "content": "Second answer."},
]


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A chat template, and how the assistant's turns are told apart in what it renders."""

    text: str
    special: dict[str, str]
    """The tokenizer's special tokens, which templates name."""

    ends: tuple[str, ...]
    """Special tokens that can end a turn."""

    tagged: bool
    """Whether its own `{% generation %}` tags tell the turns."""

    notice: str
    """How the turns are told, in words for the user."""

    def render(self, messages: list[Message], example: Example, *, prompt: bool = False) -> str:
        """The text of a chat.

        Args:
            messages: The chat, or the beginning of it.
            example: The row, for its tools.
            prompt: Whether the text ends with what the assistant's next turn begins with.

        Raises:
            BadRow: The template refuses the messages.
        """
        return self._rendered(messages, example, prompt=prompt, tags=False)[0]

    def learned(self, example: Example, chosen: Callable[[int, Message], bool]) -> tuple[str, list[Span]]:
        """The text of a chat, and the spans of its chosen turns.

        Args:
            example: A chat.
            chosen: Whether a message, by its number from 0, is learned.

        Raises:
            BadRow: No message is chosen, or a chosen turn cannot be found in the text.
        """
        messages = example.messages or []
        numbers = [number for number, message in enumerate(messages) if chosen(number, message)]
        if not numbers:
            raise BadRow("it has no turn of the assistant that could be learned")
        if self.tagged:
            return self._by_tags(messages, numbers, example)
        text = self.render(messages, example)
        return text, [self._by_prefix(messages, number, text, example) for number in numbers]

    def _by_tags(
        self, messages: list[Message], numbers: list[int], example: Example
    ) -> tuple[str, list[Span]]:
        text, spans = self._rendered(messages, example, prompt=False, tags=True)
        said = [number for number, one in enumerate(messages) if one["role"] == "assistant"]
        if len(spans) != len(said):
            raise BadRow(
                f"its {len(said)} turns of the assistant are {len(spans)} spans between the chat template's "
                "generation tags"
            )
        found = dict(zip(said, spans, strict=True))
        for number in numbers:
            if number not in found or not _holds(text[slice(*found[number])], messages[number]):
                raise BadRow(
                    f"message {number + 1} is not what stands between the template's generation tags"
                )
        return text, [found[number] for number in numbers]

    def _by_prefix(self, messages: list[Message], number: int, text: str, example: Example) -> Span:
        upto = self.render(messages[: number + 1], example)
        if number + 1 < len(messages):
            # Some templates end every text, and so every beginning of one, with the end of the sequence.
            whole = upto if text.startswith(upto) else ""
            upto = whole or upto.removesuffix(self.special.get("eos_token", ""))
        if not text.startswith(upto):
            raise BadRow(
                f"message {number + 1} cannot be told apart: the chat template renders it differently once "
                "other messages follow"
            )
        start = self._start(messages, number, upto, example)
        turn = upto[start:]
        kept = turn.rstrip()
        # White space after the token that ends the turn is the template's, and the model stops before it.
        end = len(upto) - (len(turn) - len(kept)) if kept.endswith(self.ends) else len(upto)
        if not _holds(upto[start:end], messages[number]):
            raise BadRow(f"message {number + 1} is not in the text that the chat template makes of it")
        return start, end

    def _start(self, messages: list[Message], number: int, upto: str, example: Example) -> int:
        before = messages[:number]
        if before:
            prompted = self.render(before, example, prompt=True)
            if upto.startswith(prompted):
                return len(prompted)
        plain = self.render(before, example) if before else ""
        # The turn begins otherwise than the prompt for it: with its content, then.
        content = str(messages[number].get("content") or "").strip()
        at = upto.find(content, len(plain)) if content and upto.startswith(plain) else -1
        if at < 0:
            raise BadRow(f"the beginning of message {number + 1} cannot be found in the rendered text")
        return at

    def _rendered(
        self, messages: list[Message], example: Example, *, prompt: bool, tags: bool
    ) -> tuple[str, list[Span]]:
        from jinja2.exceptions import TemplateError
        from transformers.utils.chat_template_utils import render_jinja_template

        try:
            texts, spans = render_jinja_template(
                [messages],
                tools=example.tools,
                chat_template=self.text,
                return_assistant_tokens_mask=tags,
                add_generation_prompt=prompt,
                **{**self.special, **example.extra},
            )
        except (TemplateError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise BadRow(f"the chat template refuses it: {error}") from error
        return texts[0], spans[0] if tags else []


def chat_template(tokenizer: Any, given: str | None) -> ChatTemplate | None:
    """The template of a run: the given one, else the tokenizer's; None where there is neither.

    Raises:
        DataError: The template cannot render a chat of two questions and answers.
    """
    text = read_template(given) if given is not None else _own(tokenizer)
    if text is None:
        return None
    special = {
        key: str(value) for key, value in tokenizer.special_tokens_map.items() if isinstance(value, str)
    }
    ends = tuple(str(token) for token in tokenizer.added_tokens_decoder.values())
    if _TAGS.search(text):
        tagged = ChatTemplate(text, special, ends, True, "told by the chat template's generation tags")
        if _tells(tagged):
            return tagged
    plain = ChatTemplate(
        text, special, ends, False, "told by what each turn adds to the text; the template has no usable tags"
    )
    if _tells(plain):
        return plain
    known = _training_variant(tokenizer) if given is None else None
    if known is not None:
        variant = ChatTemplate(
            known, special, ends, True,
            "told by TRL's training variant of the tokenizer's template, which renders earlier turns "
            "differently once others follow",
        )  # fmt: skip
        if _tells(variant):
            return variant
    return ChatTemplate(
        text, special, ends, False,
        "told by what each turn adds to the text, which fails for earlier turns: the template renders them "
        "differently once others follow",
    )  # fmt: skip


def _tells(template: ChatTemplate) -> bool:
    """Whether both answers of a chat are found, and the questions are in neither span."""
    try:
        text, spans = template.learned(Example(_PROBE), lambda _, message: message["role"] == "assistant")
    except BadRow:
        return False
    said = [text[start:end] for start, end in spans]
    return "First answer." in said[0] and "Second answer." in said[1] and "question" not in "".join(said)


def _holds(text: str, message: Message) -> bool:
    content = str(message.get("content") or "").strip()
    # A template may leave out a part of what was said, such as the reasoning before the answer.
    return bool(text) and content[-40:].strip() in text


def _own(tokenizer: Any) -> str | None:
    if not tokenizer.chat_template:
        return None
    return str(tokenizer.get_chat_template())


def read_template(given: str) -> str:
    """A chat template that is given as a file, or as itself.

    Raises:
        DataError: The file cannot be read.
    """
    from pathlib import Path

    if "{" in given:
        return given
    try:
        return Path(given).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"chat_template: {given} cannot be read ({error}). Give a file, or the Jinja template itself."
        ) from error


def _training_variant(tokenizer: Any) -> str | None:
    from trl.chat_template_utils import get_training_chat_template

    try:
        found = get_training_chat_template(tokenizer)
    except (ValueError, TypeError, KeyError):
        return None
    return None if found is None else str(found)
