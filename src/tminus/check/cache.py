"""What was found in files, kept for the next run, as `ruff` and `mypy` keep it.

An entry is a text file of its own: a line with the digest of the rest, a line for everything that the answer
rests on, an empty line, and the findings as JSON. It holds while each line is true: the tool and its facts,
Python, the day (facts grow old), the configuration, and each file and folder that was looked at. Whatever
cannot be read, or does not hold, is no entry.

An answer from here must cost less than loading the checker: this module loads `os` and `time` alone.
"""

from __future__ import annotations

import os
import sys
import time

from tminus import __version__

TYPE_CHECKING = False  # `typing` takes longer to load than an entry
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tminus.looked import Looks

try:
    # What hashlib gives, without loading OpenSSL.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

FOLDER = ".tminus_cache"
VARIABLE = "TMINUS_CACHE_DIR"

_PARTS = ("", "script", "check", "check/rules", "facts", "facts/data", "facts/data/api")
_SUFFIXES = (".py", ".toml", ".json")
_MAX_BYTES = 4_000_000


class Cache:
    """A cache folder, for runs with the same configuration and flags.

    Args:
        folder: The folder; it is made when something is kept.
        start: The folder from which the configuration is looked for.
        flags: The command's flags that decide what is found.
        plain: Whether the configuration leaves the usual output: a file without findings is then answered
            without reading the configuration again.
    """

    def __init__(self, folder: str, start: str, flags: str = "", plain: bool = False) -> None:
        self.folder = folder
        self._flags = flags
        self._plain = plain
        self._rests_on = [
            f"tool {tool()}",
            f"day {day()}",
            f"configuration {_digest(*configuration(start))}",
        ]

    def make(self) -> bool:
        """Make the folder; False where that cannot be done.

        It is done before anything is looked at: a new folder changes the one that it is in.
        """
        try:
            os.makedirs(self.folder, exist_ok=True)  # noqa: PTH103 - pathlib takes longer to load
            for name, text in (
                (".gitignore", "*\n"),
                ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# Made by tminus check.\n"),
            ):
                path = f"{self.folder}/{name}"
                if not os.path.exists(path):  # noqa: PTH110
                    with open(path, "x", encoding="utf-8") as file:  # noqa: PTH123
                        file.write(text)
        except OSError:
            return False
        return True

    def read(self, path: str, plain: bool = False) -> str | None:
        """The findings in a file as JSON, where an entry holds; else None.

        Args:
            path: The file, as it was named.
            plain: Whether only an entry for the usual output counts.
        """
        text = _text(self._entry(path))
        digest, _, rest = text.partition("\n")
        if not text or digest != _digest(rest):
            return None
        head, _, body = rest.partition("\n\n")
        lines = head.split("\n")
        if lines[: len(self._rests_on)] != self._rests_on:
            return None
        usual, *looked = lines[len(self._rests_on) :]
        if (plain and usual != "plain True") or not all(map(_holds, looked)):
            return None
        return body

    def write(self, path: str, body: str, looks: Looks, since_ns: int) -> None:
        """Keep the findings in a file, unless something that they rest on changed meanwhile.

        Args:
            path: The file, as it was named.
            body: The findings as JSON.
            looks: What was looked at.
            since_ns: When the check began, in nanoseconds since 1970.
        """
        from pathlib import Path

        from tminus.durable import write_text

        if not looks.settled(since_ns):
            return
        looked = [_line(one, one in looks.within) for one in sorted(looks.found)]
        if any("\n" in one for one in looked) or not looks.settled(since_ns):
            return
        head = "\n".join([*self._rests_on, f"plain {self._plain}", *looked])
        rest = f"{head}\n\n{body}"
        # A folder that cannot be written, or a text that is no UTF-8, costs time at the next run.
        try:
            write_text(Path(self._entry(path)), f"{_digest(rest)}\n{rest}", flush=False)
        except (OSError, UnicodeEncodeError):
            return

    def _entry(self, path: str) -> str:
        return f"{self.folder}/{_digest(os.getcwd(), path, self._flags)[:32]}"  # noqa: PTH109


def common_folder(paths: Sequence[str]) -> str:
    """The folder that all paths are in, links followed."""
    real = [os.path.realpath(path) for path in paths]
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in real]  # noqa: PTH112, PTH120
    try:
        return os.path.commonpath(folders)
    except ValueError:
        return folders[0]


def possible_folders(start: str) -> Iterator[str]:
    """Where the cache of a run without flags can be: the project's root, by its configuration, or here."""
    named = os.environ.get(VARIABLE)
    if named:
        yield named
        return
    for path in configuration(start)[::2]:
        yield f"{os.path.dirname(path)}/{FOLDER}"  # noqa: PTH120
    yield f"{os.getcwd()}/{FOLDER}"  # noqa: PTH109


def configuration(start: str) -> list[str]:
    """Path and text of each ``pyproject.toml`` at or above a folder that names this tool, nearest first."""
    found = []
    while True:
        path = os.path.join(start, "pyproject.toml")  # noqa: PTH118
        text = _text(path)
        if "tminus" in text:
            found += [path, text]
        above = os.path.dirname(start)  # noqa: PTH120
        if above == start:
            return found
        start = above


def tool() -> str:
    """A digest of the tool, its rules, its facts and the Python that runs it."""
    home = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
    states = [
        f"{part}/{entry.name} {entry.stat().st_size} {entry.stat().st_mtime_ns}"
        for part in _PARTS
        for entry in os.scandir(f"{home}/{part}")
        if entry.name.endswith(_SUFFIXES)
    ]
    return _digest(__version__, sys.version, *sorted(states))


def day() -> str:
    """The day on which the age of facts is counted, as `Facts.today`."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = time.gmtime(int(epoch)) if epoch.isdigit() else time.localtime()
    return time.strftime("%Y-%m-%d", now)


def _holds(line: str) -> bool:
    kind, _, rest = line.partition(" ")
    return _line(rest.partition(" ")[2], within=kind == "holds") == line


def _line(path: str, within: bool) -> str:
    """What an entry says of a path: whether it is a file, a folder or nothing, or what it holds."""
    kind = "folder" if os.path.isdir(path) else "file" if os.path.isfile(path) else "nothing"  # noqa: PTH112, PTH113
    if not within or kind == "nothing":
        return f"is {kind} {path}"
    try:
        if kind == "folder":
            return f"holds {_digest(*sorted(os.listdir(path)))} {path}"  # noqa: PTH208
        if os.path.getsize(path) > _MAX_BYTES:  # noqa: PTH202
            return f"holds {os.stat(path).st_mtime_ns} {path}"  # noqa: PTH116
        with open(path, "rb") as file:  # noqa: PTH123
            return f"holds {blake2b(file.read(), digest_size=20).hexdigest()} {path}"
    except OSError:
        return f"is unreadable {path}"


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""


def _digest(*parts: str) -> str:
    digest = blake2b(digest_size=20)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()
