"""A document as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections import Counter
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from tminus.report.audit.document import Document


def to_html(document: Document) -> str:
    """The document, with its pictures inline."""
    environment = Environment(
        loader=PackageLoader("tminus.report.audit", "page"), autoescape=True, undefined=StrictUndefined
    )
    used: Counter[str] = Counter()

    def next_id(kind: str) -> str:
        used[kind] += 1
        return f"{kind}-{used[kind]}"

    environment.globals |= {"kind_of": lambda part: type(part).__name__, "next_id": next_id}
    style = (resources.files("tminus.report.audit") / "page" / "page.css").read_text(encoding="utf-8")
    page = environment.get_template("page.html.j2")
    return page.render(document=document, labels=dict(document.labels), style=style)
