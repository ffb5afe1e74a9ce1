"""TM801: API that the client has no more."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.calls import add_keyword, keyword_of
from tminus.check.deprecated_use import OldUse, deprecation_fact, old_uses
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.old_forms import old_forms
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Script

# Renames of an attribute that need another argument too.
_WITH_ARGUMENT = {
    "copy_local_file": ("add_local_file", "copy=True"),
    "copy_local_dir": ("add_local_dir", "copy=True"),
    "persisted": ("from_name", "create_if_missing=True"),
}
_ATTRIBUTES = {"web_endpoint": "fastapi_endpoint"}


@rule("TM801", "removed-api", Severity.ERROR)
def removed_api(script: Script, facts: Facts) -> Iterator[Report]:
    """Use what the client offers today.

    ## What it does
    Finds classes, functions, methods and arguments that the client has no more: `modal.Stub`, `modal.Mount`,
    `.lookup()`, `copy_local_dir`, `mounts=`, … Forms, too: `modal.Secret({...})`, `__init__` or `__enter__`
    in a class of the app, a function of the app called as `train()`, a decorator without parentheses, an
    option among the packages of `pip_install`. A renamed argument is TM803, a GPU object TM103.

    ## Why is this bad?
    The script fails with an `AttributeError`, `TypeError` or `DeprecationError` when it is imported.

    ## Example
    ```python
    stub = modal.Stub("train")
    volume = modal.Volume.lookup("data")
    ```

    ## Use instead
    ```python
    app = modal.App("train")
    volume = modal.Volume.from_name("data")
    ```

    ## Fix safety
    Safe: renames that keep what the script does. Where code has to move or a decision is needed there is
    none.

    ## Limit and source
    - `deprecation.<removed>`

    A project that pins an older client (`modal==0.64.1`) is held against that one.
    """
    for old in old_uses(script, facts):
        if not old.refused or (old.argument is not None and old.deprecation.replacement):
            continue
        entry = old.deprecation
        name, raises = old.use.name, entry.raises or "an error"
        if old.argument is not None:
            name = f"{old.argument.name}="
            # What the entry names is for the class or function itself.
            raises = raises if entry.kind == "parameter" else "TypeError"
        elif old.use.only_imported:
            raises = "ImportError"
        yield Report(
            span=old.span,
            message=(
                f"{name} is gone since modal {entry.removed_in}: {raises} when the script is imported or run"
            ),
            source=old.fact,
            fix=_fix(script, old),
            advice=f"Use {entry.new}.",
        )
    for form in old_forms(script, facts):
        if form.refused:
            entry = form.deprecation
            yield Report(
                span=form.span,
                message=f"{form.what}: {form.effect}",
                source=deprecation_fact(entry),
                fix=form.fix,
                advice=f"Use {entry.new}.",
            )


def _fix(script: Script, old: OldUse) -> Fix | None:
    entry, use = old.deprecation, old.use
    last = use.name.rpartition(".")[2]
    # A name that was imported alone, or under another name, would have to change in the import too.
    if old.argument is not None or not entry.safe_fix or not isinstance(use.node, ast.Attribute):
        return None
    new, argument = _WITH_ARGUMENT.get(last, (entry.replacement or _ATTRIBUTES.get(last, ""), ""))
    if not new or "." in new or not _keeps_its_arguments(old, last, argument):
        return None
    edits = [Edit(old.span, new)]
    if argument and use.call is not None:
        edit = add_keyword(script, use.call, argument)
        if edit is None:
            return None
        edits.append(edit)
    return Fix(f"Use {new}", tuple(edits), Safety.SAFE)


def _keeps_its_arguments(old: OldUse, last: str, argument: str) -> bool:
    call = old.use.call
    if not argument:
        return True
    if call is None or keyword_of(call, argument.partition("=")[0]) is not None:
        return False
    # The old method had a default for where the files go, the new one has none.
    return not last.startswith("copy_local_") or len(call.args) + len(call.keywords) >= 2
