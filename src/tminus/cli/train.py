"""`tminus train`: run a fine-tune, or the demonstration."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tminus.train import TrainResult


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "train",
        help="run a fine-tune that survives interruptions",
        description=(
            "Run the fine-tune of a configuration, resuming where its output_dir holds something to resume "
            "from. Exit codes: 0 finished, 1 failed, 2 the configuration or the data cannot be used, "
            "75 interrupted and saved: start it again to continue."
        ),
    )
    parser.add_argument("config", nargs="?", help="the configuration, a JSON file of TrainConfig's fields")
    parser.add_argument(
        "--nproc", type=int, metavar="N", help="ranks to start on this machine (default: one a GPU, or one)"
    )
    parser.add_argument(
        "--demo", action="store_true", help="fine-tune a small real model on CPU, offline, in two minutes"
    )
    parser.add_argument("--steps", type=int, default=60, help="optimizer steps of the demo (default: 60)")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="directory of the demo (default: a new temporary one)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, and return the exit code."""
    from tminus.train import ConfigError, DataError, Interrupted, ResumeError, SetupError, TrainError
    from tminus.train.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_UNUSABLE

    if args.demo == (args.config is not None):
        print("tminus train: give either a configuration file or --demo", file=sys.stderr)
        return EXIT_UNUSABLE
    try:
        return _demo(args) if args.demo else _config(args)
    except Interrupted as stopped:
        print(f"tminus: {stopped}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (ConfigError, DataError, ResumeError, SetupError) as error:
        print(f"tminus: {error}", file=sys.stderr)
        return EXIT_UNUSABLE
    except TrainError as error:
        print(f"tminus: {error}", file=sys.stderr)
        return EXIT_FAILED
    except ModuleNotFoundError as error:
        print(f"tminus: training needs {error.name}: pip install 'tminus[train]'", file=sys.stderr)
        return EXIT_UNUSABLE


def _config(args: argparse.Namespace) -> int:
    from tminus.train import TrainConfig, torchrun, train

    config = TrainConfig.from_file(args.config)
    ranks = args.nproc or _gpus()
    return _exit_code(torchrun(config, nproc_per_node=ranks) if ranks > 1 else train(config))


def _gpus() -> int:
    import torch

    return max(1, torch.cuda.device_count())


def _demo(args: argparse.Namespace) -> int:
    import tempfile

    from tminus.train.demo import run_demo

    def say(line: str) -> None:
        print(line, flush=True)

    output = args.output or Path(tempfile.mkdtemp(prefix="tminus-demo-"))
    demo = run_demo(output, args.steps, say)
    first, last = demo.losses
    say(f"loss: {first:.2f} -> {last:.2f} (means of the first and the last ten steps)")
    if demo.result.final is not None:
        say(f"adapter: {demo.result.final}")
    return _exit_code(demo.result)


def _exit_code(result: TrainResult) -> int:
    from tminus.train.errors import EXIT_FINISHED, EXIT_INTERRUPTED

    return EXIT_FINISHED if result.status == "finished" else EXIT_INTERRUPTED
