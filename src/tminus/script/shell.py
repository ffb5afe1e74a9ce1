"""Taking shell lines apart: the programs that they start, with their arguments and variables."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from tminus.lazy import pattern
from tminus.script.words import GAP, Command

_SEPARATORS = frozenset(
    {";", "&&", "||", "|", "&", "(", ")", "{", "}", "!", "then", "do", "else", "fi", "done"}
)
_ASSIGNMENT = pattern(r"^([A-Za-z_]\w*)=(.*)$", re.S)

# Of streams to each other (2>&1) or to a file; the ampersand would separate commands.
_REDIRECTION = pattern(r"\d?>&\d|&?>>?\s*[\w./$-]+|(?<=\s)\d>>?\s*[\w./$-]+")

# Programs that start the program named by their remaining words; the number is that of words of their own.
_WRAPPERS = {
    "exec": 0, "nohup": 0, "time": 0, "sudo": 0, "env": 0, "command": 0, "stdbuf": 0, "nice": 0, "setsid": 0,
    "ionice": 0, "unbuffer": 0, "catchsegv": 0, "xvfb-run": 0, "if": 0, "while": 0,
    "timeout": 1, "taskset": 1, "numactl": 0,
}  # fmt: skip
_RUNNERS = {
    ("uv", "run"),
    ("poetry", "run"),
    ("pipenv", "run"),
    ("pdm", "run"),
    ("conda", "run"),
    ("pixi", "run"),
}
_SHELLS = frozenset({"bash", "sh", "zsh", "dash"})
_VALUED = frozenset(
    {
        "-n",
        "-p",
        "--name",
        "--python",
        "--with",
        "--project",
        "--directory",
        "--extra",
        "--env-file",
        "-u",
        "-k",
        "-s",
    }
)

_MAX_NESTING = 5


@dataclass(frozen=True, slots=True)
class Program:
    """A program that a command starts.

    Attributes:
        words: Its name and its arguments; `words.GAP` stands for what could not be read.
        variables: Variables set for it on the same line.
        ignored: Whether the line goes on to say that its failure does not matter (``|| true``).
        piped: Whether its output goes into another program, whose exit code is the line's.
    """

    words: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)
    ignored: bool = False
    piped: bool = False

    @property
    def name(self) -> str:
        """The program's name without its folder."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    def option(self, *names: str) -> str | None:
        """The value of an option, given as ``--name value`` or ``--name=value``; None without it."""
        for index, word in enumerate(self.words):
            key, equals, value = word.partition("=")
            if key.replace("_", "-") in names:
                if equals:
                    return value
                return self.words[index + 1] if index + 1 < len(self.words) else ""
        return None

    def has(self, *names: str) -> bool:
        """Whether an option is given, or could be among what was not read."""
        return self.option(*names) is not None

    @property
    def whole_options(self) -> bool:
        """Whether no unread words stand before the first script: no option is hidden."""
        for word in self.words:
            if word == GAP:
                return False
            if word.endswith(".py"):
                return True
        return True

    @property
    def whole(self) -> bool:
        """Whether all of its words could be read."""
        return not any(GAP in word for word in self.words)


def programs(command: Command, nesting: int = 0) -> list[Program]:
    """Every program that a command starts, in order; those that a ``bash -c`` starts are among them."""
    if isinstance(command, tuple):
        return _unwrapped(Program(command), nesting)
    found: list[Program] = []
    for words, following in _simple_commands(command):
        ignored = following[:1] == ("||",) and following[1:2] in (("true",), (":",), ("echo",))
        program = Program(words, {}, ignored, following[:1] == ("|",))
        found += _unwrapped(program, nesting)
    return found


def _simple_commands(line: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The simple commands of a line, each with the separator and word that follow it."""
    tokens = _tokens(line)
    found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    start = 0
    for index, token in enumerate([*tokens, ";"]):
        if token in _SEPARATORS:
            if index > start:
                found.append((tuple(tokens[start:index]), tuple(tokens[index : index + 2])))
            start = index + 1
    return found


def _tokens(line: str) -> list[str]:
    text = re.sub(r"\\\r?\n", " ", line)
    text = re.sub(r"(?m)^\s*#.*$", "", text)
    text = _REDIRECTION.sub(" ", text).replace("\n", " ; ")
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        # A quotation that does not end, often because its end could not be read.
        return text.split()


def _unwrapped(program: Program, nesting: int) -> list[Program]:
    """A program without what only wraps it: variables, ``nohup``, ``bash -c``, ``uv run``."""
    words, variables = list(program.words), dict(program.variables)
    while words:
        assigned = _ASSIGNMENT.match(words[0])
        name = words[0].rpartition("/")[2]
        if assigned and len(words) > 1:
            variables[assigned[1]] = assigned[2]
            words = words[1:]
        elif assigned or name in ("export", "set", "cd", "source", ".", "echo"):
            break
        elif name in _WRAPPERS and len(words) > 1:
            words = _after_options(words[1:])[_WRAPPERS[name] :]
        elif len(words) > 2 and (name, words[1]) in _RUNNERS:
            words = _after_options(words[2:])
        elif name in _SHELLS and nesting < _MAX_NESTING:
            inner = _line_for_shell(words)
            if inner is None:
                break
            return [
                Program(one.words, {**variables, **one.variables}, one.ignored or program.ignored, one.piped)
                for one in programs(inner, nesting + 1)
            ]
        else:
            break
    return [Program(tuple(words), variables, program.ignored, program.piped)] if words else []


def _line_for_shell(words: list[str]) -> str | None:
    for index, word in enumerate(words[1:], start=1):
        if re.fullmatch(r"-[a-z]*c", word):
            return words[index + 1] if index + 1 < len(words) else None
        if not word.startswith("-"):
            return None
    return None


def _after_options(words: list[str]) -> list[str]:
    index = 0
    while index < len(words) and words[index].startswith("-"):
        index += 2 if words[index] in _VALUED else 1
    return words[index:]
