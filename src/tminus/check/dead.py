"""Code that a script cannot reach, by the constants that it compares."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tminus.check.once import once
from tminus.script import Known, Script


@once
def dead_lines(script: Script) -> frozenset[int]:
    """Lines of branches whose condition is known not to hold, whatever the environment says."""
    lines: set[int] = set()
    for one in script.placed:
        node = one.node
        if not isinstance(node, ast.If):
            continue
        value = script.evaluate(node.test, one.scope)
        if not isinstance(value, Known) or value.assumed is not None or value.others:
            continue
        branch: Sequence[ast.stmt] = node.orelse if value.value else node.body
        if branch:
            lines.update(range(branch[0].lineno, (branch[-1].end_lineno or branch[-1].lineno) + 1))
    return frozenset(lines)
