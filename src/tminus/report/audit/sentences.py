"""Sentences of the program in another language: known by their templates.

Rules, plans and rehearsals say what they say in English, with values in it. The catalogue holds the template
of each such sentence, as ``scripts/catalogue.py`` reads it from the source: ``{}`` with a name for a value.
A sentence is translated by finding the template that it was made from, and filling its translation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

_PLACEHOLDER = re.compile(r"\{(\w+)(:raw)?\}")
# What joins the items of a list in a sentence.
JOINTS = (", ", " and ", " or ", "; ")
# A name of a script at the beginning of a sentence.
_NAMED = re.compile(r"(\w*[_A-Z0-9][\w.]*(?:\(\))?) (.+)", re.DOTALL)
# Values hold values; a sentence in a sentence in a sentence is as deep as it goes.
_DEPTH = 6


def names_of(template: str) -> list[str]:
    """The names of a template's values, in their order."""
    return [match[1] for match in _PLACEHOLDER.finditer(template)]


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its values; one without a value stays as it is."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)


@dataclass(frozen=True)
class Template:
    """A sentence with places for values."""

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
    def _pattern(self) -> re.Pattern[str]:
        parts = _PLACEHOLDER.split(self.text)
        literals, names = parts[::3], parts[1::3]
        found = re.escape(literals[0])
        for name, literal in zip(names, literals[1:], strict=True):
            found += f"(?P<{name}>.*?)" + re.escape(literal)
        return re.compile(found, re.DOTALL)

    def values(self, sentence: str) -> dict[str, str] | None:
        """The values with which it makes a sentence; None where it does not."""
        if not all(part in sentence for part in self.literals):
            return None
        match = self._pattern.fullmatch(sentence)
        return match.groupdict() if match else None

    def tail_of(self, sentence: str) -> tuple[str, str] | None:
        """A sentence parted before the place where this goes on to its end; None where it does not."""
        if not all(part in sentence for part in self.literals):
            return None
        match = re.search(self._pattern.pattern + r"\Z", sentence, re.DOTALL)
        return (sentence[: match.start()], match[0]) if match and match.start() else None


@dataclass(frozen=True)
class Sentences:
    """The templates of one language.

    Attributes:
        translations: Template to translation.
        value: Writes a bare value, such as a number or a date, in the language's form.
    """

    translations: Mapping[str, str]
    value: Callable[[str], str]
    _known: dict[str, str | None] = field(default_factory=dict, repr=False)

    @cached_property
    def _templates(self) -> list[Template]:
        found = [Template(text) for text in self.translations if _PLACEHOLDER.search(text)]
        return sorted(found, key=lambda one: -one.weight)

    @cached_property
    def _continuations(self) -> list[Template]:
        found = [Template(text) for text in self.translations if text[:1] in (" ", ",", ";", ":")]
        return sorted((one for one in found if one.text not in JOINTS), key=lambda one: -one.weight)

    def translated(self, sentence: str) -> str | None:
        """A sentence in the other language; None where no template makes it."""
        return self._translated(sentence, _DEPTH)

    def _translated(self, sentence: str, depth: int) -> str | None:
        if sentence not in self._known:
            self._known[sentence] = self._made(sentence, depth)
        return self._known[sentence]

    def _made(self, sentence: str, depth: int) -> str | None:
        exact = self.translations.get(sentence)
        if exact is not None:
            return exact
        if depth == 0:
            return None
        for template in self._templates:
            values = template.values(sentence)
            # A template that says next to nothing would fit everything.
            if values is None or not re.search(r"\w", "".join(template.literals)):
                continue
            translation = self.translations[template.text]
            raw = {match[1] for match in _PLACEHOLDER.finditer(translation) if match[2]}
            return filled(
                translation,
                {
                    name: value if name in raw else self._value(value, depth - 1)
                    for name, value in values.items()
                },
            )
        return self._continued(sentence, depth) or self._led(sentence, depth)

    def _continued(self, sentence: str, depth: int) -> str | None:
        """A sentence with another put behind it: ``…, 16 in all``. Both have to be known."""
        for template in self._continuations:
            found = template.tail_of(sentence)
            if found is None:
                continue
            head, tail = found
            before, behind = self._translated(head, depth - 1), self._translated(tail, depth - 1)
            if before is not None and behind is not None:
                return before + behind
        return None

    def _led(self, sentence: str, depth: int) -> str | None:
        """A name of the script with something said of it: ``TOTAL_STEPS leaves out the 3 epochs``."""
        match = _NAMED.fullmatch(sentence)
        if match is None:
            return None
        said = self._value(match[2], depth - 1)
        return None if said == match[2] else f"{match[1]} {said}"

    def _value(self, text: str, depth: int) -> str:
        whole = self._translated(text, depth)
        if whole is not None:
            return whole
        for joint in JOINTS:
            if joint in text:
                parts = [self._value(part, depth) for part in text.split(joint)]
                return self.translations.get(joint, joint).join(parts)
        return self.value(text)


def paragraphs(text: str) -> Iterable[str]:
    """The paragraphs of a text, each in one line, as the catalogue holds them."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
