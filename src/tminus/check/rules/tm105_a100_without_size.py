"""TM105: an A100 without a size where 80 GB are meant."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.gpu_strings import gpu_strings, rewritten
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Script

_EIGHTY = pattern(r"(?i)\bA100s?\b.{0,20}\b80\s?GB?\b|\b80\s?GB?\b.{0,20}\bA100s?\b")
# A line that offers a choice, or tells the two apart, does not say which is meant.
_CHOICE = pattern(
    r"(?i)\b40\s?GB?\b|\b(or|options?|alternative(ly)?|e\.g|if|instead|larger|bigger|upgrades?d?|may|might|can|could"
    r"|also|vs|versus|than|available|supports?|price[sd]?|cost(s)?)\b|\$|/|,.*[,|]|\|"
)


@rule("TM105", "a100-without-size", Severity.WARNING)
def a100_without_size(script: Script, facts: Facts) -> Iterator[Report]:
    """Say which A100 is meant.

    ## What it does
    Finds `gpu="A100"` in a script whose comments or docstrings speak of an A100 with 80 GB, and of no
    choice. Nothing is said where another function asks for 80 GB.

    ## Why is this bad?
    Without a size it is a request for 40 GB. It may be given 80 GB, or not: a job that needs them fails on
    some days.

    ## Example
    ```python
    # Needs one A100 80GB.
    @app.function(gpu="A100")
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="A100-80GB")
    def train(): ...
    ```

    ## Fix safety
    Unsafe: 80 GB cost more.

    ## Limit and source
    - `gpu.A100.memory_gb`
    """
    asked = [one for one in gpu_strings(script) if one.type_name.startswith("A100")]
    if not asked or any(one.type_name == "A100-80GB" for one in asked):
        return
    meant = next(
        (line for line in script.prose if _EIGHTY.search(line.text) and not _CHOICE.search(line.text)), None
    )
    if meant is None:
        return
    for one in asked:
        if one.type_name != "A100":
            continue
        yield Report(
            span=one.span,
            message=(
                f'gpu="{one.text}"{one.when} asks for 40 GB; line {meant.line} speaks of 80 GB, which it may '
                "or may not be given"
            ),
            source=facts["gpu.A100.memory_gb"],
            fix=rewritten(script, one, one.written_type, "A100-80GB", "Ask for A100-80GB"),
            advice='Ask for "A100-80GB", or for "A100-40GB" if that is enough.',
        )
