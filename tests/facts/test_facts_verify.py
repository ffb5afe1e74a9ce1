"""Comparing facts with pages that were saved."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tminus.facts import Conflict, Fact
from tminus.facts.verify import UnreadableError, Verdict, page_address, saved_name, saved_pages, verify

PAGE = "https://modal.com/docs/guide/volumes"


def fact(fact_id: str, value: object, probe: str | None, source: str = PAGE, **more: object) -> Fact:
    return Fact(fact_id, value, "", source, date(2026, 8, 22), probe=probe, **more)


def test_a_page_of_the_documentation_is_read_as_markdown() -> None:
    assert page_address(PAGE) == f"{PAGE}.md"
    assert page_address(f"{PAGE}#commits") == f"{PAGE}.md"
    assert page_address("https://modal.com/pricing") == "https://modal.com/pricing"
    assert saved_name(PAGE) == saved_name(f"{PAGE}#commits") == "modal.com__docs__guide__volumes.md"


def test_what_holds_what_moved_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / saved_name(PAGE)).write_text("Keep less than 60,000\nfiles. Up to 24\n hours.")
    facts = [
        fact("files", 50000, r"less than (?P<value>[\d,]+) files"),
        fact("hours", 86400, r"Up to (?P<value>\d+) hours", probe_value="24"),
        fact("words", True, "less than 60,000 files"),
        fact("gone", True, "every few seconds"),
        fact("value gone", 5, r"at most (?P<value>\d+) commits"),
        fact("elsewhere", 1, "x", source="https://modal.com/docs/guide/gpu"),
        fact("by a person", 1, None, no_probe="It was read by a person."),
        fact("before", 1, "never looked for", until=date(2026, 1, 1)),
    ]
    checked = {one.fact.id: one for one in verify(facts, saved_pages(tmp_path))}
    assert {fact_id: one.verdict.value for fact_id, one in checked.items()} == {
        "files": "moved",
        "hours": "holds",
        "words": "holds",
        "gone": "moved",
        "value gone": "moved",
        "elsewhere": "unreadable",
        "by a person": "unprobed",
    }
    assert (checked["files"].old, checked["files"].new) == ("50000", "60000")
    assert (checked["gone"].old, checked["gone"].new) == ("every few seconds", None)
    assert (checked["value gone"].old, checked["value gone"].new) == ("5", None)
    assert "modal.com__docs__guide__gpu.md" in checked["elsewhere"].why
    assert checked["by a person"].why == "It was read by a person."


@pytest.mark.parametrize(
    ("page", "new"),
    [
        ("in T4, L4 and A10", "T4, L4 and A10"),
        ("in T4, L4, H100 and A10", "T4, L4, H100 and A10"),
        ("in 1,000 and 2,000,000", "1000 and 2000000"),
    ],
)
def test_only_the_commas_of_thousands_are_left_out(tmp_path: Path, page: str, new: str) -> None:
    (tmp_path / saved_name(PAGE)).write_text(f"offered {page}.")
    listed = fact("types", ["T4"], r"offered in (?P<value>.+)\.", probe_value="T4, L4 and A10")
    (checked,) = verify([listed], saved_pages(tmp_path))
    assert checked.new == new
    assert checked.verdict is (Verdict.HOLDS if new == "T4, L4 and A10" else Verdict.MOVED)


def test_of_a_page_that_is_html_the_text_is_read(tmp_path: Path) -> None:
    (tmp_path / saved_name(PAGE)).write_text(
        "<!DOCTYPE html>\n<html><h2>Limits</h2>"
        "<p>At most <b>5</b> &quot;commits&quot;.</p><td>1</td><td>2</td>"
    )
    checked = verify(
        [
            fact("commits", 5, r'At most (?P<value>\d+) "commits"'),
            fact("heading", True, "Limits At most"),
            fact("cells", True, r"\b1 2"),
        ],
        saved_pages(tmp_path),
    )
    assert [one.verdict for one in checked] == [Verdict.HOLDS] * 3


def test_a_page_is_read_once() -> None:
    asked: list[str] = []

    def read(source: str) -> str:
        asked.append(source)
        raise UnreadableError("gone")

    verify([fact("a", 1, "x"), fact("b", 1, "y"), fact("c", 1, "z", source=f"{PAGE}#part")], read)
    assert asked == [PAGE]


def test_a_contradiction_that_is_gone_is_reported(tmp_path: Path) -> None:
    other = "https://modal.com/docs/guide/timeouts"
    (tmp_path / saved_name(PAGE)).write_text("at least 1 second")
    page = tmp_path / saved_name(other)
    conflicts = (
        Conflict("10 seconds", other, date(2026, 8, 22), probe="at least 10 seconds"),
        Conflict("something that no page can be asked for", other, date(2026, 8, 22)),
    )
    disputed = fact("minimum", 1, r"at least (?P<value>\d+) second", conflicts=conflicts)
    for text, verdict in (("at least 10 seconds", Verdict.HOLDS), ("at least 1 second", Verdict.MOVED)):
        page.write_text(text)
        itself, against = verify([disputed], saved_pages(tmp_path))
        assert itself.verdict is Verdict.HOLDS
        assert (against.fact.id, against.verdict) == ("minimum, against", verdict)
