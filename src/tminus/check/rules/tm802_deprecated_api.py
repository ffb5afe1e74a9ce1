"""TM802: API that still works and will go."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.deprecated_use import OldUse, deprecation_fact, old_uses
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.old_forms import old_forms
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Script


@rule("TM802", "deprecated-api", Severity.WARNING)
def deprecated_api(script: Script, facts: Facts) -> Iterator[Report]:
    """Leave what the client will drop.

    ## What it does
    Finds what the client warns about: `modal.NetworkFileSystem`, `max_inputs=1` on a function,
    `.update_autoscaler(...)`, … In a project that pins an older client, also what newer ones have removed.

    ## Why is this bad?
    It works and prints a warning. With a later release the script fails when it is imported.

    ## Example
    ```python
    @app.function(gpu="H100")
    def train(): ...

    train.update_autoscaler(min_containers=1)
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100")
    def train(): ...

    train.autoscaler.update(min_containers=1)
    ```

    ## Fix safety
    Safe: renames that keep what the script does.

    ## Limit and source
    - `deprecation.<warned>`
    """
    for old in old_uses(script, facts):
        if old.refused or (old.argument is not None and old.deprecation.replacement):
            continue
        entry = old.deprecation
        name = f"{old.argument.name}=" if old.argument is not None else old.use.name
        since = f" since modal {entry.deprecated_in}" if entry.deprecated_in else ""
        then = f"; modal {entry.removed_in} and later refuse it" if entry.removed_in else ""
        yield Report(
            span=old.span,
            message=f"{name} is deprecated{since}{then}",
            source=old.fact,
            fix=_fix(old),
            advice=f"Use {entry.new}.",
        )
    for form in old_forms(script, facts):
        entry = form.deprecation
        if not form.refused:
            yield Report(
                span=form.span,
                message=f"{form.what}: {form.effect}",
                source=deprecation_fact(entry),
                advice=f"Use {entry.new}.",
            )


def _fix(old: OldUse) -> Fix | None:
    entry = old.deprecation
    if old.argument is not None or not entry.safe_fix or not entry.replacement or entry.removed_in:
        return None
    if not isinstance(old.use.node, ast.Attribute):
        return None
    return Fix(f"Use {entry.replacement}", (Edit(old.span, entry.replacement),), Safety.SAFE)
