"""TM805: API that no release of the client has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.client_version import client_version
from tminus.check.deprecated_use import old_uses
from tminus.check.finding import Severity
from tminus.check.modal_names import uses_of_modal
from tminus.check.rule import Report, rule
from tminus.check.unknown_arguments import unknown_arguments
from tminus.facts import Fact, Facts
from tminus.script import Script

# What people want with names that they made up.
_INSTEAD = {
    "cluster_size": "Write @modal.clustered(size=...) below @app.function(...).",
    "num_gpus": 'Write gpu="H100:8".',
    "gpu_count": 'Write gpu="H100:8".',
    "detach": "Run it with `modal run --detach`.",
}


@rule("TM805", "no-such-api", Severity.ERROR)
def no_such_api(script: Script, facts: Facts) -> Iterator[Report]:
    """Call what the client has.

    ## What it does
    Finds arguments, attributes and methods of the client's modules and classes that no release has, or
    that the release which the project pins does not have yet or any more.

    ## Why is this bad?
    It is an `AttributeError` when the line runs; in the body of a function that is after the GPU was started.
    Such names come from other libraries, or were made up.

    ## Example
    ```python
    volume = modal.Volume.from_name("data")
    volume.batch_download("/checkpoints", "out")
    ```

    ## Use instead
    ```sh
    modal volume get data /checkpoints out
    ```

    ## Fix safety
    No fix: there is nothing of that name.

    ## Limit and source
    - `signature.modal.*`
    - `attribute.modal.*`: Only classes and modules whose attributes were all read are looked at; names with a
      leading underscore are left out.
    """
    oldest = facts.signatures.releases["modal"][0]
    for unknown in unknown_arguments(script, facts):
        if unknown.invented:
            name = unknown.argument.name
            yield Report(
                span=unknown.argument.span,
                message=(
                    f"{unknown.callable.name} has no argument {name}, and no release since {oldest} had it: "
                    f"modal {unknown.version} raises a TypeError"
                ),
                source=unknown.fact,
                advice=_INSTEAD.get(name, f"See {unknown.fact.source}."),
            )
    uses = uses_of_modal(script)
    if not uses:
        return
    version = client_version(script, facts)
    deprecated = {id(old.use.node) for old in old_uses(script, facts) if old.argument is None}
    known_elsewhere = {name for entry in facts.deprecations for name in entry.attributes}
    # A script may hang things of its own on an app, as was usual with `modal.Stub`.
    stored = {use.name for use in uses if isinstance(use.node.ctx, ast.Store)}
    for use in uses:
        owner, _, last = use.name.rpartition(".")
        # The methods of a user's class are attributes of its `modal.Cls`.
        if use.name in stored or owner == "modal.Cls" or owner in known_elsewhere or last.startswith("_"):
            continue
        if id(use.node) in deprecated or not facts.signatures.knows(owner):
            continue
        attribute = facts.attribute(use.name)
        if use.name in known_elsewhere or (attribute is not None and attribute.lifetime.in_version(version)):
            continue
        if attribute is None:
            why = f"no release since {oldest} has it"
        elif attribute.removed_in is not None:
            why = f"it went with modal {attribute.removed_in}"
        else:
            why = f"it came with modal {attribute.added_in}, the project pins {version}"
        import difflib  # only where something is misspelled

        near = difflib.get_close_matches(last, facts.signatures.attributes(owner, version), n=1, cutoff=0.7)
        yield Report(
            span=use.span,
            message=f"{use.name} does not exist: {why}; an AttributeError when this line runs",
            source=Fact(
                id=f"attribute.{owner}",
                value=version,
                unit="release of modal",
                source=f"https://modal.com/docs/sdk/py/latest/{owner}",
                as_of=facts.signatures.read_on,
            ),
            advice=f"Did you mean {near[0]}?" if near else f"See the documentation of {owner}.",
        )
