"""TM803: an argument that has another name now."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.calls import keyword_of
from tminus.check.deprecated_use import OldUse, old_uses
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Script


@rule("TM803", "renamed-parameter", Severity.ERROR)
def renamed_parameter(script: Script, facts: Facts) -> Iterator[Report]:
    """Use the argument's new name.

    ## What it does
    Finds arguments that the client has renamed: `keep_warm`, `concurrency_limit`, `container_idle_timeout`,
    `label` of `from_name`, …

    ## Why is this bad?
    The client refuses the old name when the script is imported. With an older client that the project pins it
    is a warning.

    ## Example
    ```python
    @app.function(keep_warm=1, concurrency_limit=4)
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(min_containers=1, max_containers=4)
    def train(): ...
    ```

    ## Fix safety
    Safe: the new argument means the same.

    ## Limit and source
    - `deprecation.<renamed>`
    """
    for old in old_uses(script, facts):
        entry = old.deprecation
        if old.argument is None or not entry.replacement:
            continue
        then = "refuse" if old.refused else "warn about"
        since = entry.removed_in if old.refused else entry.deprecated_in
        yield Report(
            span=old.span,
            message=(f"{old.argument.name}= is {entry.replacement}= now: modal {since} and later {then} it"),
            source=old.fact,
            fix=_fix(old),
            advice=f"Write {entry.replacement}=.",
            severity=None if old.refused else Severity.WARNING,
        )


def _fix(old: OldUse) -> Fix | None:
    entry, call = old.deprecation, old.use.call
    if not entry.safe_fix or call is None or keyword_of(call, entry.replacement) is not None:
        return None
    quoted = old.argument is not None and old.argument.quoted
    new = f'"{entry.replacement}"' if quoted else entry.replacement
    return Fix(f"Use {entry.replacement}=", (Edit(old.span, new),), Safety.SAFE)
