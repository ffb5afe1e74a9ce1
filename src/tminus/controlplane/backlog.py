"""How many inputs of a function may wait, as the platform documents it."""

from __future__ import annotations

from tminus.controlplane.model import FunctionRecord
from tminus.facts import Facts


def refusal(facts: Facts, function: FunctionRecord, number: int, *, waits: bool) -> str:
    """Why a function may not get so many more inputs now; empty where it may.

    Args:
        facts: The documented limits.
        function: The function.
        number: How many inputs come.
        waits: Whether their caller waits for the results; it may be told to come again.
    """
    queued = len(function.queue)
    running = len({input_id for container in function.containers for input_id in container.inputs})
    pending = facts["function.sync_inputs_pending_max" if waits else "function.spawn_inputs_max"]
    if queued + number > pending.value:
        return (
            f"{queued} inputs wait for the function and {number} more come: "
            f"at most {pending.value} may wait ({pending.citation()})"
        )
    total = facts["function.sync_inputs_max"]
    if waits and queued + running + number > total.value:
        return (
            f"{queued} inputs wait for the function, {running} run and {number} more come: "
            f"at most {total.value} in total ({total.citation()})"
        )
    return ""
