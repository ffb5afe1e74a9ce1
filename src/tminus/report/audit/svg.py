"""Small pieces of SVG, for pictures that take their colours from the page around them."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

# Of the page's font at 13 pixels: what labels are placed by, not what they are drawn by.
_LETTER = 7.2


def picture(name: str, title: str, description: str, width: float, height: float, body: Iterable[str]) -> str:
    """A picture with a name for those who hear it; `name` is unique in the document."""
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
        f"{''.join(body)}</svg>"
    )


def text(x: float, y: float, words: str, css: str = "", anchor: str = "start") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{css}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{css}"/>'


def bar(x: float, y: float, width: float, height: float, css: str, title: str = "") -> str:
    """A rectangle; `title` is shown when it is pointed at."""
    inside = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" class="{css}">'
        f"{inside}</rect>"
    )


def width_of(words: str) -> float:
    """About how wide a line of text is."""
    return _LETTER * len(words)
