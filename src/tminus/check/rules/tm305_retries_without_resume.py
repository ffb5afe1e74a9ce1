"""TM305: retries that start from zero."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.resume import resumes
from tminus.check.rule import Report, rule
from tminus.check.runs import training_runs
from tminus.facts import Facts
from tminus.script import Script


@rule("TM305", "retries-without-resume", Severity.WARNING)
def retries_without_resume(script: Script, facts: Facts) -> Iterator[Report]:
    """Resume where a retry begins.

    ## What it does
    Finds training functions with retries that never look for a checkpoint. Only training whose whole code is
    in the file is judged.

    ## Why is this bad?
    Each retry trains from step 0: `retries=3` then pays for up to four runs, and one that is interrupted
    again and again never ends. A retry gets the same arguments, so the function has to look by itself.

    ## Example
    ```python
    @app.function(gpu="H100", retries=3, timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/run")
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", retries=3, timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/run")
        newest = get_last_checkpoint("/data/run") if os.path.isdir("/data/run") else None
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train(resume_from_checkpoint=newest)
    ```

    ## Fix safety
    No fix: the checkpoints have to be found, and on a volume.

    ## Limit and source
    - `function.timeout_per_attempt`
    """
    for run in training_runs(script):
        retries = run.function.retries
        if not retries or not run.in_sight or run.tminus or resumes(run):
            continue
        yield Report(
            span=run.function.decorator,
            message=(
                f"{run.function.name}() has {retries} retries and never looks for a checkpoint: each attempt "
                "trains from step 0"
            ),
            source=facts["function.timeout_per_attempt"],
            advice="Save to a volume, and resume from the newest checkpoint at the start of the function.",
        )
