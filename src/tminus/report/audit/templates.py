"""A sentence with names in braces where values go, and finding these values in a sentence made from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

_PLACEHOLDER = re.compile(r"\{(\w+)(:raw)?\}")
_ANY = ".*?"
# Of two values side by side the second is empty or goes on from the first; a bracket may belong to either.
_GOES_ON = (r"|(?:[,;:]| \().*?", r"|[,;:].*?")
_WORD = re.compile(r"\w+")


def names_of(template: str) -> list[str]:
    """The names of a template's values, in their order."""
    return [match[1] for match in _PLACEHOLDER.finditer(template)]


def raw_names_of(template: str) -> set[str]:
    """The names of values that are taken as they are: ``{name:raw}``."""
    return {match[1] for match in _PLACEHOLDER.finditer(template) if match[2]}


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its values; one without a value stays as it is."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)


def words_of(sentence: str) -> frozenset[str]:
    """The words of a sentence."""
    return frozenset(_WORD.findall(sentence))


@dataclass(frozen=True)
class Template:
    """A sentence with places for values, named in braces."""

    text: str

    @cached_property
    def literals(self) -> list[str]:
        """What it says around its values."""
        return [part for part in _PLACEHOLDER.split(self.text)[::3] if part]

    @cached_property
    def weight(self) -> int:
        """How much it says by itself: of two that fit, the one that says more is meant."""
        return sum(len(part) for part in self.literals)

    @cached_property
    def key(self) -> str:
        """A word that every sentence made from it has; empty where it has none of its own."""
        whole = re.sub(r"\w*\{\w+(:raw)?\}\w*", " ", self.text)
        return max(_WORD.findall(whole), key=len, default="")

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        parts = _PLACEHOLDER.split(self.text)
        literals, names = parts[::3], parts[1::3]
        found = []
        for goes_on in _GOES_ON:
            pattern, before = re.escape(literals[0]), literals[0] or "the beginning"
            for name, literal in zip(names, literals[1:], strict=True):
                pattern += f"(?P<{name}>{_ANY if before else goes_on})" + re.escape(literal)
                before = literal
            found.append(pattern)
        return tuple(re.compile(one, re.DOTALL) for one in dict.fromkeys(found))

    @cached_property
    def _tail(self) -> re.Pattern[str]:
        return re.compile(self._patterns[0].pattern + r"\Z", re.DOTALL)

    def values(self, sentence: str) -> Iterator[dict[str, str]]:
        """The values with which it makes a sentence; more than one way where two values touch."""
        for pattern in self._patterns:
            match = pattern.fullmatch(sentence)
            if match:
                yield match.groupdict()

    def head_of(self, sentence: str) -> tuple[str, str] | None:
        """A sentence parted behind the place where this is its beginning; None where it is not."""
        match = self._patterns[0].match(sentence)
        return (match[0], sentence[match.end() :]) if match and match.end() < len(sentence) else None

    def tail_of(self, sentence: str) -> tuple[str, str] | None:
        """A sentence parted before the place where this goes on to its end; None where it does not."""
        match = self._tail.search(sentence)
        return (sentence[: match.start()], match[0]) if match and match.start() else None
