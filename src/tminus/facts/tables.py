"""Reading the TOML files of a data folder, with a cache: parsing them takes longer than checking a script.

The cache is one JSON file under ``$XDG_CACHE_HOME/tminus`` (``~/.cache/tminus``). It names the files that it
was made from with their sizes and times, and is made anew when one of them changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from datetime import date
from pathlib import Path
from typing import Any

_DAYS = ("as_of", "since", "until", "deprecated_on")

Tables = dict[str, dict[str, Any]]
"""File name below the data folder to what the file holds."""


def read_tables(directory: Path) -> Tables:
    """Every ``*.toml`` of a data folder and of its folder ``api``."""
    paths = [*sorted(directory.glob("*.toml")), *sorted(directory.glob("api/*.toml"))]
    made_from = [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in paths]
    cache = _cache_file(directory)
    if cache is not None:
        # No cache yet, one of another version, or a broken one: it is made anew.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            cached = json.loads(cache.read_bytes(), object_hook=_with_days)
            if cached["made_from"] == made_from:
                tables: Tables = cached["tables"]
                return tables
    tables = {path.relative_to(directory).as_posix(): _parsed(path) for path in paths}
    if cache is not None:
        _keep(cache, json.dumps({"made_from": made_from, "tables": tables}, default=_day_as_text))
    return tables


def _cache_file(directory: Path) -> Path | None:
    """The cache of a data folder; None where there is no home to keep it in."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return base / "tminus" / f"facts-{zlib.crc32(str(directory).encode()):08x}.json"


def _keep(cache: Path, text: str) -> None:
    from tminus.durable import write_text  # only where something is written

    # A folder that cannot be written costs time at each start, and nothing else.
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_text(cache, text)


def _parsed(path: Path) -> dict[str, Any]:
    import tomllib  # only where there is no cache: the import alone takes some milliseconds

    with path.open("rb") as file:
        return tomllib.load(file)


def _day_as_text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a data file")


def _with_days(table: dict[str, Any]) -> dict[str, Any]:
    for key in _DAYS:
        if key in table:
            table[key] = date.fromisoformat(table[key])
    return table
