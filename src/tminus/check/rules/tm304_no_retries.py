"""TM304: a long training without retries."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script

# A run that may take longer is one that an interruption costs something.
_LONG_S = 3600


@rule("TM304", "no-retries", Severity.INFO)
def no_retries(script: Script, facts: Facts) -> Iterator[Report]:
    """Let a long training try again.

    ## What it does
    Finds functions with GPUs that train, may take longer than an hour, and have no `retries=`.

    ## Why is this bad?
    A preemption restarts the function in any case. An error, a lost container or a timeout does so only with
    retries: without them somebody has to notice, and start it again.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=6 * 3600)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, retries=3)
    def train():
        newest = get_last_checkpoint("/data/run") if os.path.isdir("/data/run") else None
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train(resume_from_checkpoint=newest)
    ```

    ## Fix safety
    No fix: retries without a resume pay for the same steps again.

    ## Limit and source
    - `function.retries_max`
    """
    for function in script.functions:
        if function.may_have("retries") or any("retries" in one.arguments for one in function.overrides):
            continue
        timeouts = [one.value.value for one in function.possible("timeout")]
        long = timeouts and all(
            isinstance(seconds, int | float) and seconds > _LONG_S for seconds in timeouts
        )
        if long and function.gpu_choices() and script.trains_for_real(function):
            yield Report(
                span=function.decorator,
                message=f"{function.name}() may train for {max(timeouts) / 3600:g} h and has no retries",
                source=facts["function.retries_max"],
                advice="Resume from the newest checkpoint, and give retries=.",
            )
