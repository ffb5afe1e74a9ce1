"""GPU types that a docstring says something runs on, and that it does not get."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tminus.check.prose_claims import GPU_TYPE, speaks_of_another_case
from tminus.facts import Facts, GpuType
from tminus.lazy import pattern
from tminus.script import ModalFunction, Script
from tminus.script.prose import Line

# "on an A100", "using one H100 GPU"; no "on A100 and T4".
_RUNS_ON = pattern(
    rf"(?i)\b(?:on|using)\s+(?:an?\s+|one\s+|the\s+|single\s+|Modal(?:'s)?\s+|NVIDIA\s+)*(?P<type>{GPU_TYPE})"
    r"(?![\w-])"
)


# Places that a function's words compare it with.
_ELSEWHERE = pattern(
    r"(?i)\b(colab|runpod|lambda|aws|gcp|azure|vast|coreweave|workstation|trained|also|took)\b"
)


# What a script's docstring says of the run, and no command that it quotes.
_SAYS_WHERE = pattern(r"(?i)\b(train(s|ing)?|fine-?tun(es?|ing)|runs?|running|launch(es)?)\b")
_COMMAND = pattern(r"modal (run|deploy)\b|--gpu\b|\bGPU=|::|^\s*[$#]")


class TypeClaim(NamedTuple):
    """That a run is on a type: the line, the place in it, the type, those that it can get, and what runs."""

    line: Line
    start: int
    end: int
    claimed: GpuType
    gets: tuple[str, ...]
    what: str


def wrong_types(script: Script, facts: Facts) -> Iterator[TypeClaim]:
    """Types in docstrings of functions that none of their requests is for, and in the script's own docstring
    that no request in it is for.
    """
    types = [(function, _types(function, facts)) for function in script.functions]
    for function, known in types:
        if known and function.here:
            for line in _docstring(script, function.node.body):
                yield from _in_line(line, known, facts, "the function")
    if all(known is not None for _, known in types):
        together = frozenset(name for _, known in types for name in known or ())
        for line in _docstring(script, script.tree.body):
            if together and _SAYS_WHERE.search(line.text) and not _COMMAND.search(line.text):
                yield from _in_line(line, together, facts, "the script")


def _types(function: ModalFunction, facts: Facts) -> frozenset[str] | None:
    """The types that a function can get, without their sizes; None where that is not known."""
    if function.overrides:
        return None
    gets = [facts.gpu(one.request.type_name) for one in function.gpu_choices()]
    if None in gets or (not gets and function.argument("gpu") is not None):
        return None
    return frozenset(one.name.rstrip("!+").partition("-")[0] for one in gets if one is not None)


def _in_line(line: Line, known: frozenset[str], facts: Facts, what: str) -> Iterator[TypeClaim]:
    matches = list(_RUNS_ON.finditer(line.text))
    if len(matches) != 1 or speaks_of_another_case(line.text) or _ELSEWHERE.search(line.text):
        return
    claimed = facts.gpu(matches[0]["type"].rstrip("!"))
    if claimed is not None and claimed.name.partition("-")[0] not in known:
        start, end = matches[0].span("type")
        yield TypeClaim(line, start, end, claimed, tuple(sorted(known)), what)


def _docstring(script: Script, body: Sequence[ast.stmt]) -> Iterator[Line]:
    match body[:1]:
        case [ast.Expr(value=ast.Constant(value=str()) as text)]:
            lines = range(text.lineno, (text.end_lineno or text.lineno) + 1)
            yield from (line for line in script.prose if line.line in lines)
