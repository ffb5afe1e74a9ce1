"""TRL's SFTTrainer with checkpoints that are complete or invisible, and a resume that is exact."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import trl

from tminus.train.checkpoint import checkpoint_name, prune, publish, stage
from tminus.train.config import TrainConfig
from tminus.train.data import fill_last_batch
from tminus.train.errors import DataError
from tminus.train.ranks import Ranks
from tminus.train.record import FINAL_DIRECTORY

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


class CheckpointedTrainer(trl.SFTTrainer):  # type: ignore[misc]  # trl has no types
    """An SFTTrainer whose `_save_checkpoint` stages, describes and publishes.

    Ranks on other hosts need not see rank 0's disk: their random states travel to rank 0, which writes all.
    """

    def __init__(self, *args: Any, attempt: Attempt, **kwargs: Any) -> None:
        self._attempt = attempt
        super().__init__(*args, **kwargs)

    def _prepare_dataset(
        self, dataset: Any, processing_class: Any, args: Any, *rest: Any, **kwargs: Any
    ) -> Any:
        prepared = super()._prepare_dataset(dataset, processing_class, args, *rest, **kwargs)
        if len(prepared) == 0:
            raise DataError(
                f"no row has a token to learn from within {args.max_length} tokens: the prompts alone fill "
                "them. Raise seq_len."
            )
        return fill_last_batch(prepared, global_batch_of(args))

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        attempt = self._attempt
        self.store_flos()
        rng_files = dict(attempt.ranks.gather(self._own_rng_file()))

        def write() -> None:
            staged = stage(attempt.output_dir, checkpoint_name(self.state.global_step))
            self.save_model(str(staged), _internal_call=True)
            self._save_optimizer_and_scheduler(str(staged))
            self._save_scaler(str(staged))
            for name, content in rng_files.items():
                (staged / name).write_bytes(content)
            (staged / STATE_FILE).write_text(json.dumps(self._extra_state()), encoding="utf-8")
            self.state.save_to_json(str(staged / "trainer_state.json"))
            self._publish(staged)
            prune(attempt.output_dir, attempt.config.keep_checkpoints)

        attempt.ranks.main_does(write)

    def save_final(self) -> None:
        """Write what was trained and the tokenizer to `final`, complete or not at all. Rank 0 only."""
        staged = stage(self._attempt.output_dir, FINAL_DIRECTORY)
        self.accelerator.unwrap_model(self.model).save_pretrained(str(staged))
        self.processing_class.save_pretrained(str(staged))
        self._publish(staged)

    def restore(self, checkpoint: Path) -> None:
        """Load the weights and the step of a checkpoint, for a run that has no step left to train."""
        self._load_from_checkpoint(str(checkpoint))
        state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        self.state.global_step = int(state["global_step"])

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        extra = json.loads((Path(resume_from_checkpoint) / STATE_FILE).read_text(encoding="utf-8"))
        self._total_train_tokens = extra["tokens"]
        # PEFT loads adapters in float32 whatever they were saved in; a bfloat16 adapter (qlora) would then
        # be trained in another format than before, and every later step would differ.
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(getattr(torch, extra["dtypes"][name]))

    def _own_rng_file(self) -> tuple[str, bytes]:
        with tempfile.TemporaryDirectory() as directory:
            self._save_rng_state(directory)
            (path,) = Path(directory).iterdir()
            return path.name, path.read_bytes()

    def _extra_state(self) -> dict[str, Any]:
        trained = {name: value for name, value in self.model.named_parameters() if value.requires_grad}
        return {
            "tokens": self._total_train_tokens,
            "dtypes": {name: str(value.dtype).removeprefix("torch.") for name, value in trained.items()},
        }

    def _publish(self, staged: Path) -> None:
        attempt = self._attempt
        publish(
            staged,
            run_id=attempt.config.run_id,
            step=self.state.global_step,
            world_size=attempt.ranks.world_size,
            attempt=attempt.number,
            config=attempt.config.training_fields(),
        )


def global_batch_of(args: Any) -> int:
    """Sequences of one optimizer step by a trainer's arguments."""
    return int(args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size)
