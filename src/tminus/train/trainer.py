"""TRL's SFTTrainer with checkpoints that are complete or invisible, and a resume that is exact."""

from __future__ import annotations

import dataclasses
import io
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.trainer_callback import ExportableState

from tminus.train.checkpoint import Checkpoint, checkpoint_name, prune, publish, stage
from tminus.train.committer import Committer
from tminus.train.config import TrainConfig
from tminus.train.durations import parse_duration_s
from tminus.train.guard import Guard
from tminus.train.lean_loss import LeanLossTrainer
from tminus.train.model_card import write_card
from tminus.train.ranks import Ranks
from tminus.train.record import FINAL_DIRECTORY
from tminus.train.saver import Saver
from tminus.train.snapshot import Snapshot, Snapshots
from tminus.train.stream import RowStream

STATE_FILE = "tminus_state.json"
"""In a checkpoint: what the trainer's own files do not carry."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """This start of the run, as the trainer needs to know it."""

    config: TrainConfig
    number: int
    output_dir: Path
    ranks: Ranks
    say: Callable[[str], None]
    stream: RowStream | None = None
    """Where the rows come from that are streamed; it starts from the place that a checkpoint holds."""


class CheckpointedTrainer(LeanLossTrainer):
    """An SFTTrainer whose `_save_checkpoint` copies, and stages, describes and publishes beside the training.

    Ranks on other hosts need not see rank 0's disk: their random states travel to rank 0, which writes all.
    """

    def __init__(self, *args: Any, attempt: Attempt, **kwargs: Any) -> None:
        self._attempt = attempt
        config = attempt.config
        self.saver = Saver(attempt.output_dir, background=config.async_save)
        self.committer = Committer(config.volume if attempt.ranks.main else None, attempt.say)
        self.guard = Guard(config.spike_factor, attempt.ranks.world_size)
        self._snapshots: Snapshots | None = None
        self._rng_checkpoint: str | None = None
        self.stall_s = 0.0
        """Seconds for which the last save stopped the training."""
        self.longest_stall_s = 0.0
        super().__init__(*args, **kwargs)

    @property
    def stream(self) -> RowStream | None:
        """Where the rows come from that are streamed."""
        return self._attempt.stream

    @property
    def background_s(self) -> float:
        """Seconds from a copy in memory until the checkpoint is durable, at the slowest."""
        return self.saver.write_s + self.committer.commit_s

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        attempt = self._attempt
        started = time.monotonic()
        self.store_flos()
        self.count_tokens()
        rng_files = dict(attempt.ranks.gather((self._rng_name(), rng_state())))
        attempt.ranks.main_does(lambda: self._begin_save(rng_files))
        self.stall_s = time.monotonic() - started
        self.longest_stall_s = max(self.longest_stall_s, self.stall_s)

    def _begin_save(self, rng_files: dict[str, bytes]) -> None:
        """Copy the state to memory, and have it written beside the training (rank 0)."""
        if self._snapshots is None:
            self._snapshots = Snapshots(self.accelerator.unwrap_model(self.model), self.processing_class)
        self.saver.wait()  # its buffers are used again
        step = int(self.state.global_step)
        scaler = getattr(self.accelerator, "scaler", None)
        small = {
            **rng_files,
            "scheduler.pt": saved(self.lr_scheduler.state_dict()),
            **({} if scaler is None else {"scaler.pt": saved(scaler.state_dict())}),
            STATE_FILE: json.dumps(self._extra_state()).encode(),
            "trainer_state.json": self._state_json(),
        }
        snapshot = self._snapshots.take(self.optimizer, small)
        self.saver.submit(lambda: self._write(snapshot, step), step)

    def _write(self, snapshot: Snapshot, step: int) -> Checkpoint:
        """Write a snapshot, publish it and let go of old checkpoints. On the saver's thread."""
        config = self._attempt.config
        assert self._snapshots is not None
        staged = stage(self._attempt.output_dir, checkpoint_name(step))
        self._snapshots.write(snapshot, staged)
        checkpoint = self._publish(staged, step)
        self.committer.request(checkpoint)
        keep_for_s = None if config.keep_for is None else parse_duration_s(config.keep_for)
        prune(self._attempt.output_dir, config.keep_checkpoints, keep_for_s)
        return checkpoint

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        self.guard.before_update(norm, self.optimizer)
        return norm

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:
        """The micro-batches of a step; after a resume, the random state is that of the step all the same."""
        batches = super().get_batch_samples(*args, **kwargs)
        if self._rng_checkpoint is not None:
            # The data loader of a stream has drawn a seed since the trainer loaded the state.
            self._load_rng_state(self._rng_checkpoint)
            self._rng_checkpoint = None
        return batches

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """One micro-batch, whose loss the guard sees too."""
        loss = super().training_step(*args, **kwargs)
        self.guard.micro_batch(loss)
        return loss

    def forget_running_loss(self) -> None:
        """Empty the sum of losses that the trainer has just logged."""
        self._tr_loss.zero_()

    def save_final(self) -> None:
        """Write what was trained and the tokenizer to `final`, complete or not at all. Rank 0 only."""
        staged = stage(self._attempt.output_dir, FINAL_DIRECTORY)
        self.accelerator.unwrap_model(self.model).save_pretrained(str(staged))
        self.processing_class.save_pretrained(str(staged))
        write_card(self._attempt.config, staged)
        self._publish(staged, int(self.state.global_step))

    def restore(self, checkpoint: Path) -> None:
        """Load the weights and the step of a checkpoint, for a run that has no step left to train."""
        self._load_from_checkpoint(str(checkpoint))
        state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        self.state.global_step = int(state["global_step"])

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        extra = json.loads((Path(resume_from_checkpoint) / STATE_FILE).read_text(encoding="utf-8"))
        self._total_train_tokens = extra["tokens"]
        if self._attempt.stream is not None:
            self._attempt.stream.seek(extra["stream"])
            self._rng_checkpoint = resume_from_checkpoint
        history = json.loads((Path(resume_from_checkpoint) / "trainer_state.json").read_text("utf-8"))
        losses = (line["loss"] for line in history["log_history"] if "loss" in line)
        self.guard.restore(extra.get("left_out", 0), losses)
        # PEFT loads adapters in float32 whatever they were saved in; a bfloat16 adapter (qlora) would then
        # be trained in another format than before, and every later step would differ.
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(getattr(torch, extra["dtypes"][name]))

    def _rng_name(self) -> str:
        """The name under which the trainer looks for this rank's random state."""
        return "rng_state.pth" if self.args.world_size <= 1 else f"rng_state_{self.args.process_index}.pth"

    def _state_json(self) -> bytes:
        """What the trainer writes of its own state and of its callbacks', without the file."""
        for callback in (*self.callback_handler.callbacks, self.control):
            if isinstance(callback, ExportableState):
                self.state.stateful_callbacks[type(callback).__name__] = callback.state()
        values = dataclasses.asdict(self.state)
        return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()

    def _extra_state(self) -> dict[str, Any]:
        trained = {name: value for name, value in self.model.named_parameters() if value.requires_grad}
        stream, samples = self._attempt.stream, int(self.state.global_step) * global_batch_of(self.args)
        return {
            "tokens": self._total_train_tokens,
            "stream": None if stream is None else stream.place_of(samples),
            "left_out": self.guard.total_now,
            "dtypes": {name: str(value.dtype).removeprefix("torch.") for name, value in trained.items()},
        }

    def _publish(self, staged: Path, step: int) -> Checkpoint:
        attempt = self._attempt
        return publish(
            staged,
            run_id=attempt.config.run_id,
            step=step,
            world_size=attempt.ranks.world_size,
            attempt=attempt.number,
            config=attempt.config.training_fields(),
        )


def saved(value: Any) -> bytes:
    """What `torch.save` writes."""
    content = io.BytesIO()
    torch.save(value, content)
    return content.getvalue()


def rng_state() -> bytes:
    """The random number generators of this process, as the trainer reads them back."""
    state: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "cpu": torch.random.get_rng_state(),
    }
    if torch.cuda.is_available():
        distributed = torch.distributed.is_initialized()
        cuda = torch.cuda.random
        state["cuda"] = cuda.get_rng_state_all() if distributed else cuda.get_rng_state()
    return saved(state)


def global_batch_of(args: Any) -> int:
    """Sequences of one optimizer step by a trainer's arguments."""
    return int(args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size)
