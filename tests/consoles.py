"""The commands that a document shows: what has to be written before them, and what they print.

A block of ```` ```console ```` holds commands after ``$ `` and what they print, both streams together.
``...`` on a line of its own stands for any lines, ``[…]`` for the rest of one. A block after
``<!-- file: NAME -->`` is the content of a file that the commands below it use.

    python tests/consoles.py docs/check.md    # write into the document what is printed now
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PART = re.compile(
    r"<!-- file: (?P<file>\S+) -->\n```\w*\n(?P<content>.*?)```|```console\n(?P<console>.*?)```", re.DOTALL
)
# Between what two commands print; in no output.
_MARK = "\x1e"


@dataclass(frozen=True)
class File:
    """A file that the document shows."""

    name: str
    content: str


@dataclass(frozen=True)
class Command:
    """A command, which may go on over lines, and what is shown as printed by it."""

    line: str
    shown: str


def parts_of(document: str) -> Iterator[File | list[Command]]:
    """The files and the blocks of commands of a Markdown document, in their order."""
    for match in _PART.finditer(document):
        if match["file"]:
            yield File(match["file"], match["content"])
        else:
            yield list(_commands(match["console"]))


def _commands(block: str) -> Iterator[Command]:
    for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = text.splitlines()
        count = 1
        while lines[count - 1].endswith("\\"):
            count += 1
        yield Command("\n".join(lines[:count]), "\n".join(lines[count:]))


def run(commands: list[Command], folder: Path) -> list[str]:
    """What each command prints, on both streams; without the folder's path, and spaces at ends of lines."""
    program = f'tminus() {{ "{sys.executable}" -m tminus "$@"; }}\npython() {{ "{sys.executable}" "$@"; }}\n'
    # `$?` is the exit code of the command before, as at a prompt.
    steps = "".join(f"(exit $code)\n{one.line}\ncode=$?; printf '{_MARK}'\n" for one in commands)
    # No command may use somebody's account; and each would compile the whole program anew.
    left_out = ("MODAL_", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    done = subprocess.run(
        ["bash", "-c", f"{program}exec 2>&1\ncode=0\n{steps}"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "MODAL_CONFIG_PATH": os.devnull},
        check=False,
    )
    printed = done.stdout.split(_MARK)[:-1]
    assert len(printed) == len(commands), f"{done.stdout}\n{done.stderr}"
    return [re.sub(r"[ ]+$", "", one.replace(f"{folder}/", ""), flags=re.MULTILINE) for one in printed]


def difference(command: Command, printed: str) -> str | None:
    """Why a command does not print what is shown; None where it does."""
    shown = f"{command.shown}\n" if command.shown else ""
    pieces = re.split(r"^\.\.\.(?:\n|\Z)|\[…\]", shown, flags=re.MULTILINE)
    rest, exact = printed, len(pieces) == 1
    for number, piece in enumerate(pieces):
        found = rest.find(piece)
        if found < 0 or (number == 0 and found > 0):
            return f"`{command.line}` does not print:\n{piece}\n--- it prints ---\n{printed}"
        rest = rest[found + len(piece) :]
    if (exact or pieces[-1]) and rest:
        return f"`{command.line}` prints more than is shown:\n{rest}\n--- it prints ---\n{printed}"
    return None


def refilled(document: str, folder: Path) -> str:
    """The document with what its commands print now; where it holds, also with places left out, it stays."""

    def part(match: re.Match[str]) -> str:
        if match["file"]:
            (folder / match["file"]).write_text(match["content"], encoding="utf-8")
            return match[0]
        commands = list(_commands(match["console"]))
        blocks = []
        for command, printed in zip(commands, run(commands, folder), strict=True):
            shown = f"{command.shown}\n" if command.shown else ""
            blocks.append(f"$ {command.line}\n{shown if difference(command, printed) is None else printed}")
        return f"```console\n{''.join(blocks)}```"

    return _PART.sub(part, document)


if __name__ == "__main__":
    import tempfile

    import conftest  # noqa: F401 - the day as of which the suite checks

    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(name)
            path.write_text(refilled(path.read_text("utf-8"), Path(directory)), encoding="utf-8")
