"""One attempt of a run, from its configuration to its result."""

from __future__ import annotations

import json
import math
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tminus.train.batching import BatchSplit, split_batch
from tminus.train.checkpoint import list_checkpoints, newest_complete, sweep
from tminus.train.config import TrainConfig
from tminus.train.decisions import Decisions, decide
from tminus.train.errors import CommitError, ResumeError
from tminus.train.finished import finished_result, losses
from tminus.train.ranks import Ranks
from tminus.train.record import FINAL_DIRECTORY, RunRecord, read_record, refuse_other_config
from tminus.train.reporter import Reporter
from tminus.train.result import TrainResult
from tminus.train.signals import StopRequest
from tminus.train.volume import commit_volume


@dataclass(frozen=True, slots=True)
class Start:
    """Where this attempt begins."""

    record: RunRecord
    resume: str | None
    """Path of the checkpoint to continue from."""

    step: int
    """Optimizer steps that it holds; 0 at a fresh start."""


def run(config: TrainConfig, stop: StopRequest) -> TrainResult:
    """Train, resuming where there is something to resume from. Every rank calls this.

    Args:
        config: The run.
        stop: Set when this process is asked to stop.

    Raises:
        TrainError: The run cannot be started, continued or made durable.
    """
    main = os.environ.get("RANK", "0") == "0"
    reporter = Reporter(speaks=main)
    done = finished_result(config)
    if done is not None:
        reporter.say(f"run {done.run_id} is finished: {done.final}")
        return done
    let_waiting_threads_sleep()
    quiet_libraries(main=main)
    split = split_batch(config.global_batch, config.micro_batch, int(os.environ.get("WORLD_SIZE", "1")))
    decisions = decide(config)
    args = sft_arguments(config, split, decisions)
    ranks = Ranks(args.distributed_state)
    start = ranks.main_does(lambda: begin(config, ranks.world_size, reporter))
    for line in (*decisions.reasons, split.reason):
        reporter.say(line)
    if ranks.any(start.resume is not None and not Path(start.resume).is_dir()):
        raise ResumeError(
            f"{start.resume} is not visible to every rank. Put output_dir on a file system that all hosts "
            "share, such as a Modal volume."
        )
    trainer, total = build_trainer(config, args, decisions, ranks, start, reporter)
    stopped = fit(trainer, start, total, stop, ranks, config, reporter)
    return ranks.main_does(lambda: conclude(config, trainer, start, total, stopped, reporter))


def begin(config: TrainConfig, world_size: int, reporter: Reporter) -> Start:
    """Clean up after the attempt before, choose what to resume from, and record the new attempt (rank 0)."""
    output = Path(config.output_dir)
    output.mkdir(parents=True, exist_ok=True)
    record = read_record(config).started()
    for path in sweep(output):
        reporter.say(f"removed {path.name}, which an earlier attempt left unfinished")
    checkpoint = newest_complete(output, reporter.say)
    if checkpoint is not None:
        refuse_other_config(config, checkpoint.manifest.config, str(checkpoint.path))
    record.write(output)
    if checkpoint is None:
        reporter.say(f"run {record.run_id}, attempt {record.attempt}: starts from the base model")
        return Start(record, None, 0)
    reporter.say(f"run {record.run_id}, attempt {record.attempt}: continues from {checkpoint.path.name}")
    before = checkpoint.manifest.world_size
    if before != world_size:
        reporter.say(
            f"ranks: {before} before, {world_size} now. The steps keep their rows and their learning rate; "
            "dropout draws other numbers"
        )
    return Start(record, str(checkpoint.path), checkpoint.step)


def sft_arguments(config: TrainConfig, split: BatchSplit, decisions: Decisions) -> Any:
    """The trainer's arguments. Making them also starts the process group."""
    import trl

    return trl.SFTConfig(
        output_dir=config.output_dir,
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=split.micro_batch,
        gradient_accumulation_steps=split.accumulation,
        max_length=config.seq_len,
        packing=config.packing,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.lr_scheduler,
        warmup_steps=config.warmup_ratio,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        gradient_checkpointing=config.gradient_checkpointing,
        save_strategy="steps",
        save_steps=config.save_every or 0.1,
        logging_steps=config.log_every,
        seed=config.seed,
        bf16=decisions.autocast,
        use_cpu=not decisions.gpu,
        # On CPUs some sums depend on how threads meet unless torch is told to be deterministic; on GPUs that
        # would choose slower kernels, so there the kernels decide.
        full_determinism=not decisions.gpu,
        ddp_backend=None if split.world_size == 1 else "nccl" if decisions.gpu else "gloo",
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
        report_to="none",
    )


def build_trainer(
    config: TrainConfig, args: Any, decisions: Decisions, ranks: Ranks, start: Start, reporter: Reporter
) -> tuple[Any, int]:
    """Load tokenizer, rows and model and make the trainer. Returns it with the run's number of steps."""
    from transformers import PrinterCallback

    from tminus.train.data import load_rows
    from tminus.train.model import adapter_config, load_model, load_tokenizer
    from tminus.train.trainer import Attempt, CheckpointedTrainer, global_batch_of

    tokenizer, pad_reason = load_tokenizer(config)
    reporter.say(pad_reason)
    with args.main_process_first(desc="reading the data set"):
        rows = load_rows(config, chat=tokenizer.chat_template is not None)
    output = Path(config.output_dir)
    trainer = CheckpointedTrainer(
        attempt=Attempt(config, start.record.attempt, output, ranks, reporter.say),
        model=load_model(config, decisions),
        args=args,
        train_dataset=rows,
        processing_class=tokenizer,
        peft_config=adapter_config(config),
    )
    trainer.remove_callback(PrinterCallback)
    steps_per_epoch = len(trainer.train_dataset) // global_batch_of(args)
    total = args.max_steps if args.max_steps > 0 else math.ceil(args.num_train_epochs * steps_per_epoch)
    trained = sum(value.numel() for value in trainer.model.parameters() if value.requires_grad)
    reporter.say(
        f"{len(rows):,} rows, {steps_per_epoch:,} steps an epoch, {total:,} steps in all, "
        f"{trained:,} weights trained"
    )
    if start.resume is not None:
        refuse_other_length(Path(start.resume), total)
    return trainer, total


def fit(
    trainer: Any,
    start: Start,
    total: int,
    stop: StopRequest,
    ranks: Ranks,
    config: TrainConfig,
    reporter: Reporter,
) -> bool:
    """Train the steps that are left. Returns whether the ranks stopped before the last one."""
    from tminus.train.callbacks import CommitVolume, RecordMetrics, StopAtBoundary

    if start.resume is not None and start.step >= total:
        # Every step is done and only the result is missing; the trainer would train one more.
        trainer.restore(Path(start.resume))
        return False
    boundary = StopAtBoundary(stop, ranks)
    trainer.add_callback(boundary)
    resumed_from = start.step or None
    trainer.add_callback(RecordMetrics(Path(config.output_dir), start.record.attempt, resumed_from, reporter))
    if config.volume is not None:
        trainer.add_callback(CommitVolume(config.volume, reporter.say))
    try:
        trainer.train(resume_from_checkpoint=start.resume)
    finally:
        reporter.stop()
    return boundary.stopped and trainer.state.global_step < total


def conclude(
    config: TrainConfig, trainer: Any, start: Start, total: int, stopped: bool, reporter: Reporter
) -> TrainResult:
    """Write the result of a finished run and make it durable; then tell how the attempt ended (rank 0)."""
    output = Path(config.output_dir)
    steps = int(trainer.state.global_step)
    if stopped:
        reporter.say(f"interrupted at step {steps} of {total}: saved, start it again to continue")
    else:
        trainer.save_final()
        start.record.finished(steps, total).write(output)
        failure = commit_volume(config.volume, reporter.say) if config.volume is not None else None
        if failure is not None:
            start.record.write(output)  # not finished: what is not committed is lost with the container
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


def let_waiting_threads_sleep() -> None:
    """Keep OpenMP's threads from spinning while they wait for each other.

    On a machine with other work to do, spinning threads take the processor from those they wait for: training
    steps on two busy cores took seven times as long. Has an effect only before torch is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def quiet_libraries(*, main: bool) -> None:
    """Leave the talking to the reporter: progress bars and notices of the libraries only on errors."""
    import datasets
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    # TRL still reads the name that transformers is about to retire.
    warnings.filterwarnings(
        "ignore", message=".*gradient_checkpointing. is deprecated", category=FutureWarning
    )
    if not main or not sys.stderr.isatty():
        datasets.disable_progress_bars()
