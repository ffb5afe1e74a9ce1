"""The words of a report in its language: translations by gettext, numbers, dates and money by Babel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from importlib import resources
from io import BytesIO

from babel import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import NullTranslations, Translations

from tminus.report.audit.document import Prose
from tminus.report.audit.prose import foreign, prose
from tminus.report.audit.sentences import Sentences
from tminus.report.audit.templates import filled

LANGUAGES = {"en": "en_US", "pt-BR": "pt_BR"}
"""Languages of a report, as HTML names them, and their locales."""

_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?|-?\d+\.\d+")
# What other parts of the program count: `NOUNS` has them for the catalogue.
_COUNTED = re.compile(r"(\d[\d,]*) ([a-z]+(?:-[a-z]+)?)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Words:
    """Says things in one language.

    Attributes:
        language: As HTML names it: ``en`` or ``pt-BR``.
    """

    language: str

    def __call__(self, message: str, **values: str) -> str:
        """A message of the catalogue, with its values filled in; ``{name}`` stands for one."""
        return filled(self._translations.gettext(message), values)

    def count(self, one: str, many: str, number: int, **values: str) -> str:
        """A message for a number of things; ``{count}`` stands for the number."""
        message = self._translations.ngettext(one, many, number)
        return filled(message, {"count": self.number(number), **values})

    def said(self, sentence: str) -> Prose:
        """A sentence of another part of the program, translated; marked as foreign where it cannot be."""
        if self.language == "en":
            return prose(sentence)
        known = self.plain(sentence)
        return foreign(sentence) if known is None else prose(known)

    def plain(self, sentence: str) -> str | None:
        """A sentence of another part of the program, as a string; None where it has no translation."""
        if self.language == "en":
            return sentence
        return self._sentences.translated(sentence)

    def value(self, text: str) -> str:
        """A value within a sentence in the language's form: a number, a date, or as it is."""
        if self.language == "en":
            return text
        counted = _COUNTED.fullmatch(text)
        if counted:
            noun = counted[2].removesuffix("s")
            number = int(counted[1].replace(",", ""))
            return self.count(f"{{count}} {noun}", f"{{count}} {noun}s", number)
        if _DATE.fullmatch(text):
            return self.date(date.fromisoformat(text))
        if _NUMBER.fullmatch(text):
            digits = len(text.partition(".")[2])
            return self.number(Decimal(text.replace(",", "")), digits)
        return text

    def number(self, value: float | Decimal, digits: int = 0) -> str:
        """A number with so many digits behind the point, grouped."""
        return format_decimal(value, f"#,##0.{'0' * digits}".rstrip("."), locale=self._locale)

    def percent(self, share: float) -> str:
        """A share as a whole percentage."""
        return format_percent(share, "#,##0 %", locale=self._locale)

    def usd(self, dollars: float) -> str:
        """An amount in US dollars, to the cent."""
        return format_currency(dollars, "USD", locale=self._locale)

    def date(self, day: date) -> str:
        """A day."""
        return format_date(day, "medium", locale=self._locale)

    def hours(self, seconds: float, like_s: float | None = None) -> str:
        """A time in hours, or in minutes where it, or the time that it is compared with, is short."""
        if (seconds if like_s is None else like_s) < 3600:
            return f"{self.number(seconds / 60, 1)} min"
        return f"{self.number(seconds / 3600, 2)} h"

    def seconds(self, seconds: float) -> str:
        """A short time in seconds."""
        return f"{self.number(seconds, 1)} s"

    def gib(self, size: float) -> str:
        """A size of memory."""
        return f"{self.number(size, 1)} GiB"

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(LANGUAGES[self.language])

    @cached_property
    def _messages(self) -> Mapping[str, str]:
        """Messages and their translations, plurals left out."""
        return {
            one.id: one.string
            for one in _catalogue(self.language)
            if isinstance(one.id, str) and isinstance(one.string, str) and one.id and one.string
        }

    @cached_property
    def _translations(self) -> NullTranslations:
        if self.language == "en":
            return NullTranslations()
        compiled = BytesIO()
        write_mo(compiled, _catalogue(self.language))
        compiled.seek(0)
        return Translations(compiled)

    @cached_property
    def _sentences(self) -> Sentences:
        return Sentences(self._messages, self.value)


def _catalogue(language: str) -> Catalog:
    folder = resources.files("tminus") / "locale" / LANGUAGES[language] / "LC_MESSAGES"
    with (folder / "tminus.po").open("rb") as file:
        return read_po(file, locale=LANGUAGES[language])


def later(message: str) -> str:
    """Marks a message that is translated where it is used: the catalogue is made from the source."""
    return message


def plural_later(one: str, many: str) -> tuple[str, str]:
    """Marks a message for a number of things that is translated where it is used."""
    return one, many


NOUNS = (
    plural_later("{count} commit", "{count} commits"),
    plural_later("{count} container", "{count} containers"),
    plural_later("{count} function", "{count} functions"),
    plural_later("{count} kind", "{count} kinds"),
    plural_later("{count} rank", "{count} ranks"),
    plural_later("{count} setting", "{count} settings"),
    plural_later("{count} stand-in", "{count} stand-ins"),
    plural_later("{count} step", "{count} steps"),
)
"""Things that other parts of the program count in their sentences."""
