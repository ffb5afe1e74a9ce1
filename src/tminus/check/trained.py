"""Whether a function trains, and not only tries whether training would work."""

from __future__ import annotations

from tminus.check.reach import trains
from tminus.script import ModalFunction, Script
from tminus.script.words import GAP

_LAUNCHERS = frozenset({"torchrun", "accelerate", "deepspeed"})


def trains_for_real(script: Script, function: ModalFunction) -> bool:
    """Whether a function trains and its name does not say that it is a test, a benchmark or the like.

    Where a launcher's script could not be read, what the function says beside it decides.
    """
    training = script.trains(function)
    if training is not None:
        return not training.trial
    launches = [one for command in script.reachable(function).commands for one in command.launches]
    unread = any(one.kind in _LAUNCHERS and (not one.target or GAP in one.target) for one in launches)
    return unread and trains(script, function)
