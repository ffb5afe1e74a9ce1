"""The judgement over histories: what must pass, what must fail, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.rehearse import (
    Advice,
    Attempt,
    Commit,
    ContainerLife,
    History,
    Interruption,
    Outcome,
    Save,
    Status,
    judge,
    preemptions,
)
from tminus.rehearse.history import attempts_of, checkpoints_in, of_whole_saves
from tminus.rehearse.loops import Read, Write
from tminus.rehearse.observed import TrainingEvent


def attempt(
    task: str, began_s: float, first: int, last: int, *, max_steps: int = 20, shift: float = 0.0
) -> Attempt:
    """An attempt that does a step a second, with losses that depend on the step alone."""
    steps = {step: began_s + step - first for step in range(first + 1, last + 1)}
    return Attempt(
        task_id=task,
        began_s=began_s,
        resumed_from=first,
        max_steps=max_steps,
        world_size=2,
        steps=steps,
        losses={step: 4.0 / step + shift for step in steps},
        saves=[Save(step, time_s) for step, time_s in steps.items() if step % 5 == 0],
        ended_s=began_s + last - first if last == max_steps else None,
    )


def commit(time_s: float, *checkpoints: int, volume: str = "data") -> Commit:
    return Commit(time_s, "ta-1", volume, "explicit", frozenset(checkpoints))


GOOD = History(
    started_s=0.0,
    ended_s=60.0,
    client_exit=0,
    attempts=(attempt("ta-1", 1.0, 0, 12), attempt("ta-2", 30.0, 10, 20)),
    commits=(commit(7.0, 5), commit(12.0, 5, 10), commit(41.0, 10, 15, 20)),
    interruptions=(Interruption(13.0, "ta-1", "preempt", 12),),
)


def test_a_run_that_resumes_from_the_newest_checkpoint_passes() -> None:
    verdict = judge(GOOD)
    assert verdict.status is Status.PASSED
    assert {claim.outcome for claim in verdict.claims} == {Outcome.PROVEN}
    (resume,) = verdict.resumes
    assert (resume.resumed_from, resume.steps_twice, resume.largest_loss_difference) == (10, 2, 0.0)
    assert resume.seconds == pytest.approx(18.0)


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (
            replace(GOOD, attempts=(GOOD.attempts[0], attempt("ta-2", 30.0, 0, 20))),
            "began at step 0, though 10",
        ),
        (
            replace(GOOD, attempts=(GOOD.attempts[0], attempt("ta-2", 30.0, 5, 20))),
            "began at step 5, though 10",
        ),
        (replace(GOOD, commits=()), "no checkpoint was committed"),
        (replace(GOOD, commits=(*GOOD.commits, commit(50.0, 15))), "checkpoint 20 of volume data"),
        (replace(GOOD, attempts=GOOD.attempts[:1]), "no further attempt trained"),
        (replace(GOOD, client_exit=1), "exited with 1"),
        (replace(GOOD, client_exit=None), "longer than the rehearsal may"),
        (replace(GOOD, attempts=(GOOD.attempts[0], attempt("ta-2", 30.0, 10, 19))), "at step 19 of 20"),
        (
            replace(GOOD, attempts=(GOOD.attempts[0], attempt("ta-2", 30.0, 10, 20, shift=1e-3))),
            "losses differ by at most",
        ),
    ],
)
def test_each_way_to_lose_something_fails_with_its_reason(history: History, reason: str) -> None:
    verdict = judge(history)
    assert verdict.status is Status.FAILED
    assert any(reason in line for line in verdict.reasons), verdict.reasons


def test_an_interruption_that_could_not_be_made_is_not_a_pass() -> None:
    history = replace(GOOD, interruptions=(), attempts=(attempt("ta-1", 1.0, 0, 20),))
    assert judge(history, left=preemptions(1).events).status is Status.INCONCLUSIVE
    assert judge(history).status is Status.PASSED


def test_without_any_checkpoint_an_interruption_would_lose_everything() -> None:
    bare = replace(attempt("ta-1", 1.0, 0, 20), saves=[])
    history = replace(GOOD, attempts=(bare,), interruptions=(), commits=())
    verdict = judge(history, left=preemptions(1).events)
    assert verdict.status is Status.FAILED


def test_a_run_without_an_observable_trainer_is_inconclusive() -> None:
    verdict = judge(History(0.0, 5.0, 0))
    assert verdict.status is Status.INCONCLUSIVE


def test_a_refused_app_is_refused_with_the_platforms_reason() -> None:
    verdict = judge(History(0.0, 1.0, 1, refusal="at most 8 H100"))
    assert verdict.status is Status.REFUSED
    assert "at most 8 H100" in verdict.reasons[0]


def interrupted(kind: str, history: History = GOOD) -> History:
    return replace(history, interruptions=(Interruption(13.0, "ta-1", kind, 12),))


def test_a_fault_before_the_first_commit_loses_nothing_that_was_there() -> None:
    first = replace(attempt("ta-1", 1.0, 0, 4), saves=[])
    history = replace(GOOD, attempts=(first, attempt("ta-2", 30.0, 0, 20)), commits=(commit(55.0, 20),))
    assert judge(interrupted("kill", history)).status is Status.PASSED
    saved_long_before = replace(first, saves=[Save(2, -20.0)])
    history = replace(history, attempts=(saved_long_before, history.attempts[1]))
    assert judge(interrupted("kill", history)).status is Status.FAILED


def test_a_run_that_ends_with_its_only_retry_is_told_of_retries() -> None:
    history = interrupted("oom", replace(GOOD, attempts=GOOD.attempts[:1], client_exit=1))
    advice = {claim.advice for claim in judge(history).claims if claim.outcome is Outcome.VIOLATED}
    assert advice == {Advice.RETRIES}


def test_retries_that_never_train_are_told_of_the_checkpoint_in_their_way() -> None:
    history = interrupted("disk-full", replace(GOOD, attempts=GOOD.attempts[:1], client_exit=1, retries=3))
    verdict = judge(history)
    assert "started again 3 times, and failed each time before it trained" in verdict.reasons[1]
    assert Advice.WHOLE in {claim.advice for claim in verdict.claims}
    assert Advice.RETRIES not in {claim.advice for claim in verdict.claims}


def test_a_full_disk_that_the_training_lives_through_is_no_loss() -> None:
    whole = attempt("ta-1", 1.0, 0, 20)
    history = replace(GOOD, attempts=(whole,), commits=(commit(25.0, 20),))
    assert judge(interrupted("disk-full", history)).status is Status.PASSED
    assert judge(interrupted("preempt", history)).status is Status.FAILED


def test_a_container_that_is_taken_after_its_function_returned_has_nothing_to_resume() -> None:
    whole = attempt("ta-1", 1.0, 0, 20)
    first = ContainerLife("ta-1", "train", "H100", 0, 0.5, 22.0, 137, "killed")
    late = Interruption(21.5, "ta-1", "kill", 20)
    history = replace(
        GOOD, attempts=(whole,), commits=(commit(7.0, 5),), interruptions=(late,), containers=(first,)
    )
    verdict = judge(history)
    assert verdict.status is Status.INCONCLUSIVE
    assert "the checkpoint of step 20 did not get to the volume" in verdict.reasons[0]
    # An input that ran again, or failed, had not returned.
    again = replace(first, task_id="ta-2", started_s=30.0)
    assert judge(replace(history, containers=(first, again))).status is Status.FAILED
    assert judge(replace(history, client_exit=1)).status is Status.FAILED


def test_a_fresh_optimizer_is_named() -> None:
    fresh = replace(GOOD.attempts[1], optimizer_restored=False)
    verdict = judge(replace(GOOD, attempts=(GOOD.attempts[0], fresh)))
    (claim,) = [one for one in verdict.claims if one.outcome is Outcome.VIOLATED]
    assert claim.advice is Advice.OPTIMIZER


def test_a_half_written_file_that_is_read_is_named_with_its_sizes() -> None:
    torn = Read("/runs/last.pt", 29.0, (500, "b"))
    writes = (Write("/runs/last.pt", 7.0, 5, (1000, "a")), Write("/runs/last.pt", 12.5, 10, None))
    verdict = judge(replace(GOOD, writes=writes, reads=(torn,)))
    (claim,) = [one for one in verdict.claims if one.outcome is Outcome.VIOLATED]
    assert claim.advice is Advice.RENAME
    assert "/runs/last.pt was read with 500 of about 1,000 bytes" in claim.seen
    whole = replace(torn, content=(1000, "a"))
    assert judge(replace(GOOD, writes=writes, reads=(whole,))).status is Status.PASSED
    elsewhere = replace(torn, path="/root/model.pt")
    assert judge(replace(GOOD, writes=writes, reads=(elsewhere,))).status is Status.PASSED


def test_losses_are_compared_with_the_run_that_nothing_interrupted() -> None:
    reference = replace(GOOD, attempts=(attempt("ta-0", 1.0, 0, 20),), interruptions=())
    assert judge(GOOD, reference=reference).status is Status.PASSED
    other = replace(reference, attempts=(attempt("ta-0", 1.0, 0, 20, shift=0.01),))
    assert judge(GOOD, reference=other).status is Status.FAILED
    # A loop of the script's own may have no seed: what differs is said, and condemns nothing.
    looped = replace(GOOD, attempts=tuple(replace(one, max_steps=0) for one in GOOD.attempts))
    verdict = judge(looped, reference=other)
    assert verdict.status is Status.PASSED
    assert Outcome.NOTED in {claim.outcome for claim in verdict.claims}


def test_retention_may_remove_old_checkpoints() -> None:
    commits = (commit(7.0, 5), commit(12.0, 10), commit(41.0, 20))
    assert judge(replace(GOOD, commits=commits)).status is Status.PASSED


@given(resumed_from=st.integers(0, 12), newest=st.sampled_from([0, 5, 10]))
def test_never_passed_when_a_committed_checkpoint_was_not_used(resumed_from: int, newest: int) -> None:
    history = replace(
        GOOD,
        attempts=(GOOD.attempts[0], attempt("ta-2", 30.0, resumed_from, 20)),
        commits=(commit(12.0, *([newest] if newest else [])), commit(55.0, 20)),
    )
    passed = judge(history).status is Status.PASSED
    assert passed == (0 < newest <= resumed_from)


@given(count=st.integers(1, 5), total=st.integers(12, 200), every=st.integers(1, 12))
def test_spread_faults_come_between_checkpoints_and_each_once(count: int, total: int, every: int) -> None:
    waiting, done, saved = [one.moment for one in preemptions(count).events], [], None
    for step in range(1, total + 1):
        saved = step if step % every == 0 else saved
        if waiting and waiting[0].is_due(step=step, total_steps=total, saved_step=saved):
            waiting.pop(0)
            done.append(step)
            assert saved is not None
            assert step != saved or every == 1 or step > total * len(done) / (count + 1)
    if every <= total // (2 * (count + 1)) and total >= 4 * (count + 1):
        assert len(done) == count


def event(
    kind: str, time_s: float, step: int | None, task: str = "ta-1", rank: int = 0, **values: object
) -> TrainingEvent:
    return TrainingEvent(kind, time_s, task, 7, rank, step, values)


def test_attempts_are_read_from_rank_0_alone_and_in_order() -> None:
    begin = {"max_steps": 3, "world_size": 2}
    events = [
        event("train_begin", 5.0, 2, task="ta-2", **begin),
        event("step_end", 6.0, 3, task="ta-2"),
        event("train_begin", 1.0, 0, **begin),
        event("train_begin", 1.1, 0, rank=1, **begin),
        event("step_end", 2.0, 1),
        event("log", 2.0, 1, loss=3.5),
        event("save", 2.5, 1),
        event("train_end", 7.0, 3, task="ta-2"),
        event("change", 0.5, None, what="x"),
    ]
    first, second = attempts_of(events)
    assert (first.task_id, first.resumed_from, first.last_step, first.losses) == ("ta-1", 0, 1, {1: 3.5})
    assert (second.resumed_from, second.last_step, second.ended_s) == (2, 3, 7.0)


def test_a_save_that_a_trainer_did_not_finish_is_no_checkpoint() -> None:
    cut_short = replace(attempt("ta-1", 1.0, 0, 12), saves=[Save(5, 6.0)])
    commits = [commit(7.0, 5), commit(12.0, 5, 10)]
    assert [one.checkpoints for one in of_whole_saves(commits, [cut_short])] == [{5}, {5}]
    # One that is whole later counts from the first commit after that.
    again = attempt("ta-2", 30.0, 5, 20)
    commits.append(commit(45.0, 5, 10, 15))
    assert [one.checkpoints for one in of_whole_saves(commits, [cut_short, again])] == [{5}, {5}, {5, 10, 15}]
    loop = replace(cut_short, max_steps=0)
    assert of_whole_saves(commits, [loop]) == commits


def test_checkpoints_in_a_tree_are_folders_with_files(tmp_path: Path) -> None:
    for name in (
        "runs/a/checkpoint-5",
        "runs/a/checkpoint-10",
        "runs/a/.tmp-checkpoint-15",
        "runs/checkpoint-best",
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "manifest.json").write_text("{}")
    (tmp_path / "runs/a/checkpoint-20").mkdir()
    assert checkpoints_in(tmp_path) == {5, 10}
