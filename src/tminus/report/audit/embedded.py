"""A finished SVG picture within a page: styles and identifiers of its own, its words translated."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tminus.report.audit.wording import Words

_SVG = "http://www.w3.org/2000/svg"


def embedded(svg: str, name: str, words: Words) -> tuple[str, str]:
    """A picture made for a file of its own, as an element of a page.

    Args:
        svg: The picture.
        name: Its name in the page, unique.
        words: The page's language.

    Returns:
        The element, and its description in words.

    Raises:
        ElementTree.ParseError: It is no SVG.
    """
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)
    described = ""
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        if element.text and tag in ("text", "title", "desc"):
            element.text = words.plain(element.text) or element.text
        if "id" in element.attrib:
            element.attrib["id"] = f"{name}-{element.attrib['id']}"
        if tag == "style" and element.text:
            # Nested rules hold for this element alone.
            element.text = f"#{name} {{ {element.text} }}"
        if tag == "desc" and not described:
            described = element.text or ""
    labels = root.attrib.get("aria-labelledby", "")
    root.attrib["aria-labelledby"] = " ".join(f"{name}-{one}" for one in labels.split())
    root.attrib["id"] = name
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    return re.sub(r"\s*\n\s*", " ", ElementTree.tostring(root, encoding="unicode")), described
