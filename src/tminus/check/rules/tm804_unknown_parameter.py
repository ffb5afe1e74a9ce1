"""TM804: an argument that the client does not take."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.missing_arguments import in_words
from tminus.check.rule import Report, rule
from tminus.check.unknown_arguments import (
    UnknownArgument,
    missing_arguments,
    signature_fact,
    unknown_arguments,
    unnamed_arguments,
)
from tminus.facts import Facts
from tminus.script import Edit, Script


@rule("TM804", "unknown-parameter", Severity.ERROR)
def unknown_parameter(script: Script, facts: Facts) -> Iterator[Report]:
    """Pass arguments that the client takes.

    ## What it does
    Compares the arguments of the client's functions, decorators and methods with their signatures in the
    release that the project pins, or in the newest that is known. Required arguments that are left out, and
    arguments that have to be named and are not, are found for the newest alone.

    ## Why is this bad?
    An unknown keyword, or a required argument that is not there, is a `TypeError` when the script is
    imported, so nothing runs.

    ## Example
    ```python
    @app.function(gpu="H100", volume={"/data": volume})
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", volumes={"/data": volume})
    def train(): ...
    ```

    ## Fix safety
    Unsafe: the name that looks most like the given one may not be the one that was meant.

    ## Limit and source
    - `signature.modal.*`: Arguments that were deprecated are TM801 to TM803.
    """
    for unknown in unknown_arguments(script, facts):
        if unknown.invented:
            continue
        name, near = unknown.argument.name, unknown.near
        fix = None
        if near is not None:
            new = f'"{near}"' if unknown.argument.quoted else near
            fix = Fix(f"Use {near}=", (Edit(unknown.argument.span, new),), Safety.UNSAFE)
        yield Report(
            span=unknown.argument.span,
            message=f"{unknown.callable.name} has no argument {name}: {_when(unknown)}",
            source=unknown.fact,
            fix=fix,
            advice=f"Did you mean {near}=?" if near else f"See {unknown.fact.source}.",
        )
    newest = facts.signatures.newest("modal")
    for use, called, names in missing_arguments(script, facts):
        yield Report(
            span=use.span,
            message=(f"{called.name} is called without {in_words(names)}: modal {newest} raises a TypeError"),
            source=signature_fact(called, newest, facts),
            advice=f"Give it {' and '.join(f'{name}=' for name in names)}.",
        )
    for use, called in unnamed_arguments(script, facts):
        advice = "Name the argument."
        if called.name == "modal.App.run":
            advice = "Write `with app.run():` and call the function in it with .remote()."
        yield Report(
            span=use.span,
            message=f"{called.name} takes no argument without its name: modal {newest} raises a TypeError",
            source=signature_fact(called, newest, facts),
            advice=advice,
        )


def _when(unknown: UnknownArgument) -> str:
    refused = f"modal {unknown.version} raises a TypeError"
    if unknown.history is None:
        return refused
    if unknown.history.removed_in is not None:
        return f"it went with {unknown.history.removed_in}; {refused}"
    return f"it came with {unknown.history.added_in}; {refused}"
