"""``[tool.tminus]`` in ``pyproject.toml``: the flags of ``tminus check``, by the same names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tminus.check.selection import UnknownCodeError, known_prefix, nearest

SEVERITIES = ("error", "warning", "info")
FORMATS = ("text", "concise", "json", "sarif", "github", "junit", "markdown")
COLOURS = ("auto", "always", "never")

_BOOLEANS = ("exit-zero", "fix", "fix-only", "unsafe-fixes", "show-fixes", "live", "plan", "no-cache")
_CHOICES = {"severity": SEVERITIES, "format": FORMATS, "color": COLOURS}
_PATHS = ("baseline", "output-file", "cache-dir")
_CODES = ("select", "ignore")
_KEYS = (*_BOOLEANS, *_CHOICES, *_PATHS, *_CODES, "exclude", "per-file-ignores", "jobs", "budget-usd")


class ConfigError(Exception):
    """A configuration that cannot be used; the message names the file, the key and what was expected."""


@dataclass(frozen=True, slots=True)
class Config:
    """A project's configuration.

    Attributes:
        path: The file; None where there is none.
        values: The values by key, checked; paths are absolute.
        per_file_ignores: Patterns of paths, with the codes that are not looked for in such files.
    """

    path: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def ignored_in(self, file: Path) -> list[str]:
        """Codes that are not looked for in a file."""
        if self.path is None:
            return []
        return [
            code
            for pattern, codes in self.per_file_ignores
            if matches(file, pattern, self.path.parent)
            for code in codes
        ]


NO_CONFIG = Config()


def matches(file: Path, pattern: str, root: Path) -> bool:
    """Whether a pattern means a file: by its name, or by its path below `root`, or a folder above it."""
    try:
        below = file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        below = file.as_posix()
    pattern = pattern.rstrip("/")
    return fnmatch(file.name, pattern) or fnmatch(below, pattern) or fnmatch(below, f"{pattern}/*")


def find_config(start: Path, codes: Iterable[str]) -> Config:
    """The configuration in the nearest ``pyproject.toml`` with ``[tool.tminus]`` at or above a folder.

    Args:
        start: The folder.
        codes: Every rule's code.

    Raises:
        ConfigError: A file is no TOML, or has an unknown key, an unknown code or a value of another kind.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        try:
            data = path.read_bytes()
        except OSError:
            continue
        # Most projects have no such table: the parser is loaded only for those that do.
        if b"tminus" in data:
            table = _table(path, data)
            if table is not None:
                return _config(path, table, tuple(codes))
    return NO_CONFIG


def _table(path: Path, data: bytes) -> dict[str, Any] | None:
    import tomllib

    try:
        tool = tomllib.loads(data.decode("utf-8")).get("tool", {})
    except ValueError as error:
        raise ConfigError(f"{path}: no TOML: {error}") from error
    table = tool.get("tminus")
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{path}: [tool.tminus] is no table")
    return table


def _config(path: Path, table: dict[str, Any], codes: tuple[str, ...]) -> Config:
    values: dict[str, Any] = {}
    per_file: list[tuple[str, tuple[str, ...]]] = []
    for key, value in table.items():
        where = f"{path}: [tool.tminus] {key}"
        if key not in _KEYS:
            raise ConfigError(
                f"{where}: no such key{nearest(key, _KEYS)}; there are {', '.join(sorted(_KEYS))}"
            )
        if key == "per-file-ignores":
            if not isinstance(value, dict):
                raise ConfigError(f"{where}: a table of patterns and lists of codes is expected")
            per_file = [(pattern, _codes(where, one, codes)) for pattern, one in value.items()]
        else:
            values[key] = _value(key, value, where, path.parent, codes)
    return Config(path, values, tuple(per_file))


def _value(key: str, value: Any, where: str, root: Path, codes: tuple[str, ...]) -> Any:
    if key in _BOOLEANS and not isinstance(value, bool):
        raise ConfigError(f"{where}: true or false is expected, not {value!r}")
    if key in _CHOICES and value not in _CHOICES[key]:
        raise ConfigError(f"{where}: one of {', '.join(_CHOICES[key])} is expected, not {value!r}")
    if key == "jobs" and (type(value) is not int or value < 1):
        raise ConfigError(f"{where}: a number from 1 on is expected, not {value!r}")
    if key == "budget-usd" and (type(value) not in (int, float) or value <= 0):
        raise ConfigError(f"{where}: a number of US dollars above 0 is expected, not {value!r}")
    if key in _PATHS:
        if not isinstance(value, str):
            raise ConfigError(f"{where}: a path is expected, not {value!r}")
        return root / value
    if key in _CODES:
        return _codes(where, value, codes)
    if key == "exclude":
        return tuple(_texts(where, value))
    return value


def _codes(where: str, value: Any, codes: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(known_prefix(one, codes) for one in _texts(where, value))
    except UnknownCodeError as error:
        raise ConfigError(f"{where}: {error}") from error


def _texts(where: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ConfigError(f"{where}: a list of strings is expected, not {value!r}")
    return value
