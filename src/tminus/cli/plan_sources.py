"""What `tminus plan` plans besides a script on disk: flags, configurations, and the script of a revision."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from tminus.cli import UserError
from tminus.facts import Facts
from tminus.plan import (
    Overrides,
    Plan,
    PlanError,
    Wishes,
    describe_values,
    make_plan,
    plan_script,
    values_of_train_config,
)
from tminus.plan.from_values import FIELDS
from tminus.script import Script, Source

_TRAINERS = {"axolotl": ["axolotl", "train"], "llama-factory": ["llamafactory-cli", "train"]}


def plan_of_flags(options: argparse.Namespace, facts: Facts, wishes: Wishes) -> Plan:
    """The plan of a job that flags alone describe."""
    values = given(options)
    if wishes.methods:
        values["method"] = "lora"
    described = describe_values(values, facts)
    return _made(described, facts, wishes)


def plan_of_configuration(options: argparse.Namespace, facts: Facts, wishes: Wishes) -> Plan:
    """The plan of a configuration file: of `tminus train`, Axolotl or LLaMA-Factory.

    Flags go before what the file says.
    """
    path: Path = options.script
    trainer = _trainer_of(path)
    if trainer is not None:
        script = Script.parse(Source(path.parent / "plan.py", _launcher(trainer, path.name, options)))
        overrides = Overrides(
            model=options.model,
            rows=options.rows,
            tokens_per_row=options.tokens_per_row,
            seq_len=options.seq_len,
            global_batch=options.global_batch,
            epochs=options.epochs,
            max_steps=options.max_steps,
        )
        return plan_script(script, facts, overrides, wishes)
    from tminus.train.config_file import read_config
    from tminus.train.errors import ConfigError

    try:
        config = read_config(path).config
    except ConfigError as error:
        raise PlanError(str(error)) from error
    values = {**values_of_train_config(config.to_dict()), **given(options)}
    return _made(describe_values(values, facts, str(path)), facts, wishes)


def plan_of_revision(
    path: Path | None, revision: str, facts: Facts, overrides: Overrides, wishes: Wishes
) -> Plan | None:
    """The plan of a script as a git revision has it; None where the revision has no such file.

    Raises:
        UserError: There is no script, no git, or no such revision.
    """
    if path is None:
        raise UserError("--against compares scripts; give one")
    folder = path.resolve().parent
    known = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if known is None:
        raise UserError(f"git knows no revision {revision!r} in {folder}")
    text = _git(folder, "show", f"{revision}:./{path.name}")
    if text is None:
        return None
    return plan_script(Script.parse(Source.of_bytes(path, text)), facts, overrides, wishes)


def given(options: argparse.Namespace) -> dict[str, object]:
    """The flags that describe the job, by the names of `tminus.plan.from_values.FIELDS`."""
    found = {name: value for name, value in vars(options).items() if name in FIELDS and value is not None}
    if found.get("method") == "any":
        del found["method"]
    return found


def _made(described: object, facts: Facts, wishes: Wishes) -> Plan:
    from dataclasses import replace

    from tminus.plan import Described

    assert isinstance(described, Described)
    asked = replace(described.asked, method=None) if wishes.methods else described.asked
    return make_plan(described.job, asked, facts, described.assumed, wishes)


def _trainer_of(path: Path) -> str | None:
    # By the keys that only one of them has; `tminus train` otherwise.
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: {error}") from error
    keys = {line.partition(":")[0].strip() for line in text.splitlines() if ":" in line and line[:1].strip()}
    if keys & {"base_model", "sequence_len", "micro_batch_size"}:
        return "axolotl"
    if keys & {"model_name_or_path", "finetuning_type", "stage", "cutoff_len"}:
        return "llama-factory" if "finetuning_type" in keys else None
    return None


def _launcher(trainer: str, name: str, options: argparse.Namespace) -> str:
    # The script that would run the file, so that it is read as it is in a script.
    gpu, command = options.gpu or "H100", [*_TRAINERS[trainer], name]
    return (
        "import subprocess\nimport modal\napp = modal.App('plan')\n"
        f"@app.function(gpu={gpu!r})\ndef train():\n    subprocess.run({command!r}, check=True)\n"
    )


def _git(folder: Path, *words: str) -> bytes | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except OSError as error:
        raise UserError(f"git could not be run: {error}") from error
    return done.stdout if done.returncode == 0 else None
