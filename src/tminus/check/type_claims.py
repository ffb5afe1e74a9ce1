"""GPU types that a function's docstring says it runs on, and that it does not get."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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


class TypeClaim(NamedTuple):
    """That a function runs on a type: the line, the place in it, the type, and those that it can get."""

    line: Line
    start: int
    end: int
    claimed: GpuType
    gets: tuple[str, ...]


def wrong_types(script: Script, facts: Facts) -> Iterator[TypeClaim]:
    """Types in docstrings of functions that none of their requests is for."""
    for function in script.functions:
        gets = [facts.gpu(one.request.type_name) for one in function.gpu_choices()]
        known = {one.name.rstrip("!+").partition("-")[0] for one in gets if one is not None}
        if None in gets or not known or function.overrides or not function.here:
            continue
        for line in _docstring(script, function):
            matches = list(_RUNS_ON.finditer(line.text))
            other = speaks_of_another_case(line.text) or _ELSEWHERE.search(line.text)
            if len(matches) != 1 or other:
                continue
            claimed = facts.gpu(matches[0]["type"].rstrip("!"))
            if claimed is not None and claimed.name.partition("-")[0] not in known:
                start, end = matches[0].span("type")
                yield TypeClaim(line, start, end, claimed, tuple(sorted(known)))


def _docstring(script: Script, function: ModalFunction) -> Iterator[Line]:
    match function.node.body[:1]:
        case [ast.Expr(value=ast.Constant(value=str()) as text)]:
            lines = range(text.lineno, (text.end_lineno or text.lineno) + 1)
            yield from (line for line in script.prose if line.line in lines)
