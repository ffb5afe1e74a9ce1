"""Reports in Portuguese: complete, with values in the locale's form, and nothing of it left in English."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from audits import ROOT, TEN_GPUS, audit_of, catalogue_script, leaves
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from tminus.check import check
from tminus.facts import Facts
from tminus.report.audit.document import Text
from tminus.report.audit.sentences import Sentences
from tminus.report.audit.templates import Template, filled, names_of
from tminus.report.audit.wording import Words
from tminus.script import Script, ScriptError

PORTUGUESE = Words("pt-BR")
BOUND = r"(?<![\w\"'`./=-]){}(?![\w\"'`./=(-])"
# Words that no Portuguese sentence has; "a", "as", "do", "for", "no" are words of both.
ENGLISH = re.compile(
    BOUND.format(
        "(?:the|is|are|was|of|and|or|with|that|which|from|it|its|has|have|this|where|there|in|on|at|an|to|by|not|be)"
    )
)


def english_in(text: str) -> list[str]:
    """The English words of a text, quotations and code left out."""
    return ENGLISH.findall(re.sub(r'"[^"]*"|`[^`]*`', "", text))


def test_every_message_has_a_translation_and_the_catalogue_has_no_other() -> None:
    script = catalogue_script()
    missing = script.untranslated("pt-BR")
    assert not missing, "translate these in tminus.po: python scripts/catalogue.py adds them"
    with script.path_of("pt-BR").open("rb") as file:
        known = {tuple(one.id) if isinstance(one.id, list) else one.id for one in read_po(file) if one.id}
    assert known == set(script.extracted()), "python scripts/catalogue.py brings the catalogue up to date"


def test_translations_have_the_values_of_their_messages() -> None:
    with catalogue_script().path_of("pt-BR").open("rb") as file:
        messages = [one for one in read_po(file) if one.id]
    for one in messages:
        ids = [one.id] if isinstance(one.id, str) else list(one.id)
        strings = [one.string] if isinstance(one.string, str) else list(one.string)
        for text, string in zip(ids, strings, strict=True):
            # What makes an English plural need not be there: process{es}.
            endings = set(re.findall(r"\w\{(\w+)\}", text))
            wanted = set(names_of(text))
            assert wanted - endings <= set(names_of(string)) <= wanted, text
        # A sentence goes on where its translation does.
        assert isinstance(one.id, tuple | list) or (ids[0][-1] == " ") == (strings[0][-1] == " "), one.id


def test_what_the_rules_find_is_said_in_portuguese() -> None:
    facts, seen = Facts.bundled(), set()
    for path in sorted((ROOT / "tests" / "check").glob("TM*/bad/*.py")):
        try:
            findings = check(Script.read(path), facts)
        except ScriptError:
            continue
        for one in findings:
            seen |= {one.message, one.advice, one.fix.title if one.fix is not None else ""} - {""}
    assert len(seen) > 500
    said = {sentence: PORTUGUESE.plain(sentence) for sentence in seen}
    untold = sorted(sentence for sentence, text in said.items() if text is None)
    assert not untold
    left = {sentence: text for sentence, text in said.items() if english_in(text or "")}
    assert not left


def test_no_sentence_of_the_audit_is_left_in_english() -> None:
    texts = [one for one in leaves(audit_of(TEN_GPUS, "pt-BR")) if isinstance(one, Text)]
    assert not [one.words for one in texts if one.foreign]
    assert not {one.words: english_in(one.words) for one in texts if english_in(one.words)}
    strings = [one for one in leaves(audit_of(TEN_GPUS, "pt-BR")) if isinstance(one, str)]
    names = re.compile(r"TM\d+ [\w-]+|[\w.]+")  # a rule, a fact
    assert not {one: english_in(one) for one in strings if not names.fullmatch(one) and english_in(one)}


def test_numbers_dates_and_money_have_the_locales_form() -> None:
    english = Words("en")
    assert (english.usd(1234.5), english.number(1234.56, 1), english.date(date(2026, 11, 4))) == (
        "$1,234.50",
        "1,234.6",
        "Nov 4, 2026",
    )
    assert PORTUGUESE.usd(1234.5).replace("\xa0", " ") == "US$ 1.234,50"
    assert PORTUGUESE.number(Decimal("1234.56"), 1) == "1.234,6"
    assert PORTUGUESE.date(date(2026, 11, 4)) == "4 de nov. de 2026"
    assert PORTUGUESE.hours(5400) == "1,50 h"
    assert PORTUGUESE.hours(90, 90) == "1,5 min"
    assert PORTUGUESE.hours(108, 7200) == "0,03 h"
    assert PORTUGUESE.plain(
        "train() trains on 2 nodes without RDMA: 50 Gbit/s between them instead of 3,200"
    ) == ("train() treina em 2 nós sem RDMA: 50 Gbit/s entre eles em vez de 3.200")


@pytest.mark.parametrize(
    ("sentence", "translation"),
    [
        # a value that is a sentence, in one that is a sentence
        (
            "NUM_GPUS = 10 goes into the arithmetic, but train() can have 8 H100 and all() can have 8 H100 "
            "on each of 2 nodes, 16 in all (it asks for 5, and a cluster has whole hosts)",
            "NUM_GPUS = 10 entra na conta, mas train() pode ter 8 H100 e all() pode ter 8 H100 em cada um de "
            "2 nós, 16 ao todo (pede 5, e um cluster ocupa hosts inteiros)",
        ),
        # a name of the script in front, two things said of it, and a third behind a colon
        (
            "TOTAL leaves out the 3 epochs and divides by 10 GPUs (N) where there can be 8 or 16: 325, where "
            "it should be about 1219",
            "TOTAL deixa de fora as 3 épocas e divide por 10 GPUs (N) onde pode haver 8 ou 16: 325, onde "
            "deveria ser cerca de 1219",
        ),
        # two values side by side
        (
            "timeout=129600 (if FAST) of train() is under the documented minimum of 10 s",
            "timeout=129600 (se FAST) de train() está abaixo do mínimo documentado de 10 s",
        ),
        # versions are no numbers
        ("Python 3.11, which the image asks for: 3.12 ran", "Python 3.11, que a imagem pede: rodou 3.12"),
    ],
)
def test_sentences_are_known_by_their_templates(sentence: str, translation: str) -> None:
    assert PORTUGUESE.plain(sentence) == translation


def test_a_sentence_with_words_that_nobody_translated_stays_whole_and_is_marked() -> None:
    unknown = "train() trains on what nobody has heard of GPUs and reserves no CPU"
    assert PORTUGUESE.plain(unknown) is None
    assert PORTUGUESE.said(unknown) == (Text(unknown, foreign=True),)


def test_every_template_is_found_again_in_the_sentences_made_from_it() -> None:
    script = catalogue_script()
    lost = []
    for key in script.extracted():
        names = names_of(key) if isinstance(key, str) else []
        says = isinstance(key, str) and re.search(r"\w", re.sub(r"\{\w+\}", "", key))
        if names and says and "{value}" not in key:
            made = filled(key, {name: f"NAME_{number}" for number, name in enumerate(names)})
            if PORTUGUESE.plain(made) is None:
                lost.append(key)
    assert not lost


value = st.text("abcXYZ019_.:/", min_size=1, max_size=12)


@given(one=value, other=value)
def test_a_template_gives_back_its_values(one: str, other: str) -> None:
    template = Template("{first} writes to the folder {second}, outside")
    made = filled(template.text, {"first": one, "second": other})
    assert {"first": one, "second": other} in list(template.values(made))


@given(st.text(max_size=40))
def test_any_text_is_translated_or_not_and_never_fails(text: str) -> None:
    sentences = Sentences({"{a} and {b}: c": "{b} e {a}: c", " of {a}": " de {a}", "x ": "y "}, str)
    found = sentences.translated(text)
    assert found is None or isinstance(found, str)


def test_a_script_of_a_reader_who_writes_portuguese_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "treino.py"
    path.write_text("import modal\n# é só um começo\napp = modal.App('a')\n", encoding="utf-8")
    assert audit_of(path, "pt-BR").title == f"Auditoria de {path}"
