"""Required arguments that a call leaves out."""

from __future__ import annotations

import ast
from collections.abc import Collection

from tminus.check.calls import passes_everything_visibly
from tminus.facts import Callable


def left_out(called: Callable, node: ast.Call, accepted: Collection[str]) -> tuple[str, ...]:
    """Required parameters that a call gives no value, by the newest release's signature.

    None of a call that passes on arguments which are not in sight, or has a name that is not accepted: that
    one may be meant for the missing one, and has a finding of its own.
    """
    given = {keyword.arg for keyword in node.keywords}
    if not passes_everything_visibly(node) or not given <= set(accepted):
        return ()
    return tuple(name for name in called.required[len(node.args) :] if name not in given)


def in_words(names: tuple[str, ...]) -> str:
    """Names of arguments for a message: ``a required argument, port``."""
    return f"{'a required argument' if len(names) == 1 else 'required arguments'}, {' and '.join(names)}"
