"""The judgement: what a rehearsal's history proves, what it contradicts, and what it cannot show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tminus.rehearse.advice import Advice
from tminus.rehearse.faults import Fault, FaultKind
from tminus.rehearse.history import Attempt, History, Interruption

# Losses of a step that is run twice agree to this relative difference if the resume is the same training:
# the order of a sum over ranks may differ, nothing else.
LOSS_TOLERANCE = 1e-5
FINISHES = "the training finishes"
OPTIMIZER = "the optimizer resumes with the weights"
WHOLE_FILES = "no half-written file is read"
COMMITTED = "nothing that was committed is lost"
SAME_TRAINING = "the resumed training is the same training"
AS_UNINTERRUPTED = "its losses are those of the run that nothing interrupted"
INVARIANTS = {
    FINISHES: "a training",
    OPTIMIZER: "a loop of the script's own that goes on after an interruption",
    WHOLE_FILES: "an attempt that reads a file of tensors which an earlier one wrote",
    COMMITTED: "a checkpoint that is committed to a volume",
    SAME_TRAINING: "steps that run twice and report a loss",
    AS_UNINTERRUPTED: "a run without faults to compare with (--reference)",
}
"""What every rehearsal is judged by, and what has to happen in it for that."""
# A background commit comes every few seconds: what was saved longer ago should be on the volume.
_COMMITTED_WITHIN_S = 12.0


class Outcome(StrEnum):
    """What the history says of a claim. What is only noted does not count for the verdict."""

    PROVEN = "proven"
    VIOLATED = "violated"
    NOT_SHOWN = "not shown"
    NOTED = "noted"


class Status(StrEnum):
    """The verdict as a whole."""

    PASSED = "passed"
    FAILED = "failed"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a run has to fulfil, what was seen of it, and what to do where that is not enough."""

    text: str
    outcome: Outcome
    seen: str
    advice: Advice | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """What an interruption cost.

    Attributes:
        step: Steps done when it came.
        last_step: Last step that the interrupted attempt did: it may go on within the grace period.
        resumed_from: Step that the next attempt began at; None if there was none.
        steps_twice: Steps done by both attempts.
        loss_before: Last loss before the interruption.
        loss_after: First loss after it.
        largest_loss_difference: Largest relative difference on steps that both did; None without such steps.
        seconds: From the interruption to the first new step; None if there was none.
        wasted_s: From the step that the next attempt began at to its first new step: what was paid for and
            is not in the result. None if there was no new step.
    """

    step: int
    last_step: int
    resumed_from: int | None
    steps_twice: int
    loss_before: float | None
    loss_after: float | None
    largest_loss_difference: float | None
    seconds: float | None
    wasted_s: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement over a rehearsal."""

    status: Status
    claims: Sequence[Claim]
    resumes: Sequence[Resume]

    @property
    def reasons(self) -> list[str]:
        """Why it is not passed."""
        counting = (Outcome.VIOLATED, Outcome.NOT_SHOWN)
        return [f"{one.text}: {one.seen}" for one in self.claims if one.outcome in counting]


def judge(history: History, left: Sequence[Fault] = (), reference: History | None = None) -> Verdict:
    """Judge a history.

    Args:
        history: What happened.
        left: Faults that were asked for and did not come about.
        reference: What happened when the same was run without faults.
    """
    if history.refusal:
        refused = Claim("the platform accepts the app", Outcome.VIOLATED, history.refusal)
        return Verdict(Status.REFUSED, [refused], [])
    resumes = [_resume(history, one) for one in history.interruptions]
    claims = [
        _finished(history),
        *_came_about(history, left),
        *(_resumed(history, one) for one in history.interruptions),
        *_optimizer(history),
        *_whole_files(history),
        *_committed(history),
        *_same_losses(history, resumes),
        *_as_uninterrupted(history, reference),
    ]
    outcomes = {claim.outcome for claim in claims}
    if Outcome.VIOLATED in outcomes:
        status = Status.FAILED
    elif Outcome.NOT_SHOWN in outcomes:
        status = Status.INCONCLUSIVE
    else:
        status = Status.PASSED
    return Verdict(status, claims, resumes)


def _finished(history: History) -> Claim:
    text = FINISHES
    if history.client_exit is None:
        return Claim(text, Outcome.VIOLATED, "it was stopped: it took longer than the rehearsal may")
    if history.client_exit != 0:
        costly = [one.kind for one in history.interruptions if FaultKind(one.kind).costs_retry]
        used = f", {history.retries} were made" if history.retries else ""
        why = f"; {' and '.join(costly)} use up a retry each{used}" if costly else ""
        seen = f"`modal run` exited with {history.client_exit}{why}"
        wanting = costly and not history.retries
        return Claim(text, Outcome.VIOLATED, seen, Advice.RETRIES if wanting else None)
    if not history.attempts:
        seen = "`modal run` exited with 0, but no training that can be observed ran"
        return Claim(text, Outcome.NOT_SHOWN, seen)
    last = history.attempts[-1]
    if not last.max_steps:
        seen = f"{last.last_step} updates, `modal run` exited with 0; the loop does not say how many it wants"
        return Claim(text, Outcome.PROVEN, seen)
    if last.ended_s is None or last.last_step < last.max_steps:
        seen = f"the last attempt ended at step {last.last_step} of {last.max_steps}"
        return Claim(text, Outcome.VIOLATED, seen, Advice.EXIT_CODE)
    seen = f"step {last.max_steps} of {last.max_steps}, `modal run` exited with 0"
    return Claim(text, Outcome.PROVEN, seen)


def _came_about(history: History, left: Sequence[Fault]) -> Iterator[Claim]:
    planned = len(history.interruptions) + len(left)
    if planned == 0:
        return
    text = f"it is interrupted {planned} time{'s' if planned != 1 else ''}"
    if not left:
        steps = ", ".join(str(one.step) for one in history.interruptions)
        total = history.attempts[0].max_steps if history.attempts else 0
        yield Claim(text, Outcome.PROVEN, f"at step {steps}" + (f" of {total}" if total else ""))
    elif history.attempts and not any(attempt.saves for attempt in history.attempts):
        seen = "no checkpoint was ever saved, so any interruption loses everything"
        yield Claim(text, Outcome.VIOLATED, seen, Advice.SAVE)
    else:
        names = ", ".join(str(one) for one in left)
        yield Claim(text, Outcome.NOT_SHOWN, f"the training ended before the moment came for {names}")


def _resumed(history: History, interruption: Interruption) -> Claim:
    text = f"after the interruption at step {interruption.step} it resumes from the newest checkpoint"
    after = history.attempt_after(interruption)
    if after is None:
        if interruption.kind == FaultKind.DISK_FULL and history.client_exit == 0:
            return Claim(text, Outcome.PROVEN, "it went on without a restart")
        if _read_the_end(history, interruption):
            return Claim(text, Outcome.PROVEN, "it had come to its end by then, and found that on the volume")
        if _had_returned(history, interruption):
            return Claim(text, Outcome.NOT_SHOWN, _left_uncommitted(history))
        if not FaultKind(interruption.kind).costs_retry:
            return Claim(text, Outcome.VIOLATED, "no further attempt trained")
        if not history.retries:
            return Claim(text, Outcome.VIOLATED, "no further attempt trained", Advice.RETRIES)
        seen = f"it was started again {history.retries} times, and failed each time before it trained"
        return Claim(text, Outcome.VIOLATED, seen, Advice.WHOLE)
    newest = max(history.committed_before(after.began_s), default=0)
    if newest == 0:
        return _from_nothing(history, interruption, after, text)
    if after.resumed_from < newest:
        seen = f"it began at step {after.resumed_from}, though {newest} was committed"
        return Claim(text, Outcome.VIOLATED, seen, Advice.RESUME)
    if not after.recognised:
        seen = f"it read checkpoint {after.resumed_from}, and began with other weights than that step had"
        return Claim(text, Outcome.VIOLATED, seen, Advice.WEIGHTS)
    return Claim(text, Outcome.PROVEN, f"it went on from step {after.resumed_from}")


def _had_returned(history: History, interruption: Interruption) -> bool:
    """Whether the function had returned when its container was taken away.

    The platform runs an interrupted input again, in another container. Where there was none, and all ended
    well, the container was only still committing its volumes.
    """
    taken = interruption.kind in (FaultKind.PREEMPT, FaultKind.KILL)
    known = any(one.task_id == interruption.task_id for one in history.containers)
    others = any(one.started_s > interruption.time_s for one in history.containers)
    return taken and known and not others and history.client_exit == 0


def _left_uncommitted(history: History) -> str:
    saved = max((save.step for attempt in history.attempts for save in attempt.saves), default=0)
    committed = max((step for commit in history.commits for step in commit.checkpoints), default=0)
    seen = "the function had returned by then, its container was still committing: nothing was left to resume"
    if saved > committed:
        seen += (
            f"; the checkpoint of step {saved} did not get to the volume, which commit() before the end does"
        )
    return seen


def _read_the_end(history: History, interruption: Interruption) -> bool:
    """Whether a later start read the checkpoint of the last step, and had nothing left to do."""
    last = max((attempt.last_step for attempt in history.attempts), default=0)
    end = {write.content for write in history.writes if write.step == last and write.content is not None}
    late = [read for read in history.reads if read.time_s > interruption.time_s]
    return history.client_exit == 0 and any(read.content in end for read in late)


def _from_nothing(history: History, interruption: Interruption, after: Attempt, text: str) -> Claim:
    """An attempt that no checkpoint was committed for: that is a loss only if there was one to commit."""
    saved = [
        save
        for attempt in history.attempts
        for save in attempt.saves
        if save.time_s < interruption.time_s - _COMMITTED_WITHIN_S * (interruption.kind != FaultKind.PREEMPT)
    ]
    if saved:
        seen = f"no checkpoint was committed; it began again at {after.resumed_from}"
        return Claim(text, Outcome.VIOLATED, seen, Advice.VOLUME)
    return Claim(text, Outcome.PROVEN, f"no checkpoint was there yet; it began at {after.resumed_from}")


def _optimizer(history: History) -> Iterator[Claim]:
    known = [one for one in history.attempts if one.optimizer_restored is not None]
    if not known:
        return
    text = OPTIMIZER
    fresh = [one for one in known if not one.optimizer_restored]
    if fresh:
        steps = ", ".join(str(one.resumed_from) for one in fresh)
        seen = f"at step {steps} it began with other moments than that step had"
        yield Claim(text, Outcome.VIOLATED, seen, Advice.OPTIMIZER)
    else:
        yield Claim(text, Outcome.PROVEN, f"its moments were those of step {known[-1].resumed_from}")


def _whole_files(history: History) -> Iterator[Claim]:
    """A file that an attempt reads is one that an earlier attempt had finished."""
    text, whole = WHOLE_FILES, 0
    for read in history.reads:
        written = [one for one in history.writes if one.path == read.path and one.begun_s < read.time_s]
        if not written:
            continue
        if read.content in {one.content for one in written}:
            whole += 1
            continue
        size = max((one.content[0] for one in history.writes if one.content is not None), default=0)
        of = f" of about {size:,}" if size > read.content[0] else ""
        seen = f"{read.path} was read with {read.content[0]:,}{of} bytes: its write was interrupted"
        yield Claim(text, Outcome.VIOLATED, seen, Advice.RENAME)
        return
    if whole:
        yield Claim(text, Outcome.PROVEN, f"{whole} read{'s' * (whole != 1)} of files that were finished")


def _committed(history: History) -> Iterator[Claim]:
    """A committed checkpoint may only go when a later one is there."""
    if not any(commit.checkpoints for commit in history.commits):
        return
    text = COMMITTED
    newest: dict[str, int] = {}
    for commit in history.commits:
        before, now = newest.get(commit.volume, 0), max(commit.checkpoints, default=0)
        if now < before:
            seen = f"checkpoint {before} of volume {commit.volume} was committed, and gone in a later commit"
            yield Claim(text, Outcome.VIOLATED, seen, Advice.ONE_WRITER)
            return
        newest[commit.volume] = now
    commits = sum(1 for commit in history.commits if commit.checkpoints)
    yield Claim(text, Outcome.PROVEN, f"the newest checkpoint stayed through {commits} commits")


def _same_losses(history: History, resumes: Sequence[Resume]) -> Iterator[Claim]:
    differences = [one.largest_loss_difference for one in resumes if one.largest_loss_difference is not None]
    if not differences:
        return
    text, largest = SAME_TRAINING, max(differences)
    twice = sum(one.steps_twice for one in resumes)
    yield _losses_agree(history, text, f"{twice} steps run twice", largest)


def _as_uninterrupted(history: History, reference: History | None) -> Iterator[Claim]:
    if reference is None:
        return
    text = AS_UNINTERRUPTED
    there, here = _losses(reference), _losses(history)
    both = there.keys() & here.keys()
    if not both:
        yield Claim(text, Outcome.NOT_SHOWN, "no step reported a loss in both")
        return
    largest = max(_relative(there[step], here[step]) for step in both)
    yield _losses_agree(history, text, f"{len(both)} steps", largest)


def _losses_agree(history: History, text: str, steps: str, largest: float) -> Claim:
    """The claim that losses are the same, by the largest relative difference on some steps."""
    seen = f"{steps}, losses differ by at most {largest:.1e} (relative)"
    if largest <= LOSS_TOLERANCE:
        return Claim(text, Outcome.PROVEN, seen)
    # A loop of the script's own may draw without a seed: then no two of its runs are the same.
    reported = all(attempt.max_steps for attempt in history.attempts)
    return Claim(text, Outcome.VIOLATED if reported else Outcome.NOTED, seen, Advice.DATA_ORDER)


def _losses(history: History) -> dict[int, float]:
    """The loss of each step, where it was done for the last time."""
    return {step: loss for attempt in history.attempts for step, loss in attempt.losses.items()}


def _relative(one: float, other: float) -> float:
    return abs(one - other) / max(abs(one), 1e-12)


def _resume(history: History, interruption: Interruption) -> Resume:
    during, after = history.attempt_during(interruption), history.attempt_after(interruption)
    last_step = during.last_step if during else 0
    losses_before = during.losses if during else {}
    common = _common_losses(during, after)
    return Resume(
        step=interruption.step,
        last_step=last_step,
        resumed_from=after.resumed_from if after else None,
        steps_twice=max(0, last_step - after.resumed_from) if after else 0,
        loss_before=losses_before[max(losses_before)] if losses_before else None,
        loss_after=after.losses[min(after.losses)] if after and after.losses else None,
        largest_loss_difference=max(common) if common else None,
        seconds=min(after.steps.values()) - interruption.time_s if after and after.steps else None,
        wasted_s=_wasted_s(history, interruption, after),
    )


def _wasted_s(history: History, interruption: Interruption, after: Attempt | None) -> float | None:
    if after is None or not after.steps:
        return None
    reached = [
        one.steps[after.resumed_from]
        for one in history.attempts
        if one.began_s < interruption.time_s and after.resumed_from in one.steps
    ]
    since = max(reached, default=history.attempts[0].began_s)
    return min(after.steps.values()) - since


def _common_losses(during: Attempt | None, after: Attempt | None) -> list[float]:
    if during is None or after is None:
        return []
    both = during.losses.keys() & after.losses.keys()
    return [_relative(during.losses[step], after.losses[step]) for step in both]
