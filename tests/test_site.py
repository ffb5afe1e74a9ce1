"""The documentation site: built with warnings as errors, and without a link that leads nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


class _Page(HTMLParser):
    """The links, the anchors and what is fetched of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in {"script", "img", "iframe"} and "src" in given:
            self.fetched.append(given["src"])
        if tag == "link" and given.get("rel") == "stylesheet":
            self.fetched.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_link_within_the_site_leads_somewhere(site):
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > 80
    wrong = []
    for path, page in pages.items():
        if path.name == "404.html":  # served at any address: its links are absolute
            continue
        for link in page.links:
            target, _, anchor = link.partition("#")
            if ":" in target.split("/")[0]:
                continue
            found = (path.parent / unquote(target)).resolve() if target else path
            found = found / "index.html" if found.is_dir() else found
            known = pages.get(found)
            if not found.exists() or (anchor and known is not None and unquote(anchor) not in known.anchors):
                wrong.append(f"{path.relative_to(site)}: {link}")
    assert wrong == []


def test_nothing_is_fetched_from_elsewhere(site):
    fetched = {
        one for path in site.rglob("*.html") for one in _Page(path.read_text(encoding="utf-8")).fetched
    }
    assert [one for one in fetched if one.startswith(("http", "//"))] == []


def test_every_verb_and_every_rule_has_its_place(site):
    from tminus.check import all_rules
    from tminus.cli import VERBS

    commands = _Page((site / "commands" / "index.html").read_text(encoding="utf-8"))
    assert {f"tminus-{verb}" for verb in VERBS} <= commands.anchors
    rules = (site / "rules" / "index.html").read_text(encoding="utf-8")
    assert [rule.code for rule in all_rules() if f"{rule.code}/" not in rules] == []
