"""The judgement: what a rehearsal's history proves, what it contradicts, and what it cannot show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tminus.rehearse.history import Attempt, History, Interruption

# Losses of a step that is run twice agree to this relative difference if the resume is the same training:
# the order of a sum over ranks may differ, nothing else.
LOSS_TOLERANCE = 1e-5


class Outcome(StrEnum):
    """What the history says of a claim."""

    PROVEN = "proven"
    VIOLATED = "violated"
    NOT_SHOWN = "not shown"


class Status(StrEnum):
    """The verdict as a whole."""

    PASSED = "passed"
    FAILED = "failed"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a run has to fulfil, and what was seen of it."""

    text: str
    outcome: Outcome
    seen: str


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
    """

    step: int
    last_step: int
    resumed_from: int | None
    steps_twice: int
    loss_before: float | None
    loss_after: float | None
    largest_loss_difference: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement over a rehearsal."""

    status: Status
    claims: Sequence[Claim]
    resumes: Sequence[Resume]

    @property
    def reasons(self) -> list[str]:
        """Why it is not passed."""
        return [f"{one.text}: {one.seen}" for one in self.claims if one.outcome is not Outcome.PROVEN]


def judge(history: History, planned_interruptions: int) -> Verdict:
    """Judge a history.

    Args:
        history: What happened.
        planned_interruptions: Interruptions that were asked for.
    """
    if history.refusal:
        refused = Claim("the platform accepts the app", Outcome.VIOLATED, history.refusal)
        return Verdict(Status.REFUSED, [refused], [])
    resumes = [_resume(history, one) for one in history.interruptions]
    claims = [
        _finished(history),
        *_interrupted(history, planned_interruptions),
        *(_resumed(history, one) for one in history.interruptions),
        *_committed(history),
        *_same_losses(resumes),
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
    text = "the training finishes"
    if history.client_exit is None:
        return Claim(text, Outcome.VIOLATED, "it was stopped: it took longer than the rehearsal may")
    if history.client_exit != 0:
        return Claim(text, Outcome.VIOLATED, f"`modal run` exited with {history.client_exit}")
    if not history.attempts:
        return Claim(
            text, Outcome.NOT_SHOWN, "`modal run` exited with 0, but no trainer that can be observed ran"
        )
    last = history.attempts[-1]
    if last.ended_s is None or last.last_step < last.max_steps:
        return Claim(
            text, Outcome.VIOLATED, f"the last attempt ended at step {last.last_step} of {last.max_steps}"
        )
    return Claim(
        text, Outcome.PROVEN, f"step {last.max_steps} of {last.max_steps}, `modal run` exited with 0"
    )


def _interrupted(history: History, planned: int) -> Iterator[Claim]:
    if planned == 0:
        return
    text, done = f"it is interrupted {planned} time{'s' if planned != 1 else ''}", len(history.interruptions)
    if done == planned:
        steps = ", ".join(str(one.step) for one in history.interruptions)
        yield Claim(text, Outcome.PROVEN, f"at step {steps} of {history.attempts[0].max_steps}")
    elif history.attempts and not any(attempt.saves for attempt in history.attempts):
        yield Claim(
            text, Outcome.VIOLATED, "no checkpoint was ever saved, so any interruption loses everything"
        )
    else:
        yield Claim(text, Outcome.NOT_SHOWN, f"only {done} could be made before the training ended")


def _resumed(history: History, interruption: Interruption) -> Claim:
    text = f"after the interruption at step {interruption.step} it resumes from the newest checkpoint"
    after = history.attempt_after(interruption)
    if after is None:
        return Claim(text, Outcome.VIOLATED, "no further attempt trained")
    durable = history.committed_before(after.began_s)
    newest = max(durable, default=0)
    if newest == 0:
        return Claim(
            text, Outcome.VIOLATED, f"no checkpoint was committed; it began again at {after.resumed_from}"
        )
    if after.resumed_from < newest:
        return Claim(
            text, Outcome.VIOLATED, f"it began at step {after.resumed_from}, though {newest} was committed"
        )
    return Claim(text, Outcome.PROVEN, f"it went on from step {after.resumed_from}")


def _committed(history: History) -> Iterator[Claim]:
    """A committed checkpoint may only go when a later one is there."""
    if not any(commit.checkpoints for commit in history.commits):
        return
    text = "nothing that was committed is lost"
    newest: dict[str, int] = {}
    for commit in history.commits:
        before, now = newest.get(commit.volume, 0), max(commit.checkpoints, default=0)
        if now < before:
            seen = f"checkpoint {before} of volume {commit.volume} was committed, and gone in a later commit"
            yield Claim(text, Outcome.VIOLATED, seen)
            return
        newest[commit.volume] = now
    commits = sum(1 for commit in history.commits if commit.checkpoints)
    yield Claim(text, Outcome.PROVEN, f"the newest checkpoint stayed through {commits} commits")


def _same_losses(resumes: Sequence[Resume]) -> Iterator[Claim]:
    differences = [one.largest_loss_difference for one in resumes if one.largest_loss_difference is not None]
    if not differences:
        return
    text, largest = "the resumed training is the same training", max(differences)
    twice = sum(one.steps_twice for one in resumes)
    seen = f"{twice} steps run twice, losses differ by at most {largest:.1e} (relative)"
    yield Claim(text, Outcome.PROVEN if largest <= LOSS_TOLERANCE else Outcome.VIOLATED, seen)


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
    )


def _common_losses(during: Attempt | None, after: Attempt | None) -> list[float]:
    if during is None or after is None:
        return []
    both = during.losses.keys() & after.losses.keys()
    return [
        abs(during.losses[step] - after.losses[step]) / max(abs(during.losses[step]), 1e-12) for step in both
    ]
