"""TM306: `nonpreemptible` on a function with GPUs."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.calls import is_true
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("TM306", "nonpreemptible-gpu", Severity.WARNING)
def nonpreemptible_gpu(script: Script, facts: Facts) -> Iterator[Report]:
    """Expect preemptions of a function with GPUs.

    ## What it does
    Finds `nonpreemptible=True` beside `gpu=`.

    ## Why is this bad?
    The documentation does not support it for GPUs, and the client says nothing: who relies on it loses the
    run at the first preemption.

    ## Example
    ```python
    @app.function(gpu="H100", nonpreemptible=True)
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", retries=3)
    def train(): ...  # resumes from its newest checkpoint
    ```

    ## Fix safety
    No fix: the training has to resume instead.

    ## Limit and source
    - `function.gpu_preemptible`
    """
    for function in script.functions:
        value = function.argument("nonpreemptible")
        if value is not None and is_true(value) and function.gpu_choices():
            yield Report(
                span=value.span,
                message=f"nonpreemptible=True of {function.name}(): with GPUs it is always preemptible",
                source=facts["function.gpu_preemptible"],
                advice="Save checkpoints, resume from them, and rehearse it: tminus rehearse --preempt 1.",
            )
