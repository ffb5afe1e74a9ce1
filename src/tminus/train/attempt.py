"""How one attempt of a run begins, goes, and ends."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tminus.train.allowance import Allowance, End, ends_of
from tminus.train.boundary import Boundary, Verdict
from tminus.train.callbacks import RecordMetrics
from tminus.train.checkpoint import list_checkpoints, newest_complete, sweep
from tminus.train.config import TrainConfig
from tminus.train.early_stopping import StopEarly, was_over
from tminus.train.errors import CommitError, DivergedError, ResumeError, SaveError
from tminus.train.finished import losses
from tminus.train.ranks import Ranks
from tminus.train.record import (
    FINAL_DIRECTORY,
    RunRecord,
    last_sign_of_life,
    read_record,
    refuse_other_config,
    unusable_output,
)
from tminus.train.reporter import Reporter
from tminus.train.result import TrainResult
from tminus.train.schedule import SaveSchedule
from tminus.train.signals import StopRequest
from tminus.train.speed import run_meter
from tminus.train.stop_clock import StopClock
from tminus.train.volume import PATIENCE_S, commit_volume


@dataclass(frozen=True, slots=True)
class Start:
    """Where this attempt begins."""

    record: RunRecord
    resume: str | None
    """Path of the checkpoint to continue from."""

    step: int
    """Optimizer steps that it holds; 0 at a fresh start."""

    ends: tuple[End, ...]
    """The moments by which everything must be saved."""


def begin(config: TrainConfig, world_size: int, allowance: Allowance, at: float, reporter: Reporter) -> Start:
    """Clean up after the attempt before, choose what to resume from, and record the new attempt (rank 0).

    Args:
        config: The run.
        world_size: Number of ranks.
        allowance: What this process may take.
        at: When the attempt began, in seconds since the epoch.
        reporter: Tells the user.

    Raises:
        ResumeError: What is there belongs to another run.
        BudgetError: The budget is spent.
        SaveError: The directory cannot be used.
    """
    output = Path(config.output_dir)
    try:
        output.mkdir(parents=True, exist_ok=True)
        before = read_record(config)
        record = before.started(at, last_sign_of_life(output, before))
        ends = ends_of(config, allowance, record.spent_s, at)
        for path in sweep(output):
            reporter.say(f"removed {path.name}, which an earlier attempt left unfinished")
        checkpoint = newest_complete(output, reporter.say)
        if checkpoint is not None:
            refuse_other_config(config, checkpoint.manifest.config, str(checkpoint.path))
        record.write(output)
    except OSError as error:
        raise unusable_output(config, error) from error
    if checkpoint is None:
        reporter.say(f"run {record.run_id}, attempt {record.attempt}: starts from the base model")
        return Start(record, None, 0, ends)
    reporter.say(f"run {record.run_id}, attempt {record.attempt}: continues from {checkpoint.path.name}")
    wrote = checkpoint.manifest.world_size
    if wrote != world_size:
        reporter.say(
            f"ranks: {wrote} before, {world_size} now. The steps keep their rows and their learning rate; "
            "dropout draws other numbers"
        )
    return Start(record, str(checkpoint.path), checkpoint.step, ends)


def fit(
    trainer: Any,
    start: Start,
    total: int,
    stop: StopRequest,
    ranks: Ranks,
    config: TrainConfig,
    reporter: Reporter,
) -> Verdict:
    """Train the steps that are left.

    Returns:
        `STOP` where the ranks stopped before the last step, `ROLL_BACK` where they must go back to a
        checkpoint, `GO_ON` where every step is done.

    Raises:
        SaveError: A checkpoint or the metrics could not be written.
        DivergedError: Too many updates were bad.
    """
    patience = config.early_stopping_patience
    if start.resume is not None and (start.step >= total or was_over(Path(start.resume), patience)):
        # Every step is done and only the result is missing; the trainer would train one more.
        trainer.restore(Path(start.resume))
        return Verdict.GO_ON
    meter = run_meter(config, trainer, ranks.world_size, start.record.spent_s)
    recorder = RecordMetrics(
        Path(config.output_dir), start.record.attempt, start.step or None, reporter, meter
    )
    early = StopEarly(patience)
    boundary = Boundary(
        config,
        trainer,
        ranks,
        stop,
        SaveSchedule(config.save_every, total, config.interruptions_per_day, time.monotonic()),
        StopClock(start.ends, time.time()),
        lambda: trainer.saver.failed or recorder.failure is not None,
        reporter.say,
    )
    trainer.add_callback(boundary)
    trainer.add_callback(recorder)
    trainer.add_callback(early)
    try:
        trainer.train(resume_from_checkpoint=start.resume)
    finally:
        reporter.stop()
        trainer.saver.close()
    ranks.main_does(lambda: settle(config, trainer, recorder))
    if boundary.verdict is Verdict.GIVE_UP:
        raise DivergedError(too_many_bad_updates(config, trainer.guard.total))
    if boundary.verdict is Verdict.ROLL_BACK:
        return Verdict.ROLL_BACK
    if early.stopped:
        reporter.say(f"{patience} evaluations in a row were no better than the best one: the run ends here")
        return Verdict.GO_ON
    return Verdict.STOP if trainer.state.global_step < total else Verdict.GO_ON


def settle(config: TrainConfig, trainer: Any, recorder: RecordMetrics) -> None:
    """Wait until the last checkpoint is on the disk, and raise what went wrong (rank 0)."""
    trainer.saver.wait()
    if recorder.failure is not None:
        raise SaveError(
            f"the metrics in {config.output_dir} could not be written ({recorder.failure}); the checkpoints "
            "are untouched. Make room, then start the run again."
        ) from recorder.failure


def too_many_bad_updates(config: TrainConfig, count: int) -> str:
    """What a run says that gives up."""
    limit = (
        "on_bad_step is stop" if config.on_bad_step == "stop" else f"max_bad_steps is {config.max_bad_steps}"
    )
    return (
        f"{count} update{'s' * (count != 1)} left out, and {limit}. The last checkpoint's weights are good. "
        "Lower learning_rate or max_grad_norm, or look at the rows of these steps; then start the run again, "
        "or set on_bad_step to rollback to go on with another order of the rows."
    )


def go_back(config: TrainConfig, record: RunRecord, reporter: Reporter) -> None:
    """Record that the run goes back to its last good checkpoint (rank 0).

    Raises:
        DivergedError: It did so too often already.
    """
    if record.rollbacks >= config.max_bad_steps:
        raise DivergedError(
            f"the run went back to a checkpoint {record.rollbacks} times, and max_bad_steps is "
            f"{config.max_bad_steps}. Lower learning_rate or max_grad_norm, or look at the data."
        )
    back = record.rolled_back().ended(time.time())
    back.write(Path(config.output_dir))
    reporter.say(
        f"going back to the last good checkpoint, and on with another order of the rows "
        f"({back.rollbacks} of at most {config.max_bad_steps})"
    )


def conclude(
    config: TrainConfig, trainer: Any, start: Start, total: int, verdict: Verdict, reporter: Reporter
) -> TrainResult:
    """Write the result of a finished run and make it durable; then tell how the attempt ended (rank 0)."""
    output = Path(config.output_dir)
    steps = int(trainer.state.global_step)
    stopped = verdict is Verdict.STOP
    failure = trainer.committer.finish(PATIENCE_S)
    record = start.record.ended(time.time())
    if stopped:
        record.write(output)
        reporter.say(f"interrupted at step {steps} of {total}: saved, start it again to continue")
    else:
        trainer.save_final()
        record.finished(steps, total).write(output)
        failure = commit_volume(config.volume, reporter.say) if config.volume is not None else None
        if failure is not None:
            record.write(output)  # not finished: what is not committed is lost with the container
            raise CommitError(
                f"volume {config.volume}: the finished run is not committed ({type(failure).__name__}: "
                f"{failure}). Start the run again: it goes on from the newest checkpoint that it finds."
            ) from failure
        reporter.say(f"finished {steps} steps: {output / FINAL_DIRECTORY}")
    first, last = losses(output)
    return TrainResult(
        status="interrupted" if stopped else "finished",
        run_id=config.run_id,
        attempt=start.record.attempt,
        steps=steps,
        total_steps=total,
        resumed_from=start.step or None,
        first_loss=first,
        last_loss=last,
        output_dir=str(output),
        final=None if stopped else str(output / FINAL_DIRECTORY),
        checkpoints=tuple(str(checkpoint.path) for checkpoint in list_checkpoints(output)),
    )


def refuse_other_length(checkpoint: Path, total: int) -> None:
    """Refuse to continue on data that gives another number of steps: the schedule would not be the same."""
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    if state["max_steps"] != total:
        raise ResumeError(
            f"{checkpoint} belongs to a run of {state['max_steps']} steps, but the data set now gives "
            f"{total}: its rows have changed. Choose another output_dir, or restore the data set."
        )
