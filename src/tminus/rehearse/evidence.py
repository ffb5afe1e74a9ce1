"""What a rehearsal proves, what one machine could not prove, and what is not known: from its record alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tminus.controlplane.service.unserved import reason
from tminus.rehearse.faults import FaultKind
from tminus.rehearse.history import History
from tminus.rehearse.judge import INVARIANTS, Outcome, Status, Verdict
from tminus.rehearse.surroundings import Surroundings
from tminus.rehearse.workload import Workload


@dataclass(frozen=True, slots=True)
class Evidence:
    """Three lists, in words.

    Attributes:
        proven: What was seen to hold.
        not_proven: What was stood in for, left out, or cannot happen on one machine.
        unknown: What the record does not tell.
    """

    proven: tuple[str, ...]
    not_proven: tuple[str, ...]
    unknown: tuple[str, ...]


def evidence_of(
    history: History, verdict: Verdict, workload: Workload, surroundings: Surroundings
) -> Evidence:
    """Sort what happened into the three lists.

    Args:
        history: What happened.
        verdict: What was judged of it.
        workload: What was run instead of the real training.
        surroundings: What it ran in.
    """
    if verdict.status is Status.REFUSED:
        return Evidence((), ("everything that it does: nothing of it ran",), ())
    return Evidence(
        _in_order(_proven(history, verdict, surroundings)),
        _in_order(_not_proven(history, workload, surroundings)),
        _in_order(_unknown(history, verdict, surroundings)),
    )


def _proven(history: History, verdict: Verdict, surroundings: Surroundings) -> Iterator[str]:
    yield from (f"{one.text}: {one.seen}" for one in verdict.claims if one.outcome is Outcome.PROVEN)
    # A condition that it finished under; where it did not, it bears on nothing.
    if history.client_exit == 0:
        yield from _conditions(history, surroundings)
    if surroundings.functions:
        count = _count(len(surroundings.functions), "function")
        yield f"the service accepts {count}, by the limits of the {surroundings.limits} plan"
    calls = sum(surroundings.calls.values())
    if calls and not history.unserved:
        kinds = _count(len(surroundings.calls), "kind")
        yield f"modal {surroundings.client} got an answer to all its calls: {calls} of {kinds}"
    if history.containers:
        who = "root" if surroundings.as_root else "an ordinary user"
        walls = surroundings.isolation + (
            "" if surroundings.network else ", without a network beyond loopback"
        )
        yield f"{_count(len(history.containers), 'container')} ran in {walls}, as {who}"
    for image in surroundings.images:
        yield from (f"packages of the image can be installed: {step}" for step in image.built)


def _conditions(history: History, surroundings: Surroundings) -> Iterator[str]:
    kinds = Counter(one.kind for one in history.interruptions)
    for kind, count in kinds.items():
        steps = ", ".join(str(one.step) for one in history.interruptions if one.kind == kind)
        yield f"it runs to its end through {count} × {kind}, at step {steps}"
    failed = surroundings.failed_calls
    if failed:
        by_status = ", ".join(f"{count} × {status}" for status, count in sorted(failed.items()))
        yield f"it runs to its end while calls of its containers fail: {by_status}"
    if surroundings.late_commits:
        yield f"it runs to its end while commits are late: {_count(surroundings.late_commits, 'commit')}"


def _not_proven(history: History, workload: Workload, surroundings: Surroundings) -> Iterator[str]:
    asked = _in_order(one.gpus for one in history.containers if one.gpus)
    if asked:
        ranks = max((one.world_size for one in history.attempts), default=0)
        trained = f"{_count(ranks, 'rank')} trained on CPUs, with gloo in place of NCCL"
        yield f"{' and '.join(asked)}: {trained if ranks else 'CPUs stood in'}"
        yield f"the memory of {' and '.join(asked)}, and the speed: `tminus plan` estimates them"
        yield f"waiting for a free {asked[0].partition(':')[0]}: containers start at once here"
    if surroundings.cluster_size > 1:
        yield f"the network between {surroundings.cluster_size} hosts: ranks met on loopback"
    if any(one.max_steps for one in history.attempts):
        yield f"sequences longer than {workload.seq_len} tokens"
    if history.stood_in:
        yield f"the real thing behind {_count(len(history.stood_in), 'stand-in')}, named above"
    if history.changes:
        yield f"{_count(len(history.changes), 'setting')} as the script has them, changed as named above"
    for image in surroundings.images:
        if image.base:
            yield f"the image's base {image.base}: it was not pulled"
        if image.python and not image.ran.startswith(f"{image.python}."):
            yield f"Python {image.python}, which the image asks for: {image.ran} ran"
        yield from (f"a step of the image that was not run: {step}" for step in image.not_run)
    tried = {one.kind for one in history.interruptions}
    untried = [kind.value for kind in FaultKind if kind.value not in tried]
    if history.attempts and untried:
        yield f"interruptions that were not tried: {', '.join(untried)}"
    if surroundings.network:
        yield "what it downloads on Modal: its containers had this machine's network"
    else:
        yield "anything beyond loopback: its containers had no other network (--network gives this machine's)"
    yield from surroundings.isolation_not_shown


def _unknown(history: History, verdict: Verdict, surroundings: Surroundings) -> Iterator[str]:
    open_ends = (Outcome.NOT_SHOWN, Outcome.NOTED)
    yield from (f"{one.text}: {one.seen}" for one in verdict.claims if one.outcome in open_ends)
    judged = {one.text for one in verdict.claims}
    for invariant, needs in INVARIANTS.items():
        if invariant not in judged:
            yield f"whether {invariant}: that takes {needs}"
    ran = {one.function for one in history.containers}
    yield from (
        f"what {name}() does: it was never called" for name in surroundings.functions if name not in ran
    )
    if surroundings.failure_rate and not surroundings.failed_calls:
        yield f"whether it bears calls that fail: at a rate of {surroundings.failure_rate:g}, none was drawn"
    yield from history.not_shown
    for call in history.unserved:
        why = reason(call)
        yield f"what {call} does: it was called and answered UNIMPLEMENTED{f', {why}' if why else ''}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _in_order(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, in the order of its first place: layers of images repeat what they stand on."""
    return tuple(dict.fromkeys(texts))
