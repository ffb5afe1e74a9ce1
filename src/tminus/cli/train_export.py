"""`tminus train export`: merged weights, and the way to the Hub."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tminus.cli.train import telling


def main(arguments: Sequence[str]) -> int:
    """Export, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="tminus train export",
        description=(
            "Take the result of a finished run to where others load it. Without --merge that is the adapter, "
            "or the whole weights of a full fine-tune, as they lie in RUN/final."
        ),
    )
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="a run's output_dir")
    add("--merge", action="store_true", help="merge the adapter into its base, into RUN/merged")
    add("--dtype", choices=("float32", "bfloat16", "float16"), help="format of merged weights (the base's)")
    add("--push", metavar="OWNER/NAME", help="upload it to this repository of the Hub")
    add("--public", action="store_true", help="make the repository public, where it is made")
    options = parser.parse_args(arguments)
    return telling(lambda: _export(options))


def _export(options: argparse.Namespace) -> int:
    from tminus.train.errors import EXIT_FINISHED
    from tminus.train.export import merge, open_run, push
    from tminus.train.quiet import quiet_libraries

    def say(line: str) -> None:
        print(f"tminus: {line}", flush=True)

    quiet_libraries(main=True)
    directory = merge(options.run, say, options.dtype) if options.merge else open_run(options.run)[1]
    if options.push:
        say(f"pushed: {push(directory, options.push, say, private=not options.public)}")
    elif not options.merge:
        say(f"{directory} is complete")
    return EXIT_FINISHED
