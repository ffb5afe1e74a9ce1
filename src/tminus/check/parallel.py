"""How sure it is how many GPUs a script has: requests that were read, containers that run in parallel."""

from __future__ import annotations

import ast

from tminus.check.once import once
from tminus.script import Script, Value, certain, possible

_SEVERAL = frozenset({"map", "starmap", "for_each", "spawn", "spawn_map"})
_FOUND_ELSEWHERE = frozenset(
    {"modal.Function.from_name", "modal.Cls.from_name", "modal.Function.lookup", "modal.Cls.lookup"}
)
_COUNTS = ("max_containers", "min_containers", "buffer_containers", "concurrency_limit", "keep_warm")


@once
def runs_several(script: Script) -> bool:
    """Whether several containers may run at once: calls in parallel, container counts, a cluster of any size.

    A number of GPUs in such a script can rightly be a multiple of one container's.
    """
    if any(function.nodes is None for function in script.functions):
        return True
    if any(name in function.arguments for function in script.functions for name in _COUNTS):
        return True
    names = {function.name for function in script.functions}
    for node, _ in script.expressions():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _SEVERAL and _root(node.func.value) in names:
                return True
            if script.evaluator.dotted_name(node.func) in _FOUND_ELSEWHERE | {"asyncio.gather"}:
                return True
    return False


def _root(owner: ast.expr) -> str | None:
    """The name that a chain of attributes and calls begins with."""
    while isinstance(owner, ast.Call | ast.Attribute):
        owner = owner.func if isinstance(owner, ast.Call) else owner.value
    return owner.id if isinstance(owner, ast.Name) else None


def every_request_read(script: Script) -> bool:
    """Whether every GPU request of a script was read, and none is left to the environment or a caller."""
    for function in script.functions:
        given = [function.gpu, *(one.arguments.get("gpu") for one in function.overrides)]
        if not all(value is None or _fixed(value) for value in given):
            return False
        if function.gpu is None and function.may_have("gpu"):
            return False
    return True


def _fixed(value: Value) -> bool:
    return certain(value) and all(one.value.assumed is None for one in possible(value))


def fits(count: int, counts: set[int], several: bool) -> bool:
    """Whether a number can be that of a script's GPUs.

    Args:
        count: The number.
        counts: GPUs that one container, or one cluster, can have.
        several: Whether several of them may run at once.
    """
    return count in counts or (several and any(one and count % one == 0 for one in counts))
