"""What a check is to do with each file, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.check.config import NO_CONFIG, Config
from tminus.check.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from tminus.check.cache import Cache
    from tminus.check.checker import Extend
    from tminus.check.finding import Finding, Safety
    from tminus.check.fixing import Fixed
    from tminus.check.places import Place
    from tminus.script import Source


@dataclass(frozen=True, slots=True)
class Task:
    """What to do with each file.

    Attributes:
        selection: The rules to run.
        config: The project's configuration, for its per-file ignores.
        safeties: Which fixes to make; none to make none.
        live: Whether to look up what the script names in the user's workspace.
        extend: Adds to what the rules found, such as what a plan says; it can be pickled.
        cache: Where to keep what was found; None to keep nothing.
    """

    selection: Selection = EVERYTHING
    config: Config = NO_CONFIG
    safeties: tuple[Safety, ...] = ()
    live: bool = False
    extend: Extend | None = None
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was checked.

    Attributes:
        path: The file.
        source: The text that the findings are about; None where it is not at hand.
        findings: What was found, after any fixes.
        places: The place of each finding.
        fixed: The file before and after its fixes, where there were any; nothing is written.
        readable: Whether the file could be checked.
    """

    path: Path
    source: Source | None
    findings: tuple[Finding, ...]
    places: tuple[Place, ...]
    fixed: Fixed | None = None
    readable: bool = True
