"""The command line: one file a verb, each thin."""

from __future__ import annotations

import sys

from tminus import __version__

TYPE_CHECKING = False  # `typing` takes longer to load than an answer from the cache
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence
    from typing import NoReturn

# Verb to the module that holds it; a module is imported only when its verb is asked for.
VERBS = (
    "check", "plan", "rehearse", "train", "init", "launch", "runs", "report", "explain", "facts", "lsp",
    "local", "completion",
)  # fmt: skip
# Verbs that hand what follows -- to the script that they run; argparse would mix the two.
_PASSING_ON = ("launch",)

EXIT_OK = 0
EXIT_FOUND = 1
EXIT_UNABLE = 2


class UserError(Exception):
    """The tool cannot do what was asked; the message says why and what to do. Exit code 2."""


def program() -> NoReturn:
    """The command as a process of its own: `main`, and out.

    A check of one file makes many objects and frees few: looking for cycles among them, and taking the
    interpreter apart at the end, would be a fifth of its time.
    """
    if sys.argv[1:2] != ["check"]:
        sys.exit(main())
    import gc
    import os

    gc.disable()
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (BrokenPipeError, ValueError):
        # The reader has gone, or `main` has closed the stream because of that.
        code = EXIT_OK
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code.

    Returns:
        0 where nothing was found and everything worked, 1 for findings or a failed run, 2 where the tool
        could not do its work; ``train`` also gives 75, interrupted and resumable.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["check"]:
            from tminus.cli.quick import answered

            if answered(arguments[1:]):
                return EXIT_OK
        return _run(arguments)
    except UserError as error:
        print(f"tminus: {error}", file=sys.stderr)
        return EXIT_UNABLE
    except BrokenPipeError:
        # The reader of our output has gone, as `tminus check | head` does.
        sys.stderr.close()
        return EXIT_OK


def parser_of(verbs: Sequence[str] = VERBS) -> ArgumentParser:
    """The parser of the command line with some verbs, whose modules are imported."""
    import argparse
    import importlib

    parser = argparse.ArgumentParser(
        prog="tminus",
        description="Check, plan, rehearse and train fine-tunes on Modal before paying for them.",
    )
    parser.add_argument("--version", action="version", version=f"tminus {__version__}")
    subparsers = parser.add_subparsers(metavar="VERB", required=True)
    for verb in verbs:
        importlib.import_module(f"tminus.cli.{verb}").add_parser(subparsers)
    return parser


def _run(arguments: list[str]) -> int:
    import argparse

    if arguments[:1] == ["train"]:
        from tminus.cli import train  # has verbs of its own

        return train.main(arguments[1:])
    asked = next((word for word in arguments if not word.startswith("-")), None)
    parser = parser_of((asked,) if asked in VERBS else VERBS)
    passed_on: list[str] = []
    if asked in _PASSING_ON and "--" in arguments:
        at = arguments.index("--")
        arguments, passed_on = arguments[:at], arguments[at + 1 :]
    options = parser.parse_args(arguments, argparse.Namespace(passed_on=passed_on))
    code = options.run(options)
    assert isinstance(code, int)
    return code
