"""`tminus train verify-resume`: kill a short run, resume it, and compare to the last bit."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tminus.train.verify_resume import Verification

_DESCRIPTION = """\
Train a few steps of a configuration twice, kill the second run by SIGKILL, resume it, and compare every
logged loss, learning rate, gradient norm and token count, and the final weights, bit for bit.

Exit codes: 0 all is the same, 1 something differs (the first differing step is printed) or a run failed,
2 the configuration or the data cannot be used."""


def main(arguments: Sequence[str]) -> int:
    """Run the verb, and return the exit code."""
    from tminus.cli.train import read_words, telling

    parser = argparse.ArgumentParser(
        prog="tminus train verify-resume",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("words", nargs="+", metavar="CONFIG | key=value", help="a .yaml, .toml or .json file; fields to set")
    add("--steps", type=int, default=12, help="optimizer steps of each run, at least 4 (default: 12)")
    add("--nproc", type=int, default=1, metavar="N", help="ranks to start on this machine (default: 1)")
    add("--keep", type=Path, metavar="DIR", help="leave the runs in this directory (default: delete them)")
    args = parser.parse_intermixed_args(arguments)
    if args.steps < 4:
        parser.error(f"--steps: found {args.steps}, but a checkpoint and a step beyond it need at least 4")

    def verify() -> int:
        from tminus.train.verify_resume import verify_resume

        config = read_words(args.words)
        with tempfile.TemporaryDirectory(prefix="tminus-verify-") as temporary:
            folder = args.keep or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            return _tell(verify_resume(config, steps=args.steps, ranks=args.nproc, folder=folder, say=_say))

    return telling(verify)


def _say(line: str) -> None:
    print(f"tminus: {line}", file=sys.stderr, flush=True)


def _tell(found: Verification) -> int:
    if found.exact:
        print(
            f"exact: killed after step {found.killed_after}, resumed from {found.resumed_from}; all "
            f"{found.steps} steps and the final weights are bit-identical to the run without interruption"
        )
        return 0
    print(f"not exact: {found.difference or 'the losses are the same, the final weights are not'}")
    if found.repeatable is False:
        print(
            "Two runs without interruption differ as well: kernels of this machine are not deterministic, so "
            "this says nothing about the resume. On CPUs, set OMP_NUM_THREADS=1."
        )
    return 1
