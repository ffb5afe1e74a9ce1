"""TM311: one .remote() that is to outlive a day."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import training_runs
from tminus.facts import Facts
from tminus.script import Script


@rule("TM311", "remote-over-a-day", Severity.WARNING)
def remote_over_a_day(script: Script, facts: Facts) -> Iterator[Report]:
    """Spawn what has to go on for more than a day.

    ## What it does
    Finds `.remote()` of a training function whose timeout is the maximum and that has retries: the pattern of
    a run that is to go on from one attempt to the next.

    ## Why is this bad?
    The call made by `.remote()` ends after 24 h, with retries left. The run then stops although its
    checkpoints and its retries were made to carry it on.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=24 * 3600, retries=5)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()

    @app.local_entrypoint()
    def main():
        train.remote()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=24 * 3600, retries=5)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()

    @app.local_entrypoint()
    def main():
        train.spawn().get()
    ```

    ## Fix safety
    No fix: how the script goes on after the call is its own decision.

    ## Limit and source
    - `function.remote_expires_s`
    """
    fact = facts["function.remote_expires_s"]
    long = {
        run.function.name
        for run in training_runs(script)
        if run.function.retries and run.timeouts_s and min(run.timeouts_s) >= fact.value
    }
    for one in script.placed:
        match one.node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="remote")) if name in long:
                yield Report(
                    span=script.source.span_of(one.node),
                    message=(
                        f"{name}() may take {fact.value / 3600:g} h an attempt and has retries, but a "
                        f".remote() ends after {fact.value / 3600:g} h in all"
                    ),
                    source=fact,
                    advice=f"Use {name}.spawn().get(): a spawned call goes on through its retries.",
                )
