"""The bundled probes, held against the sentences that they were made from.

`pages` holds, under the names that ``tminus facts verify --from`` looks for, the sentences that each page had
on the day of the facts.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tminus.facts import Fact, Facts
from tminus.facts.verify import Checked, Verdict, page_address, saved_name, saved_pages, verify

PAGES = Path(__file__).parent / "pages"
PROBED = [one for fact in Facts.bundled() for one in (fact, *fact.against()) if one.probe is not None]
VALUED = [one for one in PROBED if "(?P<value>" in (one.probe or "")]
SENTENCES = [one for one in PROBED if "(?P<value>" not in (one.probe or "")]
NUMBERS = [one for one in VALUED if re.fullmatch(r"[\d.]+", one.expected)]


def checked_on(fact: Fact, page: str) -> Checked:
    (checked,) = verify([replace(fact, conflicts=())], lambda _: page)
    return checked


def text_of(fact: Fact) -> tuple[str, re.Match[str]]:
    """The words of the fact's page, as `verify` reads them, and where its probe finds its own."""
    everything = Fact("all", "", "", fact.source, fact.as_of, probe=".+")
    (checked,) = verify([everything], saved_pages(PAGES))
    match = re.search(fact.probe or "", checked.new or "")
    assert match is not None
    return match.string, match


def test_each_probe_holds_on_its_saved_page() -> None:
    checked = verify(Facts.bundled(), saved_pages(PAGES))
    wrong = [one for one in checked if one.verdict not in (Verdict.HOLDS, Verdict.UNPROBED)]
    assert not wrong
    assert sum(one.verdict is Verdict.HOLDS for one in checked) == len(PROBED) > 170


def test_no_saved_page_is_left_over() -> None:
    assert {path.name for path in PAGES.iterdir()} == {saved_name(one.source) for one in PROBED}


def test_a_fact_without_a_probe_says_why() -> None:
    silent = [one.id for one in Facts.bundled() if one.probe is None and not one.why_unprobed]
    assert not silent


def test_a_number_is_captured_so_that_a_new_one_is_reported() -> None:
    counted = [
        one for one in PROBED if isinstance(one.value, int | float) and not isinstance(one.value, bool)
    ]
    assert [one.id for one in counted if one not in VALUED] == []


def test_a_value_that_ended_is_not_looked_for() -> None:
    assert [one.id for one in PROBED if one.until is not None] == []


@pytest.mark.parametrize("fact", VALUED, ids=lambda fact: fact.id)
def test_a_probe_captures_one_value_of_its_page(fact: Fact) -> None:
    page, _ = text_of(fact)
    assert len({match["value"] for match in re.finditer(fact.probe or "", page)}) == 1


@pytest.mark.parametrize("fact", VALUED, ids=lambda fact: fact.id)
def test_another_value_is_seen(fact: Fact) -> None:
    page, match = text_of(fact)
    start, end = match.span("value")
    other = re.sub(r"[A-Za-z]+|\d", "9" if match["value"][:1].isdigit() else "Another", match["value"])
    checked = checked_on(fact, page[:start] + other + page[end:])
    assert checked.verdict is Verdict.MOVED
    assert checked.old == fact.expected
    assert checked.new != fact.expected


@given(st.sampled_from(NUMBERS), st.integers(0, 10**7))
def test_another_number_is_reported_as_old_and_new(fact: Fact, number: int) -> None:
    page, match = text_of(fact)
    whole = fact.expected.partition(".")
    new = f"{number}.{whole[2]}" if whole[1] else str(number)
    assume(new != fact.expected)
    written = f"{number:,}.{whole[2]}" if whole[1] else f"{number:,}"
    if not re.fullmatch(re.findall(r"\(\?P<value>(.*?)\)", fact.probe or "")[0], written):
        written = new  # where the probe takes no commas
    start, end = match.span("value")
    checked = checked_on(fact, page[:start] + written + page[end:])
    assert checked.verdict is Verdict.MOVED
    assert (checked.old, checked.new) == (fact.expected, new)


@pytest.mark.parametrize("fact", SENTENCES, ids=lambda fact: fact.id)
def test_a_sentence_without_one_of_its_words_is_seen(fact: Fact) -> None:
    page, match = text_of(fact)
    start, end = match.span()
    words = match[0].split(" ")
    anything = ".*" in (fact.probe or "") or ".{0" in (fact.probe or "")
    for gone in (0, len(words) - 1) if anything else range(len(words)):
        rest = " ".join(words[:gone] + words[gone + 1 :])
        checked = checked_on(fact, page[:start] + rest + page[end:])
        assert (checked.verdict, checked.new) == (Verdict.MOVED, None), words[gone]


def test_pages_of_the_same_address_are_read_as_one() -> None:
    by_name = {saved_name(one.source): page_address(one.source) for one in PROBED}
    assert len(set(by_name.values())) == len(by_name)
