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

from tminus.report.audit.templates import Template, filled, names_of, raw_names_of, words_of

# What joins the items of a list in a sentence.
JOINTS = (" → ", ", ", " and ", " or ", "; ")
# A name of a script at the beginning of a sentence.
_NAMED = re.compile(r"(\w[\w.]*(?:\(\))?) (.+)", re.DOTALL)
# What holds for a value: a test of the script, or a sentence.
_CONDITION = re.compile(r"(if|unless) (.+)", re.DOTALL)
_BRACKETED = re.compile(r"(.*?)( ?)\((.+)\)", re.DOTALL)
# Words of a sentence, not a name or a path: where they have no translation, the sentence has none.
_PROSE = re.compile(r"(?<![\w./-])[a-z]{2,},? [a-z]{2,}(?![\w./=(-])")
_LITTLE, _FEW = 8, 3
# Values hold values; a sentence in a sentence in a sentence is as deep as it goes.
_DEPTH = 6


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
        """Those with values; one that says no word of its own would fit everything."""
        found = [Template(text) for text in self.translations if names_of(text)]
        saying = (one for one in found if re.search(r"\w", "".join(one.literals)))
        return sorted(saying, key=lambda one: -one.weight)

    @cached_property
    def _beginnings(self) -> list[Template]:
        return [Template(text) for text in self.translations if text.endswith(" ") and text not in JOINTS]

    @cached_property
    def _continuations(self) -> list[Template]:
        found = [Template(text) for text in self.translations if text[:1] in (" ", ",", ";", ":")]
        return sorted((one for one in found if one.text not in JOINTS), key=lambda one: -one.weight)

    def translated(self, sentence: str) -> str | None:
        """A sentence in the other language; None where it, or words within it, have no translation."""
        return self._translated(sentence, _DEPTH)

    def _translated(self, sentence: str, depth: int) -> str | None:
        if sentence in self._known:
            return self._known[sentence]
        found = self._made(sentence, depth)
        # Deep in a sentence nothing may have been found for lack of depth alone.
        if found is not None or depth == _DEPTH:
            self._known[sentence] = found
        return found

    def _made(self, sentence: str, depth: int, led: bool = True) -> str | None:
        exact = self.translations.get(sentence)
        if exact is not None or depth == 0:
            return exact
        return (
            self._parted(sentence, depth - 1)
            or self._by_template(sentence, depth - 1)
            or self._continued(sentence, depth - 1)
            or self._begun(sentence, depth - 1)
            or self._joined(sentence, depth - 1)
            or (self._led(sentence, depth - 1) if led else None)
        )

    def _by_template(self, sentence: str, depth: int) -> str | None:
        words = words_of(sentence)
        for template in self._templates:
            if template.key and template.key not in words:
                continue
            for values in template.values(sentence):
                translation = self.translations[template.text]
                written = self._written(values, raw_names_of(translation), depth)
                if written is not None:
                    return filled(translation, written)
        return None

    def _written(self, values: Mapping[str, str], raw: set[str], depth: int) -> dict[str, str] | None:
        """The values as the other language writes them; None where one has no translation."""
        found = {}
        for name, value in values.items():
            written = value if name in raw else self._value(value, depth)
            if written is None:
                return None
            found[name] = written
        return found

    def _continued(self, sentence: str, depth: int) -> str | None:
        """A sentence with another put behind it: ``…, 16 in all``. Both have to be known."""
        for template in self._continuations:
            found = template.tail_of(sentence)
            if found is None:
                continue
            # What says little goes on with a name, not with a sentence.
            if template.weight < _LITTLE and len(found[1].split()) > _FEW:
                continue
            before, behind = (self._translated(part, depth) for part in found)
            if before is not None and behind is not None:
                return before + behind
        return None

    def _parted(self, sentence: str, depth: int) -> str | None:
        """A sentence, or a name, with another behind a colon."""
        for match in re.finditer(": ", sentence):
            head, tail = sentence[: match.start()], sentence[match.end() :]
            behind = self._translated(tail, depth)
            before = self._translated(head, depth) or ("" if " " in head else head)
            if behind is not None and before:
                return f"{before}: {behind}"
        return None

    def _begun(self, sentence: str, depth: int) -> str | None:
        """A sentence that another part of the program ends: ``…, which the image`` pins."""
        for template in self._beginnings:
            found = template.head_of(sentence)
            before = self._translated(found[0], depth) if found else None
            behind = self._value(found[1], depth) if found and before is not None else None
            if before is not None and behind is not None:
                return before + behind
        return None

    def _joined(self, sentence: str, depth: int) -> str | None:
        """Sentences or values in a row, such as ``a, b and c``."""
        for joint in JOINTS:
            if joint in sentence:
                parts = [self._value(part, depth) for part in sentence.split(joint)]
                known = [part for part in parts if part is not None]
                if len(known) == len(parts):
                    return self.translations.get(joint, joint).join(known)
        return None

    def _led(self, sentence: str, depth: int) -> str | None:
        """A name of the script with something said of it: ``TOTAL_STEPS leaves out the 3 epochs``."""
        match = _NAMED.fullmatch(sentence)
        # A second word would be no name.
        said = self._made(match[2], depth, led=False) if match else None
        return f"{match[1]} {said}" if match and said is not None else None

    def _value(self, text: str, depth: int) -> str | None:
        """A value: a sentence itself, or no words; None where it is words without a translation."""
        condition = _CONDITION.fullmatch(text)
        if condition:
            test = self._translated(condition[2], depth) or condition[2]
            return f"{self.translations.get(condition[1], condition[1])} {test}"
        known = self._translated(text, depth) if text else ""
        if known is not None:
            return known
        bracketed = _BRACKETED.fullmatch(text) if depth else None
        if bracketed:
            before, inside = self._value(bracketed[1], depth - 1), self._value(bracketed[3], depth - 1)
            return None if before is None or inside is None else f"{before}{bracketed[2]}({inside})"
        return None if _PROSE.search(text) else self.value(text)


def paragraphs(text: str) -> Iterable[str]:
    """The paragraphs of a text, each in one line, as the catalogue holds them."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
