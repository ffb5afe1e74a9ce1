"""Where a script uses what the client deprecated or removed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tminus.check.client_version import client_version
from tminus.check.modal_names import Use, uses_of_modal
from tminus.check.once import once
from tminus.check.passed import Argument, arguments_of
from tminus.facts import Deprecation, Fact, Facts, Now
from tminus.script import Script, Span

# What has a rule of its own: GPU objects, clusters, Python's version, local modules, option values.
OTHER_RULES = frozenset(
    {"gpu_objects", "gpu_a100_memory", "gpu_true", "exp_clustered", "py310", "automount", "pip_flags"}
)


class OldUse(NamedTuple):
    """A use of an old form.

    Attributes:
        deprecation: What was deprecated.
        span: Where the old name stands.
        use: The use of the API around it.
        argument: The keyword argument, for a parameter.
        refused: Whether the client that the script is held against refuses it or lacks it.
        version: That client's release.
    """

    deprecation: Deprecation
    span: Span
    use: Use
    argument: Argument | None
    refused: bool
    version: str

    @property
    def fact(self) -> Fact:
        """The deprecation as a fact, for a report's source."""
        return deprecation_fact(self.deprecation)


def deprecation_fact(entry: Deprecation) -> Fact:
    """A deprecation as a fact, for a report's source."""
    return Fact(
        id=f"deprecation.{entry.id}",
        value=entry.removed_in or entry.deprecated_in,
        unit="release of modal",
        source=entry.source,
        as_of=entry.as_of,
        note=entry.note,
    )


@once
def old_uses(script: Script, facts: Facts) -> tuple[OldUse, ...]:
    """Every use of an old form: an attribute, or a keyword argument of a call."""
    return tuple(_old_uses(script, facts))


def _old_uses(script: Script, facts: Facts) -> Iterator[OldUse]:
    uses = uses_of_modal(script)
    if not uses:
        return
    version = client_version(script, facts)
    entries = [entry for entry in facts.deprecations if entry.id not in OTHER_RULES]
    by_attribute = {name: entry for entry in entries for name in entry.attributes}
    by_parameter = [entry for entry in entries if entry.parameters and entry.kind != "environment"]
    # TM103 looks at GPU objects that are used; the import alone fails, too.
    gpu_objects = next(entry for entry in facts.deprecations if entry.id == "gpu_objects")
    seen: set[Span] = set()
    for use in uses:
        if use.only_imported and use.name in gpu_objects.attributes:
            yield OldUse(gpu_objects, use.span, use, None, _refused(gpu_objects, version), version)
            continue
        entry = by_attribute.get(use.name) or by_attribute.get(use.name.replace("modal.Stub.", "modal.App."))
        # What is assigned is the script's own attribute, as was usual on `modal.Stub`.
        stored = isinstance(use.node.ctx, ast.Store)
        if entry is not None and entry.now is not Now.WORKS and not stored:
            yield OldUse(entry, use.span, use, None, _refused(entry, version), version)
        for argument in arguments_of(script, use):
            for entry in by_parameter:
                if argument.name in entry.parameters and _takes(entry, use) and argument.span not in seen:
                    # A dict may be unpacked into several calls.
                    seen.add(argument.span)
                    yield OldUse(entry, argument.span, use, argument, _refused(entry, version), version)
                    break


def _refused(entry: Deprecation, version: str) -> bool:
    return entry.now is Now.RAISES and entry.refused_by(version)


def _takes(entry: Deprecation, use: Use) -> bool:
    if entry.id == "gen_retries" or (entry.id == "namespace_kw" and ".from_name" not in use.name):
        return False
    return use.name in entry.callables if entry.callables else entry.id == "namespace_kw"
