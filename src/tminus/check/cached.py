"""Checking files of which some were checked before: what is known of those comes from the cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.check.task import Checked, Task

if TYPE_CHECKING:
    from tminus.check.cache import Cache
    from tminus.looked import Looks

# What the cache keeps of a file without findings.
NOTHING = "[]"


def check_cached(paths: Sequence[Path], task: Task, jobs: int | None = None) -> list[Checked]:
    """Check files as `batch.check_files`; the checker is loaded only for those that the cache lacks."""
    cache = task.cache
    known = {path: _known(cache, path) for path in paths} if cache is not None else {}
    missing = [path for path in paths if known.get(path) is None]
    if missing:
        from tminus.check.batch import check_files

        known |= {one.path: one for one in check_files(missing, task, jobs)}
    return [one for one in map(known.get, paths) if one is not None]


def keep(cache: Cache, checked: Checked, looks: Looks, since_ns: int) -> None:
    """Keep what was found in a file.

    Args:
        cache: Where.
        checked: What was found; of a file that could not be checked nothing is kept.
        looks: What was looked at.
        since_ns: When the check began, in nanoseconds since 1970.
    """
    text: str | None = NOTHING
    if checked.findings:
        from tminus.check.stored import as_json

        text = as_json(checked.findings, checked.places)
    if checked.readable and text is not None:
        cache.write(str(checked.path), text, looks, since_ns)


def _known(cache: Cache, path: Path) -> Checked | None:
    text = cache.read(str(path))
    if text is None or text == NOTHING:
        return None if text is None else Checked(path, None, (), ())
    from tminus.check.stored import of_json

    try:
        return Checked(path, None, *of_json(text))
    except ValueError:
        return None
