"""One attempt of a run, from its configuration to its result."""

from __future__ import annotations

import gc
import math
import os
import time
from functools import partial
from pathlib import Path
from typing import Any

from tminus.train.allowance import Allowance
from tminus.train.attempt import Start, begin, conclude, fit, go_back, refuse_other_length
from tminus.train.batching import BatchSplit, split_batch
from tminus.train.boundary import Verdict
from tminus.train.config import TrainConfig
from tminus.train.decisions import Decisions, decide, trainer_options
from tminus.train.errors import ResumeError
from tminus.train.finished import finished_result
from tminus.train.inputs import refuse_other_rows, update_rows, write_inputs
from tminus.train.loss_plot import PLOT_FILE, write_loss_plot
from tminus.train.micro_batch import micro_batch_here
from tminus.train.quiet import let_waiting_threads_sleep, quiet_libraries
from tminus.train.ranks import Ranks
from tminus.train.reporter import Reporter
from tminus.train.result import TrainResult
from tminus.train.signals import StopRequest


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
    decisions = decide(config)
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    micro_batch, found = micro_batch_here(config, world_size)
    split = split_batch(config.global_batch, micro_batch, world_size)
    args = sft_arguments(config, split, decisions)
    ranks = Ranks(args.distributed_state)
    for line in (*decisions.reasons, found, split.reason):
        if line is not None:
            reporter.say(line)
    allowance = Allowance.here(ranks.world_size)
    at = allowance.started
    while True:
        start = ranks.main_does(partial(begin, config, ranks.world_size, allowance, at, reporter))
        if ranks.any(start.resume is not None and not Path(start.resume).is_dir()):
            raise ResumeError(
                f"{start.resume} is not visible to every rank. Put output_dir on a file system that all "
                "hosts share, such as a Modal volume."
            )
        if start.record.rollbacks:
            args.data_seed = config.seed + start.record.rollbacks
        trainer, total = build_trainer(config, args, decisions, ranks, start, reporter)
        verdict = fit(trainer, start, total, stop, ranks, config, reporter)
        if ranks.main:
            output = Path(config.output_dir)
            if trainer.stream is not None:
                update_rows(config, trainer.stream.report)
            write_loss_plot(output, output / PLOT_FILE, f"{config.name}: loss")
        if verdict is not Verdict.ROLL_BACK:
            return ranks.main_does(partial(conclude, config, trainer, start, total, verdict, reporter))
        ranks.main_does(partial(go_back, config, start.record, reporter))
        at = time.time()
        del trainer
        gc.collect()


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
        dataset_kwargs={"skip_prepare_dataset": True},  # rows come as tokens, masked and packed
        ignore_data_skip=config.streaming,  # a stream goes on from its own place
        eval_strategy="steps" if config.evaluates else "no",
        eval_steps=config.eval_every or 0.1,
        per_device_eval_batch_size=split.micro_batch,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.lr_scheduler,
        warmup_steps=config.warmup_ratio,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        save_strategy="no",  # when to save is decided at the boundary
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,  # it waits for the device at every micro-batch, and hides what it finds
        seed=config.seed,
        # On CPUs some sums depend on how threads meet unless torch is told to be deterministic; on GPUs that
        # would choose slower kernels, so there the kernels decide.
        full_determinism=not decisions.gpu,
        ddp_backend=None if split.world_size == 1 else "nccl" if decisions.gpu else "gloo",
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
        **trainer_options(config, decisions),
    )


def build_trainer(
    config: TrainConfig, args: Any, decisions: Decisions, ranks: Ranks, start: Start, reporter: Reporter
) -> tuple[Any, int]:
    """Load tokenizer, rows and model and make the trainer. Returns it with the run's number of steps."""
    from transformers import PrinterCallback

    from tminus.train.data import load_data
    from tminus.train.isolation import refuse_mixed_rows
    from tminus.train.model import adapter_config, load_model, load_tokenizer
    from tminus.train.trainer import Attempt, CheckpointedTrainer, global_batch_of

    tokenizer, pad_reason = load_tokenizer(config)
    reporter.say(pad_reason)
    with args.main_process_first(desc="reading the data set"):
        data = load_data(config, tokenizer, seed=args.data_seed or config.seed, say=reporter.say)
    output = Path(config.output_dir)
    if start.resume is not None:
        refuse_other_rows(config, data.report)
    evaluated = 0 if data.evaluation is None else len(data.evaluation)
    ranks.main_does(lambda: write_inputs(config, data.report, evaluated, ranks.world_size, decisions.reasons))
    trainer = CheckpointedTrainer(
        attempt=Attempt(config, start.record.attempt, output, ranks, reporter.say, data.stream),
        model=load_model(config, decisions),
        args=args,
        train_dataset=data.train,
        eval_dataset=data.evaluation,
        processing_class=tokenizer,
        peft_config=adapter_config(config),
    )
    trainer.remove_callback(PrinterCallback)
    if config.packing and data.stream is None:
        kept_apart = refuse_mixed_rows(trainer.model, trainer.data_collator, data.train)
        if kept_apart is not None:
            reporter.say(kept_apart)
    total = args.max_steps
    if data.stream is None:
        steps_per_epoch = len(data.train) // global_batch_of(args)
        reporter.say(f"{len(data.train):,} sequences, {steps_per_epoch:,} steps an epoch")
        total = total if total > 0 else math.ceil(args.num_train_epochs * steps_per_epoch)
    trained = sum(value.numel() for value in trainer.model.parameters() if value.requires_grad)
    reporter.say(f"{total:,} steps in all, {trained:,} weights trained")
    if start.resume is not None:
        refuse_other_length(Path(start.resume), total)
    return trainer, total
