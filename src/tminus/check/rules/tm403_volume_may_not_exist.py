"""TM403: a volume that may not exist."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.calls import add_keyword, is_true, passes_everything_visibly, text_of
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script, Value
from tminus.script.training import LibraryCall

_FROM_NAME = "modal.Volume.from_name"


@rule("TM403", "volume-may-not-exist", Severity.INFO)
def volume_may_not_exist(script: Script, facts: Facts) -> Iterator[Report]:
    """Say `create_if_missing=True`, or make the volume before the first run.

    ## What it does
    Finds `modal.Volume.from_name("…")` without `create_if_missing=True`, unless another place in the script
    makes the volume of that name.

    ## Why is this bad?
    `from_name` is lazy: a volume that does not exist in the environment is only noticed when the app is
    loaded, which then fails. It is information, not a warning: with a volume that is known to be there, to
    fail is better than to train against a new and empty one.

    ## Example
    ```python
    volume = modal.Volume.from_name("checkpoints")
    ```

    ## Use instead
    ```python
    volume = modal.Volume.from_name("checkpoints", create_if_missing=True)
    ```

    ## Fix safety
    Unsafe: a misspelt name then makes an empty volume instead of failing.

    ## Limit and source
    - `volume.create_if_missing_default`
    """
    handles = [call for call in script.library_calls if call.made.name == _FROM_NAME]
    made = {_name(call) for call in handles if is_true(call.made.kwargs.get("create_if_missing"))}
    made |= {
        text_of(_argument(call))
        for call in script.library_calls
        if call.made.name in ("modal.Volume.objects.create", "modal.Volume.create_deployed")
    }
    seen: set[str | None] = set()
    for call in handles:
        name, given = _name(call), call.made.kwargs.get("create_if_missing")
        if name is None or name in made | seen or not passes_everything_visibly(call.node):
            continue
        if given is not None:
            continue
        seen.add(name)
        edit = add_keyword(script, call.node, "create_if_missing=True")
        yield Report(
            span=call.span,
            message=(
                f'the volume "{name}" has to exist before the run: without create_if_missing=True the app '
                "fails when it is loaded if it does not"
            ),
            source=facts["volume.create_if_missing_default"],
            fix=Fix("Make the volume if it is missing", (edit,), Safety.UNSAFE) if edit else None,
            advice=f"Add create_if_missing=True, or run `modal volume create {name}` once.",
        )


def _argument(call: LibraryCall) -> Value | None:
    return call.made.args[0] if call.made.args else call.made.kwargs.get("name")


def _name(call: LibraryCall) -> str | None:
    return text_of(_argument(call))
