"""Keyword arguments that the client does not take."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tminus.check.calls import keyword_name_span
from tminus.check.client_version import client_version
from tminus.check.deprecated_use import old_uses
from tminus.check.modal_names import uses_of_modal
from tminus.facts import Callable, Fact, Facts, ParameterHistory
from tminus.script import Script, Span


@dataclass(frozen=True, slots=True)
class UnknownArgument:
    """A keyword argument that the client, in the release a script is for, does not take.

    Attributes:
        callable: What is called.
        keyword: The argument.
        span: Its name.
        version: The release.
        history: Its releases; None where none that was read had it.
        near: The name that looks most like it and is not given yet; None without one.
        fact: The signature as a fact.
    """

    callable: Callable
    keyword: ast.keyword
    span: Span
    version: str
    history: ParameterHistory | None
    near: str | None
    fact: Fact

    @property
    def invented(self) -> bool:
        """Whether no release had it, nor anything that looks like it."""
        return self.history is None and self.near is None


def unknown_arguments(script: Script, facts: Facts) -> Iterator[UnknownArgument]:
    """Every keyword argument that is unknown and not deprecated."""
    uses = [use for use in uses_of_modal(script) if use.call is not None and use.call.keywords]
    if not uses:
        return
    version = client_version(script, facts)
    deprecated = {id(old.keyword) for old in old_uses(script, facts) if old.keyword is not None}
    for use in uses:
        if use.name.startswith("modal.gpu."):  # TM103 says what to write instead
            continue
        called = facts.callable(use.name)
        if called is None or use.call is None or called.takes_any_keyword(version):
            continue
        if not called.lifetime.in_version(version):
            continue  # the keywords of that release were not read
        accepted = called.accepted(version)
        given = {keyword.arg for keyword in use.call.keywords}
        for keyword in use.call.keywords:
            name = keyword.arg
            if name is None or name in accepted or id(keyword) in deprecated:
                continue
            import difflib  # only where something is misspelled

            near = difflib.get_close_matches(name, accepted - given, n=1, cutoff=0.75)
            yield UnknownArgument(
                callable=called,
                keyword=keyword,
                span=keyword_name_span(script, keyword),
                version=version,
                history=called.parameter(name),
                near=near[0] if near else None,
                fact=Fact(
                    id=f"signature.{called.name}",
                    value=version,
                    unit="release of modal",
                    source=f"https://modal.com/docs/sdk/py/latest/{called.name}",
                    as_of=facts.signatures.read_on,
                ),
            )
