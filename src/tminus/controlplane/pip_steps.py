"""The steps of an image that install Python packages, read from its Dockerfile commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_PIP = re.compile(r"(?:.*/)?pip[\d.]*")
_PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
_UV = re.compile(r"(?:.*/)?uv")
# How `uv_pip_install` of the client names the image's interpreter; here it is an environment's.
_THE_PYTHON = "$(command -v python)"
_OPERATORS = set("();<>|&")
# Options about where and how loudly packages are installed, which is decided here; True takes a value.
_DROPPED = {
    "--python": True, "-p": True, "--root-user-action": True, "--progress-bar": True,
    "--system": False, "--compile-bytecode": False, "--no-cache-dir": False, "--no-cache": False,
    "--break-system-packages": False, "--user": False, "--quiet": False, "-q": False,
    "--disable-pip-version-check": False,
}  # fmt: skip
_FILES = {
    "-r": "-r", "--requirement": "-r", "--requirements": "-r",
    "-c": "-c", "--constraint": "-c", "--constraints": "-c",
}  # fmt: skip
# Commands that put Python packages into an image in a way that is not made up for here.
_OTHERWISE = re.compile(
    r"\b(pip3? install|uv (sync|pip|add|export)|poetry|pipenv|pdm|conda|mamba|micromamba|setup\.py)\b"
)


@dataclass(frozen=True, slots=True)
class Install:
    """One installation of packages.

    Attributes:
        text: The command of the image.
        arguments: What follows ``pip install``, without what this machine decides itself; a requirements file
            stands after its ``-r`` or ``-c`` by its path in the image.
        uv: Whether the image asks uv for it, whose rules for several indexes differ from pip's.
    """

    text: str
    arguments: tuple[str, ...]
    uv: bool

    @property
    def files(self) -> list[str]:
        """Paths in the image of the files that it names."""
        pairs = zip(self.arguments, self.arguments[1:], strict=False)
        return [path for flag, path in pairs if flag in ("-r", "-c")]


def installs_of(command: str) -> list[Install]:
    """The installations that a shell command consists of; empty where it does anything else besides."""
    text = command.replace(_THE_PYTHON, "python")
    if "$" in text or "`" in text:
        return []
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        return []
    found = []
    for part in _parts(words):
        install = _install(command, part)
        if install is None:
            return []
        found.append(install)
    return found


def installs_otherwise(command: str) -> bool:
    """Whether a command that is not read here puts Python packages into an image all the same."""
    return _OTHERWISE.search(command) is not None


def _parts(words: Sequence[str]) -> Iterator[list[str]]:
    """Commands joined by ``&&``; any other operator stays a word, which no installation has."""
    part: list[str] = []
    for word in words:
        if word == "&&":
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _install(text: str, words: Sequence[str]) -> Install | None:
    match list(words):
        case [python, "-m", "pip", "install", *rest] if _PYTHON.fullmatch(python):
            uv = False
        case [pip, "install", *rest] if _PIP.fullmatch(pip):
            uv = False
        case [program, "pip", "install", *rest] if _UV.fullmatch(program):
            uv = True
        case _:
            return None
    arguments = _arguments(rest)
    return Install(text, tuple(arguments), uv) if arguments else None


def _arguments(words: Sequence[str]) -> list[str]:
    """The arguments that count; none where one of them means something of the image's own."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if set(word) <= _OPERATORS or name in ("-e", "--editable", "--target", "--prefix", "--root"):
            return []
        if name in _DROPPED:
            if _DROPPED[name] and not equals:
                next(rest, None)
        elif name in _FILES:
            kept += [_FILES[name], value if equals else next(rest, "")]
        elif not word.startswith("-") and word.startswith((".", "/", "~")):
            return []
        else:
            kept.append(word)
    return kept
