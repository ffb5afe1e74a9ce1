"""TM113: `!` or `+` where they have no meaning."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Safety, Severity
from tminus.check.gpu_strings import GpuString, gpu_strings, rewritten
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script

_SUFFIXES = "!+"


@rule("TM113", "gpu-suffix", Severity.ERROR)
def gpu_suffix(script: Script, facts: Facts) -> Iterator[Report]:
    """Use `!` with H100 and `+` with B200, before the colon.

    ## What it does
    Finds `!` and `+` after the count, and on types for which the documentation does not name them.

    ## Why is this bad?
    After the count, the client raises `InvalidError` when the script is imported. On another type the
    service refuses the function: `A10G! is not a valid GPU type`.

    ## Example
    ```python
    @app.function(gpu="H100:8!")
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100!:8")
    def train(): ...
    ```

    ## Fix safety
    Safe where the suffix only moves. Taking one away has no fix: it may have been meant.

    ## Limit and source
    - `gpu.suffixes`
    """
    for one in gpu_strings(script):
        if one.count and one.count[-1] in _SUFFIXES and one.count[:-1].isdigit():
            moved = f"{one.text.partition(':')[0]}{one.count[-1]}:{one.count[:-1]}"
            yield _report(script, facts, one, f"the client refuses the count {one.count!r}", moved)
        elif one.type_name[-1:] in _SUFFIXES and facts.gpu(one.type_name) is None:
            base = one.type_name.rstrip(_SUFFIXES)
            if facts.gpu(base) is not None:
                plain = one.text.replace(one.type_name[-1], "", 1)
                reason = f"{one.type_name} is not among the documented types, and the service refuses it"
                yield _report(script, facts, one, reason, plain, fixable=False)


def _report(
    script: Script, facts: Facts, one: GpuString, reason: str, text: str, fixable: bool = True
) -> Report:
    fix = rewritten(script, one, one.text, text, f"Write {text}", Safety.SAFE) if fixable else None
    return Report(
        span=one.span,
        message=f'gpu="{one.text}"{one.when} of {one.function.name}(): {reason}',
        source=facts["gpu.suffixes"],
        fix=fix,
        advice=f'Write gpu="{text}".',
    )
