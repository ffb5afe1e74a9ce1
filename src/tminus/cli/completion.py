"""``tminus completion``: what a shell needs to complete verbs, flags, choices and files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tminus.cli import EXIT_OK, UserError, parser_of

_SHELLS = ("bash", "zsh")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("completion", help="print what a shell needs to complete this command")
    parser.add_argument("shell", choices=_SHELLS, help='for: eval "$(tminus completion bash)"')
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the shell's script."""
    try:
        import shtab
    except ImportError as error:
        raise UserError(
            "completion needs shtab, not installed here: pip install 'tminus[completion]'"
        ) from error
    parser = parser_of()
    _complete_files(parser, shtab.FILE)
    print(shtab.complete(parser, shell=options.shell))
    return EXIT_OK


def _complete_files(parser: argparse.ArgumentParser, files: Any) -> None:
    """Let everything that takes a path be completed with files."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in {id(one): one for one in action.choices.values()}.values():
                _complete_files(one, files)
        elif action.type is Path or "SCRIPT" in str(action.metavar or ""):
            action.complete = files  # type: ignore[attr-defined]
