"""Comparing facts with saved pages, and with pages that a server gives."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tminus.facts import Fact, Facts
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
        fact("elsewhere", 1, "x", source="https://modal.com/docs/guide/gpu"),
        fact("by a person", 1, None),
        fact("before", 1, "never looked for", until=date(2026, 1, 1)),
    ]
    checked = verify(facts, saved_pages(tmp_path))
    assert [(one.fact.id, one.verdict.value) for one in checked] == [
        ("files", "moved"),
        ("hours", "holds"),
        ("words", "holds"),
        ("gone", "moved"),
        ("elsewhere", "unreadable"),
        ("by a person", "unprobed"),
    ]
    files, gone, elsewhere = checked[0], checked[3], checked[4]
    assert (files.old, files.new) == ("50000", "60000")
    assert (gone.old, gone.new) == ("every few seconds", None)
    assert "modal.com__docs__guide__gpu.md" in elsewhere.why


def test_a_page_is_read_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def read(source: str) -> str:
        asked.append(source)
        raise UnreadableError("gone")

    verify([fact("a", 1, "x"), fact("b", 1, "y"), fact("c", 1, "z", source=f"{PAGE}#part")], read)
    assert asked == [PAGE]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{service.server_port}"
        service.shutdown()


def test_pages_are_fetched(tmp_path: Path, server: str) -> None:
    pytest.importorskip("httpx")
    from tminus.facts.fetch import live_pages

    (tmp_path / "limits").write_text("at most 8 GPUs")
    read = live_pages()
    checked = verify(
        [
            fact("limit", 8, r"at most (?P<value>\d+) GPUs", source=f"{server}/limits"),
            fact("missing", 8, "x", source=f"{server}/nothing"),
            fact("nobody", 8, "x", source="http://127.0.0.1:1/"),
        ],
        read,
    )
    assert [one.verdict for one in checked] == [Verdict.HOLDS, Verdict.UNREADABLE, Verdict.UNREADABLE]
    assert "404" in checked[1].why


def test_every_bundled_probe_captures_what_it_is_compared_with() -> None:
    probed = [one for one in Facts.bundled() if one.probe is not None]
    assert len(probed) > 90
    for one in probed:
        pattern = re.compile(one.probe or "")
        assert set(pattern.groupindex) <= {"value"}, one.id
        if "value" in pattern.groupindex:
            group = re.search(r"\(\?P<value>(.*?)\)", pattern.pattern)
            assert group is not None
            assert re.fullmatch(group[1], one.expected), f"{one.id}: {one.expected!r} cannot be captured"
