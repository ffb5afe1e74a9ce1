"""TM408: checkpoints that are kept without limit."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.calls import passes_everything_visibly
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import training_runs
from tminus.facts import Facts
from tminus.script import Known, Script

_ARGUMENTS = ("transformers.TrainingArguments", "transformers.Seq2SeqTrainingArguments")


@rule("TM408", "checkpoints-without-limit", Severity.INFO)
def checkpoints_without_limit(script: Script, facts: Facts) -> Iterator[Report]:
    """Keep the last few checkpoints.

    ## What it does
    Finds trainer settings with a save interval in steps and without `save_total_limit`.

    ## Why is this bad?
    Every checkpoint stays. With a full fine-tune of an 8B model each is about 80 GiB with its optimizer; the
    volume costs a monthly price for every GiB, and a version 1 volume is slow with many files.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/run", save_steps=50)
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/run", save_steps=50, save_total_limit=2)
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Fix safety
    No fix: older checkpoints can be wanted for a comparison.

    ## Limit and source
    - `volume.v1_files_max`
    """
    seen: set[int] = set()
    for run in training_runs(script):
        for call in run.reach.calls:
            made = call.made
            if not (
                made.name in _ARGUMENTS or (made.name.startswith("trl.") and made.name.endswith("Config"))
            ):
                continue
            if id(call.node) in seen or not passes_everything_visibly(call.node):
                continue
            strategy = made.kwargs.get("save_strategy")
            in_steps = strategy is None or (isinstance(strategy, Known) and strategy.value == "steps")
            if "save_steps" not in made.kwargs or "save_total_limit" in made.kwargs or not in_steps:
                continue
            seen.add(id(call.node))
            yield Report(
                span=made.kwargs["save_steps"].span,
                message=f"{run.function.name}() keeps every checkpoint: save_total_limit is not given",
                source=facts["volume.v1_files_max"],
                advice="Give save_total_limit=2 or 3; the newest is enough to go on from.",
            )
