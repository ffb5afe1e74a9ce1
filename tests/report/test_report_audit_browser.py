"""Reports in a real browser: no error, no request, no barrier, and a layout that fits every width.

What is compared is the layout, not the pixels: fonts differ from machine to machine.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import test_report_audit_runs
import test_report_rehearsal
from audits import CLEAN, TEN_GPUS, audit_of
from test_report_audit_runs import run_record

from tminus.report.audit.document import Document, Section
from tminus.report.audit.html import to_html
from tminus.report.audit.rehearsal_document import rehearsal_document
from tminus.report.audit.rehearsed import read_rehearsal
from tminus.report.audit.run_document import run_document
from tminus.report.audit.wording import Words

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: make system installs it"
)

rehearsal, record = test_report_rehearsal.rehearsal, test_report_audit_runs.record
WIDTHS = (360, 768, 1440)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for name, script, language in (
        ("en", TEN_GPUS, "en"),
        ("pt", TEN_GPUS, "pt-BR"),
        ("clean", CLEAN, "en"),
    ):
        found[name] = folder / f"{name}.html"
        found[name].write_text(to_html(audit_of(script, language)), encoding="utf-8")
    # What stands in the report many times stands in this one a few times: axe looks at every line of code.
    found["abridged"] = folder / "abridged.html"
    found["abridged"].write_text(to_html(abridged(audit_of(TEN_GPUS, "pt-BR"))), encoding="utf-8")
    return found


def abridged(document: Document) -> Document:
    """A report with the first and the fourth of its problems and options only: one of each kind."""

    def shortened(part: Section) -> Section:
        few = [one for one in part.blocks if isinstance(one, Section)][:4:3]
        kept = tuple(one for one in part.blocks if not isinstance(one, Section) or one in few)
        return replace(part, blocks=kept)

    return replace(document, sections=tuple(shortened(one) for one in document.sections))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # Root has no sandbox of Chromium's own; the pages are this package's.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page()
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    yield opened
    opened.close()


def show(page: Any, path: Path, width: int = 1440, scheme: str = "light") -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())


@pytest.mark.parametrize("name", ["en", "pt", "clean"])
def test_a_report_asks_the_network_for_nothing_and_has_no_error(
    page: Any, pages: dict[str, Path], name: str
) -> None:
    show(page, pages[name])
    assert page.said == []
    assert page.asked == [pages[name].as_uri()]
    assert not re.search(r"<script|@import|url\(|\bsrc=", pages[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize(("scheme", "options"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_axe_finds_no_barrier(
    page: Any, pages: dict[str, Path], scheme: str, options: dict[str, Any]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    show(page, pages["abridged"], scheme=scheme)
    found = axe.Axe().run(page, options=options)
    violations = [
        f"{one['id']}: {one['help']}: {[node['html'][:150] for node in one['nodes'][:3]]}"
        for one in found.response["violations"]
    ]
    assert not violations


def test_reports_of_rehearsals_and_runs_have_no_barrier_either(
    page: Any, record: Path, tmp_path: Path
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    words = Words("pt-BR")
    for document in (
        rehearsal_document(read_rehearsal(record), None, words),
        run_document(run_record(), words),
    ):
        path = tmp_path / "report.html"
        path.write_text(to_html(document), encoding="utf-8")
        for width in WIDTHS:
            show(page, path, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.said == []
        assert [one["id"] for one in axe.Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_reaches_over_the_width_and_wide_things_scroll_by_themselves(
    page: Any, pages: dict[str, Path], width: int
) -> None:
    for name in ("en", "pt"):
        show(page, pages[name], width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        outside = page.evaluate(
            """width => [...document.querySelectorAll("main *")].filter(e => {
                if (e.closest(".scroll, pre")) return false;
                const box = e.getBoundingClientRect();
                return box.width > 0 && (box.right > width + 1 || box.left < 0);
            }).map(e => e.outerHTML.slice(0, 120))""",
            width,
        )
        assert outside == []


def test_the_contents_stand_beside_the_text_where_there_is_room_and_above_it_where_there_is_not(
    page: Any, pages: dict[str, Path]
) -> None:
    def boxes() -> tuple[dict[str, float], dict[str, float]]:
        return page.locator("nav").bounding_box(), page.locator("main").bounding_box()

    show(page, pages["en"], 1440)
    contents, text = boxes()
    assert contents["x"] + contents["width"] <= text["x"]
    assert 40 < page.evaluate("document.querySelector('main p').clientWidth / 16") < 60  # em
    for width in (360, 768):
        show(page, pages["en"], width)
        contents, text = boxes()
        assert contents["y"] + contents["height"] <= text["y"] + 1
        assert text["width"] > 0.9 * width


def test_letters_are_large_enough_and_lines_of_text_do_not_touch(page: Any, pages: dict[str, Path]) -> None:
    show(page, pages["en"], 360)
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("main p, main li, main td, main th, figcaption, pre")]
            .map(e => getComputedStyle(e)).map(s => [parseFloat(s.fontSize), parseFloat(s.lineHeight)])
            .map(([size, height]) => [size, height / size])"""
    )
    assert min(size for size, _ in sizes) >= 14
    assert min(height for _, height in sizes) >= 1.4


@pytest.mark.parametrize("name", ["en", "pt"])
def test_labels_in_pictures_do_not_lie_on_each_other_nor_outside(
    page: Any, pages: dict[str, Path], name: str
) -> None:
    show(page, pages[name])
    found = page.evaluate(
        """() => [...document.querySelectorAll("svg.chart")].map(svg => {
            const frame = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll("text")];
            const boxes = texts.map(t => [t.textContent, t.getBoundingClientRect()]);
            const wrong = [];
            boxes.forEach(([words, a], i) => {
                if (a.left < frame.left - 1 || a.right > frame.right + 1) wrong.push(`outside: ${words}`);
                boxes.slice(i + 1).forEach(([others, b]) => {
                    const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                    const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                    if (x > 3 && y > 5) wrong.push(`${words} on ${others}`);
                });
            });
            return {name: svg.querySelector("title").textContent, wrong, texts: boxes.length};
        })"""
    )
    assert len(found) == 2
    for chart in found:
        assert chart["wrong"] == [], chart
        assert chart["texts"] > 5


def test_the_keyboard_gets_to_the_text_and_to_what_scrolls(page: Any, pages: dict[str, Path]) -> None:
    show(page, pages["en"], 360)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
    scrolling = page.evaluate(
        """() => [...document.querySelectorAll("main *")].filter(e =>
            e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX))
            .map(e => [e.tabIndex, e.getAttribute("aria-labelledby") || e.getAttribute("aria-label")])"""
    )
    assert scrolling
    assert all(index == 0 and name for index, name in scrolling)


def test_every_link_within_the_report_leads_somewhere(page: Any, pages: dict[str, Path]) -> None:
    show(page, pages["en"])
    dangling = page.evaluate(
        """() => [...document.querySelectorAll("a[href^='#']")]
            .filter(a => !document.getElementById(a.getAttribute("href").slice(1))).map(a => a.outerHTML)"""
    )
    assert dangling == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_headings_go_down_one_level_at_a_time(page: Any, pages: dict[str, Path]) -> None:
    show(page, pages["en"])
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_light_and_dark_are_the_readers_choice(page: Any, pages: dict[str, Path]) -> None:
    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    show(page, pages["en"], scheme="dark")
    assert brightness() < 150
    show(page, pages["en"], scheme="light")
    assert brightness() > 700


def test_print_shows_everything_and_no_contents(page: Any, pages: dict[str, Path]) -> None:
    show(page, pages["en"], scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots per inch
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    cut = page.evaluate(
        """() => [...document.querySelectorAll("pre")]
            .filter(e => e.scrollWidth > e.clientWidth + 1).length"""
    )
    assert cut == 0
    assert page.pdf(format="A4").startswith(b"%PDF")
