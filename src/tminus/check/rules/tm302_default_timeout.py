"""TM302: training under the default timeout."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("TM302", "default-timeout", Severity.WARNING)
def default_timeout(script: Script, facts: Facts) -> Iterator[Report]:
    """Give a training its timeout.

    ## What it does
    Finds functions with GPUs that train and have no `timeout=`.

    ## Why is this bad?
    After five minutes the input is cancelled, whatever has been paid for it by then.

    ## Example
    ```python
    @app.function(gpu="H100")
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=6 * 3600)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()
    ```

    ## Fix safety
    No fix: how long it takes is not in the script. `tminus plan` estimates it.

    ## Limit and source
    - `function.timeout_default_s`
    """
    default = facts["function.timeout_default_s"]
    for function in script.functions:
        overridden = any("timeout" in one.arguments for one in function.overrides)
        if function.may_have("timeout") or overridden or not function.gpu_choices():
            continue
        if script.trains_for_real(function):
            yield Report(
                span=function.decorator,
                message=(
                    f"{function.name}() trains without a timeout: the default cancels it after "
                    f"{default.value} s"
                ),
                source=default,
                advice="Give timeout= the seconds that one attempt may take, with a margin.",
            )
