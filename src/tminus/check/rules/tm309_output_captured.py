"""TM309: the output of a training is held back."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import training_runs
from tminus.facts import Facts
from tminus.script import Script
from tminus.script.reach import starts_training


@rule("TM309", "output-captured", Severity.WARNING)
def output_captured(script: Script, facts: Facts) -> Iterator[Report]:
    """Let the training write to the log.

    ## What it does
    Finds training commands whose output is captured until they end: `capture_output=True`,
    `check_output`, `Popen(stdout=PIPE)` with `communicate()`.

    ## Why is this bad?
    Nothing can be seen during the run, not even that the loss is NaN. When the function is cancelled at its
    timeout, or its container is lost, what was captured is lost with it.

    ## Example
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"], check=True, capture_output=True)
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Fix safety
    No fix: the script may use what it captured.

    ## Limit and source
    - `function.timeout_default_s`: At its timeout a function is cancelled.
    """
    seen: set[int] = set()
    for run in training_runs(script):
        for command in run.reach.commands:
            if id(command.node) in seen or not command.outcome.captured or not any(starts_training(command)):
                continue
            seen.add(id(command.node))
            yield Report(
                span=command.span,
                message=(
                    f"the output of the training in {run.function.name}() is captured: nothing is seen until "
                    "it ends, and nothing is left after a timeout"
                ),
                source=facts["function.timeout_default_s"],
                advice="Leave capture_output out; to keep a copy too, read Popen's stdout line by line.",
            )
