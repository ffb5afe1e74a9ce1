"""`tminus train inspect-data`: what the rows of a configuration become, before any bill."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from tminus.cli.train import read_words, telling


def main(arguments: Sequence[str]) -> int:
    """Inspect, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="tminus train inspect-data",
        description=(
            "Read, tokenise, mask and pack the rows of a configuration on the CPU, without the model's "
            "weights, and say what is wrong with them. Exit codes: 0 nothing, 1 something, 2 they cannot be "
            "read at all."
        ),
    )
    parser.add_argument("words", nargs="+", metavar="CONFIG | key=value", help="as tminus train takes them")
    parser.add_argument("--rows", type=int, metavar="N", help="look at the first N rows only")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed")
    options = parser.parse_intermixed_args(arguments)
    return telling(lambda: _inspect(options))


def _inspect(options: argparse.Namespace) -> int:
    from tminus.train.errors import EXIT_FAILED, EXIT_FINISHED
    from tminus.train.quiet import quiet_libraries

    config = read_words(options.words)
    quiet_libraries(main=True)
    from tminus.train.inspection import inspect
    from tminus.train.model import load_tokenizer

    tokenizer, reason = load_tokenizer(config)
    found = inspect(config, tokenizer, reason, options.rows)
    if options.format == "json":
        json.dump(found.to_dict(), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        from tminus.report.inspection_text import print_inspection

        print_inspection(found, sys.stdout)
    return EXIT_FAILED if found.problems else EXIT_FINISHED
