"""Arguments that the client does not take, and those that it asks for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tminus.check.client_version import client_version
from tminus.check.deprecated_use import old_uses
from tminus.check.missing_arguments import left_out
from tminus.check.modal_names import Use, uses_of_modal
from tminus.check.once import once
from tminus.check.passed import Argument, arguments_of
from tminus.facts import Callable, Fact, Facts, ParameterHistory
from tminus.script import Script


class UnknownArgument(NamedTuple):
    """A keyword argument that the client, in the release a script is for, does not take.

    Attributes:
        callable: What is called.
        argument: The argument.
        version: The release.
        history: Its releases; None where none that was read had it.
        near: The name that looks most like it and is not given yet; None without one.
        fact: The signature as a fact.
    """

    callable: Callable
    argument: Argument
    version: str
    history: ParameterHistory | None
    near: str | None
    fact: Fact

    @property
    def invented(self) -> bool:
        """Whether no release had it, nor anything that looks like it."""
        return self.history is None and self.near is None


@once
def unknown_arguments(script: Script, facts: Facts) -> tuple[UnknownArgument, ...]:
    """Every keyword argument that is unknown and not deprecated."""
    return tuple(_unknown_arguments(script, facts))


def _unknown_arguments(script: Script, facts: Facts) -> Iterator[UnknownArgument]:
    uses = [use for use in uses_of_modal(script) if use.call is not None and use.call.keywords]
    if not uses:
        return
    version = client_version(script, facts)
    passed_over = {old.span for old in old_uses(script, facts) if old.argument is not None}
    for use in uses:
        if use.name.startswith("modal.gpu."):  # TM103 says what to write instead
            continue
        called = facts.callable(use.name)
        if called is None or use.call is None or called.takes_any_keyword(version):
            continue
        if not called.lifetime.in_version(version):
            continue  # the keywords of that release were not read
        accepted = called.accepted(version)
        arguments = list(arguments_of(script, use))
        given = {argument.name for argument in arguments}
        for argument in arguments:
            name = argument.name
            if name in accepted or argument.span in passed_over:
                continue
            passed_over.add(argument.span)  # a dict may be unpacked into several calls
            import difflib  # only where something is misspelled

            near = difflib.get_close_matches(name, accepted - given, n=1, cutoff=0.75)
            yield UnknownArgument(
                callable=called,
                argument=argument,
                version=version,
                history=called.parameter(name),
                near=near[0] if near else None,
                fact=signature_fact(called, version, facts),
            )


def missing_arguments(script: Script, facts: Facts) -> Iterator[tuple[Use, Callable, tuple[str, ...]]]:
    """Calls of the client without an argument that its newest release requires, and the arguments' names.

    Nothing where the project pins another release: which arguments that one requires was not read.
    """
    version = client_version(script, facts)
    if version != facts.signatures.newest("modal"):
        return
    passed_over = {id(old.use.call) for old in old_uses(script, facts)}
    for use in uses_of_modal(script):
        if use.call is None or id(use.call) in passed_over:
            continue
        called = facts.callable(use.name)
        if called is not None and called.required:
            names = left_out(called, use.call, called.accepted(version))
            if names:
                yield use, called, names


# Of release 1.6.4: callables all of whose arguments have to be named.
_ALL_NAMED = frozenset(
    {
        "modal.App.run", "modal.App.function", "modal.App.cls", "modal.Retries", "modal.Period",
        "modal.concurrent", "modal.batched", "modal.fastapi_endpoint",
    }
)  # fmt: skip


def unnamed_arguments(script: Script, facts: Facts) -> Iterator[tuple[Use, Callable]]:
    """Calls of the client that give an argument by position where its newest release takes none so."""
    if client_version(script, facts) != facts.signatures.newest("modal"):
        return
    passed_over = {id(old.use.call) for old in old_uses(script, facts)}
    for use in uses_of_modal(script):
        if use.name in _ALL_NAMED and use.call is not None and id(use.call) not in passed_over:
            called = facts.callable(use.name)
            if called is not None and use.call.args and not isinstance(use.call.args[0], ast.Starred):
                yield use, called


def signature_fact(called: Callable, version: str, facts: Facts) -> Fact:
    """A signature of the client as a fact."""
    return Fact(
        id=f"signature.{called.name}",
        value=version,
        unit="release of modal",
        source=f"https://modal.com/docs/sdk/py/latest/{called.name}",
        as_of=facts.signatures.read_on,
    )
