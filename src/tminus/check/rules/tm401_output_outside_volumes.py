"""TM401: a training's output outside every volume."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import training_runs
from tminus.check.saving import can_end_elsewhere, where, written_outside
from tminus.facts import Facts
from tminus.script import Script


@rule("TM401", "output-outside-volumes", Severity.ERROR)
def output_outside_volumes(script: Script, facts: Facts) -> Iterator[Report]:
    """Write checkpoints and models to a mounted volume.

    ## What it does
    Finds training functions with volumes that write what they train to paths outside all of them, and to
    nowhere else: no other save on a volume, no copy, no upload.

    ## Why is this bad?
    The container's own disk is gone when the container is. Everything that was paid for is lost, at a
    preemption and at a success alike.

    ## Example
    ```python
    @app.function(gpu="H100", volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/root/output")
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/output")
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Fix safety
    No fix: which volume, and which folder of it, is the user's decision.

    ## Limit and source
    - `volume.background_commit`: What is kept is what is written to a mounted volume.

    An output that a parameter or the environment can set is a warning.
    """
    for run in training_runs(script):
        if run.tminus or not run.mounts.complete or not run.mounts.table or can_end_elsewhere(run):
            continue
        outside = written_outside(run)
        if not outside or len(outside) < len(run.outputs):
            continue
        first = outside[0]
        certain = not first.assumed and not first.condition and run.training.kind != "launch"
        yield Report(
            span=first.span,
            message=(
                f"{run.function.name}() writes to {first.path}, outside the volumes at {where(run.mounts)}: "
                "it is lost with the container"
            ),
            source=facts["volume.background_commit"],
            advice=f"Write to a folder under {where(run.mounts)}.",
            severity=None if certain else Severity.WARNING,
        )
