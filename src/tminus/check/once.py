"""Working something out once for a script that several rules ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple

from tminus.script import Script

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


def once(function: Callable[[Script, *Arguments], Result]) -> Callable[[Script, *Arguments], Result]:
    """A function whose results are kept with the script, told apart by the identity of other arguments."""

    @wraps(function)
    def kept(script: Script, *arguments: *Arguments) -> Result:
        key = (function, *map(id, arguments))
        notes = script.notes
        if key not in notes:
            # The arguments are kept so that their identities stay theirs.
            notes[key] = (arguments, function(script, *arguments))
        result: Result = notes[key][1]
        return result

    return kept
