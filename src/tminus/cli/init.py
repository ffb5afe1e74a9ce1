"""``tminus init``: write a training script that its user owns, for a model, data and machines."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import get_args

from tminus.cli import EXIT_OK, UserError
from tminus.facts import Facts
from tminus.starter import Answers, Method, StarterError, choose, script_text

_MODEL, _DATA = "meta-llama/Llama-3.1-8B", "tatsu-lab/alpaca"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "init",
        help="write a training script that passes the checks and survives interruptions",
        description=(
            "Write a script of plain TRL, torchrun and Modal that resumes from its checkpoints. What is not "
            "given is asked for on a terminal; machines, micro-batch, checkpoint interval and timeout come "
            "from the plan where they are left open."
        ),
    )
    add = parser.add_argument
    add("output", nargs="?", type=Path, default=Path("train.py"), metavar="FILE", help="default: train.py")
    add("--model", metavar="ID", help="base model by its hub name")
    add("--data", metavar="ID|FILE", help="data set by its hub name, or a local .jsonl, .json or .csv file")
    add("--method", choices=get_args(Method), help="how it is trained (default qlora)")
    add("--gpu", metavar="TYPE[:N]", help="GPUs of a container, as in gpu=; the plan chooses where not given")
    add("--nodes", type=int, default=1, metavar="N", help="containers that train together (default 1)")
    add("--budget", type=float, metavar="USD", help="what the run may cost, at the upper end of its interval")
    add("--epochs", type=int, default=3, help="passes over the data (default 3)")
    add("--seq-len", type=int, default=2048, help="tokens of the longest sequence (default 2048)")
    add("--global-batch", type=int, default=64, help="sequences of an optimizer step (default 64)")
    add("--rows", type=int, help="rows of the data, where neither a file nor its card tells")
    add("--force", action="store_true", help="write over a file that exists")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask, choose, write."""
    path: Path = options.output
    if path.exists() and not options.force:
        raise UserError(f"{path}: exists; name another file, or write over it with --force")
    facts = Facts.bundled()
    gpu, gpus = _gpu(options.gpu)
    if options.nodes > 1 and gpu is None:
        raise UserError("--nodes: name the GPUs of a container too, such as --gpu H100:8")
    try:
        answers, option = choose(
            Answers(
                model=options.model or _ask("Base model", _MODEL),
                data=options.data or _ask("Data set, or a .jsonl or .csv file", _DATA),
                method=_method(options.method or _ask("Method (qlora, lora, full)", "qlora")),
                gpu=gpu or "H100",
                gpus=gpus,
                nodes=options.nodes,
                epochs=options.epochs,
                seq_len=options.seq_len,
                global_batch=options.global_batch,
                rows=options.rows,
            ),
            facts,
            machines_open=gpu is None,
            budget_usd=options.budget,
        )
        path.write_text(script_text(answers, path.name, facts), encoding="utf-8")
    except StarterError as error:
        raise UserError(str(error)) from error
    run_time = option.estimate.run
    print(
        f"{path}: {answers.method} of {answers.model} on {option.name}, {run_time.steps:,} steps of "
        f"{answers.global_batch} sequences\n"
        f"planned: {run_time.hours:.1f} h, ${option.estimate.usd:.2f} (up to ${option.usd_high:.2f}); "
        f"a checkpoint every {answers.save_steps} steps\n"
        f"next: tminus rehearse {path} --preempt 1, then tminus launch {path}"
    )
    return EXIT_OK


def _method(text: str) -> Method:
    for method in get_args(Method):
        if method == text:
            return method  # type: ignore[no-any-return]
    raise UserError(f"{text}: the method is one of {', '.join(get_args(Method))}")


def _gpu(text: str | None) -> tuple[str | None, int]:
    if text is None:
        return None, 1
    found = re.fullmatch(r"([A-Za-z0-9+!-]+)(?::(\d+))?", text)
    if found is None:
        raise UserError(f"--gpu {text}: a type, and a number after a colon, such as H100:8")
    return found[1], int(found[2] or 1)


def _ask(question: str, usual: str) -> str:
    if not sys.stdin.isatty():
        if question.startswith("Method"):
            return usual
        raise UserError("init needs --model and --data where nobody can be asked: stdin is no terminal")
    return input(f"{question} [{usual}]: ").strip() or usual
