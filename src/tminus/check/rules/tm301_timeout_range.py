"""TM301: a timeout out of its range."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Known, Script


@rule("TM301", "timeout-range", Severity.ERROR)
def timeout_range(script: Script, facts: Facts) -> Iterator[Report]:
    """Keep a timeout within a day.

    ## What it does
    Compares `timeout=` with the documented range, in seconds.

    ## Why is this bad?
    The client takes any number; the service refuses a function with more than 24 hours before anything is
    allocated. `timeout=None` raises an error when the script is imported.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=7 * 24 * 3600)
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=24 * 3600, retries=10)
    def train(): ...  # resumes from its newest checkpoint
    ```
    The timeout holds for one attempt: a longer run goes on in the next one, from a checkpoint.

    ## Fix safety
    Unsafe: the run has to resume to get further than a day.

    ## Limit and source
    - `function.timeout_max_s`
    - `function.timeout_min_s`
    """
    most, least = facts["function.timeout_max_s"], facts["function.timeout_min_s"]
    for function in script.functions:
        for alternative in function.possible("timeout"):
            known = alternative.value
            when = f" ({alternative.condition})" if alternative.condition else ""
            name = f"timeout={known.value!r}{when} of {function.name}()"
            if known.value is None:
                yield Report(
                    span=known.span,
                    message=f"{name}: the client raises InvalidError, there is no unlimited timeout",
                    source=most,
                    advice=f"Give seconds, at most {most.value}; without the argument it is 300.",
                )
            elif not isinstance(known.value, int | float) or isinstance(known.value, bool):
                continue
            elif known.value > most.value:
                yield Report(
                    span=known.span,
                    message=f"{name} is over the maximum of {most.value} s (24 h); the service refuses it",
                    source=most,
                    fix=_fix(known, most.value),
                    advice="Give at most 24 h an attempt; save, resume, and let retries carry on.",
                )
            elif known.value < least.value:
                yield Report(
                    span=known.span,
                    message=f"{name} is under the documented minimum of {least.value} s",
                    source=least,
                    advice="Give the seconds that one attempt may take.",
                    severity=Severity.WARNING,
                )


def _fix(known: Known, seconds: int) -> Fix | None:
    if len(known.leaves) == 1 and known.leaves[0].value == known.value:
        return Fix("Give 24 hours", (Edit(known.leaves[0].span, str(seconds)),), Safety.UNSAFE)
    return None
