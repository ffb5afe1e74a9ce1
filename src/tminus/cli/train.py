"""`tminus train`: run a fine-tune, or the demonstration; its other verbs have a module each."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.cli.launch import add_limit_flags

if TYPE_CHECKING:
    from tminus.train import TrainConfig, TrainResult

# First word after `train` to the module with its `main(arguments)`.
_VERBS = {
    "inspect-data": "train_inspect", "export": "train_export", "verify-resume": "train_verify",
}  # fmt: skip

_DESCRIPTION = """\
Run the fine-tune of a configuration, resuming where its output_dir holds something to resume from.
key=value words set fields of the configuration, and can stand for a file altogether.

Exit codes: 0 finished, 1 failed, 2 the configuration or the data cannot be used, 75 interrupted and saved:
start it again to continue."""

_EPILOG = """\
other verbs, each with --help:
  tminus train inspect-data CONFIG   what the rows of a configuration become, before any bill
  tminus train export RUN            merged weights; the Hub
  tminus train verify-resume CONFIG  kill a short run, resume it, compare to the last bit"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Name the verb in the program's help; `main` has its command line."""
    subparsers.add_parser("train", help="run a fine-tune that survives interruptions", add_help=False)


def main(arguments: Sequence[str]) -> int:
    """Run the verb with the words after it, and return the exit code."""
    if arguments[:1] and arguments[0] in _VERBS:
        module = importlib.import_module(f"tminus.cli.{_VERBS[arguments[0]]}")
        code = module.main(arguments[1:])
        assert isinstance(code, int)
        return code
    # Words and flags may stand in any order.
    return run(_parser().parse_intermixed_args(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tminus train",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("words", nargs="*", metavar="CONFIG | key=value", help="a .yaml, .toml or .json file; fields to set")
    add("--dry-run", action="store_true", help="print the resolved job, its plan and warnings; train nothing")
    add("--nproc", type=int, metavar="N", help="ranks to start on this machine (default: one a GPU, or one)")
    add("--demo", action="store_true", help="fine-tune a small real model on CPU, offline, in two minutes")
    add("--steps", type=int, default=60, help="optimizer steps of the demo (default: 60)")
    add("--output", type=Path, metavar="DIR", help="directory of the demo (default: a new temporary one)")
    add("--on", choices=("modal",), help="launch it on Modal, on the gpu and nodes of the configuration")
    add_limit_flags(parser.add_argument_group("with --on modal"))
    return parser


def run(args: argparse.Namespace) -> int:
    """Train, and return the exit code."""
    from tminus.train.errors import EXIT_UNUSABLE

    if args.demo == bool(args.words):
        print(
            "tminus train: give a configuration file, key=value words, or --demo and neither of them",
            file=sys.stderr,
        )
        return EXIT_UNUSABLE
    if args.demo:
        return telling(lambda: _demo(args))
    return telling(lambda: _config(args))


def telling(action: Callable[[], int]) -> int:
    """Do what a verb of `train` does; its errors become a line and the exit code that tells them."""
    from tminus.train import ConfigError, DataError, Interrupted, ResumeError, SetupError, TrainError
    from tminus.train.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_UNUSABLE

    try:
        return action()
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


def read_words(words: Sequence[str]) -> TrainConfig:
    """The configuration that a file and `key=value` words say; what its reader notices goes to stderr.

    Raises:
        ConfigError: It cannot be used, or several files were given.
    """
    from tminus.train import ConfigError
    from tminus.train.config_file import read_config

    files = [word for word in words if "=" not in word or Path(word).is_file()]
    if len(files) > 1:
        raise ConfigError(
            f"found the configurations {', '.join(files)}, but a run has one. Give one of them."
        )
    read = read_config(Path(files[0]) if files else None, [word for word in words if word not in files])
    for notice in read.notices:
        print(f"tminus: {notice}", file=sys.stderr)
    return read.config


def _config(args: argparse.Namespace) -> int:
    config = read_words(args.words)
    if args.on == "modal":
        from tminus.cli.train_modal import launch_config

        return launch_config(config, args)
    if args.dry_run:
        from tminus.cli.train_dry_run import dry_run

        return dry_run(config)
    from tminus.train import torchrun, train

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
