"""Trainings that a function starts by calling another file of the project."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tminus.script.reach import Reach, Training
from tminus.script.scopes import FunctionNode

if TYPE_CHECKING:
    from tminus.script.script import Script

# A function of a module may call one of another, and a package's names may come from its modules.
_MAX_FILES_DEEP = 3


def training_elsewhere(script: Script, reach: Reach) -> Training | None:
    """Why what a function calls in other files of the project counts as training; None if nothing there does.

    Only functions are followed: a class that can be trained is used without training, too.
    """
    seen: set[tuple[str, str]] = set()
    for one in reach.placed:
        if isinstance(one.node, ast.Call):
            dotted = script.evaluator.imported(one.node.func)
            if dotted in reach.outside and _trains(script, dotted, seen, _MAX_FILES_DEEP):
                return Training("elsewhere", script.source.span_of(one.node))
    return None


def _trains(script: Script, dotted: str, seen: set[tuple[str, str]], depth: int) -> bool:
    place = (str(script.path), dotted)
    if depth == 0 or place in seen:
        return False
    seen.add(place)
    found = script.beside(dotted)
    if found is None:
        return False
    module, names = found
    definition = module.module.definitions.get(names[0]) if len(names) == 1 else None
    if not isinstance(definition, FunctionNode):
        # A package gives out what its modules define.
        link = module.evaluator.imports.get(names[0]) if definition is None and len(names) == 1 else None
        return link is not None and _trains(module, link, seen, depth - 1)
    reach = module.reach_of(definition)
    if module.reachability.evident_training(reach) is not None:
        return True
    return any(_trains(module, further, seen, depth - 1) for further in reach.outside)
