"""TM406: a long training that does not go on from its newest checkpoint."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.resume import resumes, saves
from tminus.check.rule import Report, rule
from tminus.check.runs import Run, training_runs
from tminus.facts import Facts
from tminus.script import Script, Span

# Below this, what an interruption costs is small.
_LONG_S = 3600
# From here on the loss is certain enough to be worth a warning: shorter runs are seldom interrupted.
_HALF_A_DAY_S = 6 * 3600


@rule("TM406", "no-resume", Severity.WARNING)
def no_resume(script: Script, facts: Facts) -> Iterator[Report]:
    """Go on from the newest checkpoint.

    ## What it does
    Finds training functions with a GPU that may run longer than an hour, save checkpoints, and never look
    for one; and `train(resume_from_checkpoint=True)` under no condition. Functions with retries are TM305's.

    ## Why is this bad?
    GPU functions can always be preempted. They start again with the same arguments, and without a look at
    the saved checkpoints from step 0. `resume_from_checkpoint=True` is no look: in the first attempt there is
    no checkpoint, and transformers raises a `ValueError`.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/run", save_steps=100)
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/run", save_steps=100)
        newest = get_last_checkpoint("/data/run") if os.path.isdir("/data/run") else None
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train(resume_from_checkpoint=newest)
    ```

    ## Fix safety
    No fix: where the checkpoints are, and whether they belong to this run, is the script's business.

    ## Limit and source
    - `function.preemption_same_input`
    """
    fact = facts["function.preemption_same_input"]
    for run in training_runs(script):
        if run.tminus:
            continue
        for span in _always_true(run):
            yield Report(
                span=span,
                message=(
                    "resume_from_checkpoint=True fails in the first attempt: there is no checkpoint yet, and "
                    "transformers raises a ValueError"
                ),
                source=fact,
                advice="Give it get_last_checkpoint(output_dir), or None where there is no such folder.",
            )
        timeouts = run.timeouts_s
        if (
            not timeouts
            or min(timeouts) <= _LONG_S
            or run.function.retries != 0
            or not run.function.gpu_choices()
        ):
            continue
        if run.in_sight and not resumes(run) and saves(run):
            yield Report(
                span=run.training.span,
                message=(
                    f"{run.function.name}() may train for {max(timeouts) / 3600:g} h and never looks for a "
                    "checkpoint: a preemption starts it from step 0"
                ),
                source=fact,
                advice="Resume from the newest checkpoint on the volume at the start of the function.",
                severity=None if min(timeouts) >= _HALF_A_DAY_S else Severity.INFO,
            )


def _always_true(run: Run) -> Iterator[Span]:
    conditional = {
        id(inner)
        for one in run.reach.placed
        if isinstance(one.node, ast.If | ast.IfExp | ast.Try | ast.While)
        for inner in ast.walk(one.node)
    }
    for one in run.reach.placed:
        match one.node:
            case ast.Call(func=ast.Attribute(attr="train"), keywords=keywords) if (
                id(one.node) not in conditional
            ):
                for keyword in keywords:
                    if keyword.arg == "resume_from_checkpoint" and _is_true(keyword.value):
                        yield run.script.source.span_of(keyword)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
