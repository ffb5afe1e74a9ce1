"""Recognising tokens that were written into a file, without ever showing them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tminus.lazy import pattern

# Documented prefixes of the services' own tokens. The lengths are the shortest that are issued.
_PREFIXED = {
    "Hugging Face": r"hf_[A-Za-z0-9]{30,}",
    "OpenAI or Anthropic": r"sk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[A-Za-z0-9_-]{32,}",
    "GitHub": r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}",
    "AWS": r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    "Modal": r"(?:ak|as)-[A-Za-z0-9]{22}",
    "Google": r"AIza[0-9A-Za-z_-]{35}",
    "Weights & Biases": r"wandb_v1_[A-Za-z0-9_]{40,}",
    "Groq": r"gsk_[A-Za-z0-9]{48,}",
    "Replicate": r"r8_[A-Za-z0-9]{37,}",
    "NVIDIA": r"nvapi-[A-Za-z0-9_-]{60,}",
    "Slack": r"xox[abprs]-[0-9A-Za-z-]{24,}",
    "LangSmith": r"lsv2_[ps][tk]_[0-9a-f]{32}_[0-9a-f]{10}",
}
_PATTERNS = {
    service: pattern(rf"(?<![A-Za-z0-9_-])(?:{token})(?![A-Za-z0-9])") for service, token in _PREFIXED.items()
}
# What such a token begins with: a text without it is not searched.
_MARKS = {
    "Hugging Face": ("hf_",),
    "OpenAI or Anthropic": ("sk-",),
    "GitHub": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "AWS": ("AKIA", "ASIA"),
    "Modal": ("ak-", "as-"),
    "Google": ("AIza",),
    "Weights & Biases": ("wandb_v1_",),
    "Groq": ("gsk_",),
    "Replicate": ("r8_",),
    "NVIDIA": ("nvapi-",),
    "Slack": ("xox",),
    "LangSmith": ("lsv2_",),
}

# Names of variables that hold a token.
SECRET_NAME = pattern(
    r"(?i)(^|_)(token|api_?key|secret|secret_?key|access_?key|password|passwd|auth_?token|credentials)$"
)

# An older Weights & Biases key has no prefix: 40 hexadecimal digits count only on a line that speaks of it.
_WANDB = pattern(r"(?i)wandb[^\n]{0,80}?[\"']([0-9a-f]{40})[\"']")

_PLACEHOLDER = pattern(r"(?i)x{4,}|example|your|dummy|replace|placeholder|abcdef|123456|0{6,}|\*{3,}|\.\.\.")

# Fewer different characters than this are a row of the same letter, or a pattern.
_FEWEST_CHARACTERS = 10


class Token(NamedTuple):
    """A token in a text.

    Attributes:
        service: Whose token it is.
        start: Index of its first character.
        end: Index after its last character.
    """

    service: str
    start: int
    end: int


def tokens_in(text: str) -> Iterator[Token]:
    """Every token in a text, in order. Placeholders such as ``hf_xxxx`` are none."""
    found: list[Token] = []
    for service, token in _PATTERNS.items():
        if any(mark in text for mark in _MARKS[service]):
            found += [Token(service, *match.span()) for match in token.finditer(text) if _real(match[0])]
    if "wandb" in text or "WANDB" in text:
        found += [
            Token("Weights & Biases", *match.span(1)) for match in _WANDB.finditer(text) if _real(match[1])
        ]
    yield from sorted(found, key=lambda token: token.start)


def masked(text: str) -> str:
    """The text with every token's characters after its prefix replaced by ``*``, of the same length."""
    for token in tokens_in(text):
        shown = 3 if token.service != "Weights & Biases" else 0
        hidden = token.end - token.start - shown
        text = text[: token.start + shown] + "*" * hidden + text[token.end :]
    return text


def looks_like_a_token(text: str) -> bool:
    """Whether a whole string can be a token: long, without spaces, letters and digits mixed."""
    return (
        len(text) >= 16
        and not re.search(r"[\s/:.]", text)
        and bool(re.search(r"\d", text))
        and bool(re.search(r"[A-Za-z]", text))
        and _real(text)
    )


def _real(token: str) -> bool:
    return len(set(token)) >= _FEWEST_CHARACTERS and not _PLACEHOLDER.search(token)
