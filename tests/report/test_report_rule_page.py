"""Pages of rules: what the facts say now and said before."""

from __future__ import annotations

import dataclasses
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tminus.check import Severity, all_rules, check
from tminus.check.catalogue import catalogue
from tminus.check.rule import Rule
from tminus.facts import Conflict, Fact, Facts
from tminus.report.rule_page import facts_named, rule_page, sections
from tminus.script import Script

FACTS = Facts.bundled()
FIXTURES = Path(__file__).parents[1] / "check"
# What is no rule of this tool's has no limit that somebody documents.
OWN = ("TM000", "TM001", "TM002")


def rule_with(page: str) -> Rule:
    def function() -> list[object]:
        return []

    function.__doc__ = page
    return Rule("TM999", "x", Severity.ERROR, function)


def facts_with(*facts: Fact) -> Facts:
    history: dict[str, tuple[Fact, ...]] = {}
    for fact in facts:
        history[fact.id] = (*history.get(fact.id, ()), fact)
    return dataclasses.replace(FACTS, history=history)


PAGE = "Do.\n\n## Limit and source\n- `a.b`: Only so.\n- `a.c`\n\nMore words."


def test_a_bullet_gets_value_address_day_note_and_what_contradicts_it() -> None:
    facts = facts_with(
        Fact("a.b", 86400, "s", "https://x.org/b", date(2026, 1, 2), note="Not shown"),
        Fact("a.c", True, "", "https://x.org/c", date(2026, 1, 3), note="A note",
             conflicts=(Conflict("no", "https://y.org", date(2026, 1, 4)),)),
    )  # fmt: skip
    assert sections(rule_page(rule_with(PAGE), facts)) == {
        "": "Do.",
        "Limit and source": (
            "- `a.b`: 86400 s. Only so. https://x.org/b, read 2026-01-02.\n"
            "- `a.c`: yes. A note. https://x.org/c, read 2026-01-03. Another source says no: https://y.org,"
            " read\n  2026-01-04.\n\nMore words."
        ),
    }


def test_what_held_before_follows_the_words_of_the_page() -> None:
    now = Fact("a.b", 8, "GPUs", "https://x.org", date(2026, 1, 2), since=date(2026, 1, 1))
    before = Fact(
        "a.b", 4, "GPUs", "https://x.org/old", date(2025, 5, 5), until=date(2026, 1, 1), note="Few."
    )
    other = Fact("a.c", 1, "", "https://x.org", date(2026, 1, 2), since=date(2025, 1, 1))
    page = rule_page(
        rule_with(f"{PAGE}\n\n## When it was different\nLong ago."), facts_with(now, before, other)
    )
    assert sections(page)["When it was different"] == (
        "Long ago.\n\n- `a.b`: 4 GPUs until 2026-01-01. Few. https://x.org/old, read 2025-05-05.\n"
        "- `a.c`: 1 since 2025-01-01; what held before is not known."
    )


def test_a_fact_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"a\.b"):
        rule_page(rule_with(PAGE), facts_with())


def test_a_value_that_changes_changes_the_page() -> None:
    rule = catalogue()["TM301"]
    (fact,) = [one for one in FACTS.history["function.timeout_max_s"] if one.until is None]
    newer = dataclasses.replace(fact, value=172_800, as_of=fact.as_of + timedelta(days=1))
    changed = dataclasses.replace(FACTS, history={**FACTS.history, fact.id: (newer,)})
    assert "172800 s" in rule_page(rule, changed)
    assert "172800 s" not in rule_page(rule, FACTS)


def test_facts_of_a_kind_are_listed_by_value() -> None:
    limits = sections(rule_page(catalogue()["TM101"], FACTS))["Limit and source"]
    assert re.search(r"8 GPUs \(.*H100,.*\), 4 GPUs \(A10\), none documented \(", limits.replace("\n  ", " "))
    prices = sections(rule_page(catalogue()["TM901"], FACTS))["Limit and source"]
    assert re.search(r"USD/\(GPU s\) \(T4\) to \S+ USD/\(GPU s\) \(B300\)", prices.replace("\n  ", " "))


def test_pages_on_old_forms_list_them_with_their_releases() -> None:
    renamed = sections(rule_page(catalogue()["TM803"], FACTS))["When it was different"]
    assert "| `keep_warm=` | min_containers= | 0.73.76 2025-02-24 | 1.4.0 |" in renamed
    removed = sections(rule_page(catalogue()["TM801"], FACTS))["When it was different"]
    assert "| `modal.Stub` | modal.App |" in removed
    assert "keep_warm=`" not in removed
    objects = sections(rule_page(catalogue()["TM103"], FACTS))["When it was different"]
    assert "warned of from modal 0.73.31 on (the warning is dated 2025-02-07)" in objects


@pytest.mark.parametrize(
    "rule", [rule for code, rule in catalogue().items() if code not in OWN], ids=lambda r: r.code
)
def test_every_page_takes_its_values_addresses_and_dates_from_facts(rule: Rule) -> None:
    assert facts_named(rule.page)
    typed = sections(rule.page)["Limit and source"]
    assert "http" not in typed
    assert not re.search(r"\d{4}-\d\d-\d\d", typed)
    # A line that looks like a fact and is none would be printed as it stands.
    assert len(facts_named(rule.page)) == len(re.findall(r"^- ", typed, re.MULTILINE))
    stated = sections(rule_page(rule, FACTS))["Limit and source"]
    bullets = re.split(r"\n(?=- )|\n\n", stated)
    for bullet in bullets[: len(facts_named(rule.page))]:
        assert re.search(
            r"https?://\S+( and \d+ more)?, read 20\d\d-\d\d-\d\d", bullet.replace("\n  ", " ")
        ), bullet


@pytest.mark.parametrize("code", [rule.code for rule in all_rules()])
def test_the_source_of_a_finding_is_named_on_its_page(code: str) -> None:
    named = facts_named(catalogue()[code].page)
    patterns = [
        re.sub(r"<\w+>|\\\*", ".+", re.escape(one).replace(r"\<", "<").replace(r"\>", ">")) for one in named
    ]
    for path in (FIXTURES / code / "bad").glob("*.py"):
        for finding in check(Script.read(path), FACTS):
            if finding.code == code and finding.source is not None:
                assert any(re.fullmatch(one, finding.source.id) for one in patterns), (
                    path,
                    finding.source.id,
                )
