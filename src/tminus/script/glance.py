"""What the text of a module says of a name at a glance, without parsing it."""

from __future__ import annotations

import re

from tminus.lazy import pattern

_IMPORTS = pattern(rb"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\r\n]*)", re.MULTILINE)
_COMMENT = pattern(rb"#[^\r\n]*")


def defines(text: bytes, name: str) -> bool:
    """Whether a module has a function or class of a name."""
    start = rb"^(?:async[ \t]+)?(?:def|class)[ \t]+"
    return name.encode() in text and re.search(start + name.encode() + rb"\b", text, re.MULTILINE) is not None


def imported_as(text: bytes, name: str) -> str | None:
    """The full dotted name that a module imports under a name; None where that is not plain to see."""
    wanted = name.encode()
    if wanted not in text or re.search(rb"^[ \t]*" + wanted + rb"[ \t]*[:=]", text, re.MULTILINE):
        return None
    for found in _IMPORTS.finditer(text):
        if wanted in found[2]:
            names = [one.strip() for one in _COMMENT.sub(b"", found[2]).strip(b"() \t").split(b",")]
            if wanted in names:
                module = found[1].decode()
                return f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
    return None
