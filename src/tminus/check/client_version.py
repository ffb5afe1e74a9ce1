"""Which release of the client a script is for: the one that its project pins, else the newest known."""

from __future__ import annotations

import re
from pathlib import Path

from tminus.check.local_modules import search_folders
from tminus.check.once import once
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.looked import look, remembered
from tminus.script import Script

_PINNED = pattern(r"(?m)^[\s\"']*modal\s*(?:\[[^\]]*\])?\s*(?:===?|~=)\s*v?(\d+(?:\.\d+)+)")
_FILES = ("requirements.txt", "requirements-dev.txt", "pyproject.toml")


@once
def client_version(script: Script, facts: Facts) -> str:
    """The release to hold the script against."""
    return pinned_client(script) or facts.signatures.newest("modal")


@once
def pinned_client(script: Script) -> str | None:
    """The release that the project's requirements pin; None if they pin none."""
    header = script.source.text[:2000]
    # Dependencies written into the script itself (PEP 723).
    if "# /// script" in header:
        match = re.search(r"(?m)^#.*[\"']modal\s*(?:===?|~=)\s*(\d+(?:\.\d+)+)", header)
        if match is not None:
            return match[1]
    for folder in search_folders(script):
        found = _pinned_in(folder)
        if found is not None:
            return found
    return None


@remembered
def _pinned_in(folder: Path) -> str | None:
    for name in _FILES:
        path = folder / name
        look(path, within=True)
        if path.is_file():
            match = _PINNED.search(path.read_text(encoding="utf-8", errors="replace"))
            if match is not None:
                return match[1]
    return None
