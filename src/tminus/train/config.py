"""What one fine-tune is: a frozen, validated configuration that survives a round trip through JSON.

This module imports neither torch nor anything that does, so a launcher can build and check a
configuration on a machine that could never train it. `config_file` reads it from YAML, TOML or JSON.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from tminus.train import field_checks as check
from tminus.train.errors import ConfigError

Method = Literal["qlora", "lora", "full"]
Scheduler = Literal["cosine", "linear", "constant", "constant_with_warmup"]
OnBadStep = Literal["skip", "rollback", "stop"]
RowFormat = Literal["auto", "messages", "prompt_completion", "instruction", "text"]
LossOn = Literal["auto", "assistant", "completion", "all"]
OnBadRow = Literal["refuse", "skip"]
Optimizer = Literal["auto", "adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit"]
Attention = Literal["auto", "sdpa", "flash_attention_2", "eager"]
PrecisionChoice = Literal["auto", "bfloat16", "float32"]
Checkpointing = Literal["full", "selective"]
Tracker = Literal["tensorboard", "trackio", "wandb"]

LEARNING_RATES: Mapping[Method, float] = {"qlora": 2e-4, "lora": 2e-4, "full": 2e-5}
"""Peak learning rates that are taken where none is given. 2e-4 is QLoRA's for models
of up to 13 B (https://arxiv.org/abs/2305.14314); a full fine-tune wants about a tenth of what an adapter does
(https://thinkingmachines.ai/blog/lora/)."""

FILE_SUFFIXES = (".jsonl", ".json", ".parquet", ".csv")
"""Suffixes of the data files that are read."""

NOT_TRAINING = frozenset(
    {
        "output_dir", "run_name", "micro_batch", "gradient_checkpointing", "activation_checkpointing",
        "activation_offloading", "attention", "liger", "torch_compile", "gpu", "nodes", "report_to",
        "save_every", "keep_checkpoints", "keep_for", "async_save", "interruptions_per_day",
        "deadline", "budget_usd", "on_bad_step", "spike_factor", "max_bad_steps", "log_every", "volume",
    }
)  # fmt: skip
"""Fields that may change between two attempts of one run: they say where and how, not what is trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One fine-tune.

    Raises:
        ConfigError: A value is out of its range; the message names the field, the value and the limit.
    """

    model: str
    """Hub id of the base model, or a directory that `from_pretrained` reads."""

    method: Method
    """`qlora`: adapter on a 4-bit base (nf4, double quantisation); `lora`: adapter; `full`: every weight."""

    dataset: str
    """Hub id of the data set, a .jsonl, .json, .parquet or .csv file, or a folder of such files."""

    output_dir: str
    """Directory of checkpoints, metrics and the result. On Modal: inside the mount of `volume`."""

    global_batch: int
    """Sequences of one optimizer step, over all ranks and accumulation steps. Holds at every world size."""

    dataset_split: str = "train"
    """Split to train on; slices such as `train[:1000]` work."""

    dataset_config: str | None = None
    """Configuration (subset) of the data set on the hub."""

    row_format: RowFormat = "auto"
    """How rows are read: `messages`, `prompt_completion`, `instruction`, `text`; `auto`: by columns."""

    chat_template: str | None = None
    """Jinja chat template: a file, or the template itself. None: the tokenizer's own."""

    loss_on: LossOn = "auto"
    """Tokens that are learned: `assistant` turns, the `completion`, or `all`. `auto`: assistant turns of
    chats, completions of prompts, all of a plain text."""

    on_bad_row: OnBadRow = "refuse"
    """What to do about a row that cannot be learned from: name it and stop, or name it and leave it out."""

    streaming: bool = False
    """Read the data set as training goes on, instead of before. Needs `max_steps`."""

    shuffle_buffer: int = 1000
    """Rows of a streamed block, which is shuffled, and packed, as one."""

    eval_dataset: str | None = None
    """Data set of the evaluation, where it is another one than `dataset`."""

    eval_split: str | None = None
    """Split of the evaluation. None with `eval_dataset`: its `train` split."""

    eval_fraction: float = 0.0
    """Share of the training rows that is held out for the evaluation, drawn by `seed`."""

    eval_every: int | None = None
    """Optimizer steps between evaluations. None: a tenth of the run, if there is anything to evaluate on."""

    early_stopping_patience: int | None = None
    """Evaluations in a row without a lower loss after which training ends. None: it does not."""

    run_name: str | None = None
    """Name of the run in records and messages. None: the name of `output_dir`."""

    epochs: float = 1.0
    """Passes over the data; not used where `max_steps` is given."""

    max_steps: int | None = None
    """Optimizer steps in all; overrides `epochs`."""

    micro_batch: int | str = 1
    """Sequences of one forward pass on one device. Lowered where it does not divide the rank's share. `auto`:
    the fastest that fits the GPU by estimate."""

    seq_len: int = 2048
    """Tokens of the longest sequence; longer rows are cut at the end."""

    packing: bool = False
    """Put several short rows into one sequence, by best fit. They do not attend to each other."""

    learning_rate: float | None = None
    """Peak learning rate of AdamW. None becomes the usual one of the method, see `LEARNING_RATES`."""

    lr_scheduler: Scheduler = "cosine"
    """Shape of the learning rate after the warm-up."""

    warmup_ratio: float = 0.03
    """Share of the steps over which the learning rate rises from zero."""

    weight_decay: float = 0.0
    """Decoupled weight decay of AdamW."""

    max_grad_norm: float = 1.0
    """Gradients are scaled down to this 2-norm; 0 leaves them alone."""

    optimizer: Optimizer = "auto"
    """AdamW by the name that transformers gives it. `auto`: fused on a GPU, torch's own otherwise."""

    lora_r: int = 16
    """Rank of the adapter's matrices."""

    lora_alpha: int = 32
    """The adapter's output is scaled by `lora_alpha / lora_r`."""

    lora_dropout: float = 0.05
    """Dropout on the adapter's input."""

    rslora: bool = False
    """Scale the adapter's output by `lora_alpha / sqrt(lora_r)`: high ranks learn as fast as low ones."""

    dora: bool = False
    """Train the magnitude of each weight's columns beside the adapter: slower, often better at low ranks."""

    target_modules: str | tuple[str, ...] = "all-linear"
    """Modules that get an adapter: every linear layer but the output head, or a list of names."""

    precision: PrecisionChoice = "auto"
    """Number format of weights and products. `auto`: bfloat16 where the GPU has it, else float32."""

    attention: Attention = "auto"
    """Attention implementation. `auto`: FlashAttention 2 where it is installed and runs, else SDPA."""

    liger: bool | None = None
    """Liger's fused kernels. None: where liger-kernel is installed and a GPU is there."""

    torch_compile: bool = False
    """Compile the model: slower first steps, faster later ones."""

    gradient_checkpointing: bool = True
    """Recompute activations in the backward pass: less memory, about a third more compute."""

    activation_checkpointing: Checkpointing = "full"
    """What is recomputed: `full`, everything within a layer; `selective`, all but attention and every second
    matrix product."""

    activation_offloading: bool = False
    """Keep activations in the host's memory until the backward pass."""

    save_every: int | str | None = None
    """Between checkpoints: optimizer steps, a time such as `10min`, or `auto`, which weighs the measured time
    of a save against `interruptions_per_day`. None: a tenth of the run."""

    interruptions_per_day: float = 2.0
    """How often the machine is expected to be taken away, for `save_every: auto`."""

    keep_checkpoints: int = 3
    """Newest complete checkpoints that stay on disk."""

    keep_for: str | None = None
    """Age, such as `2d`, from which a checkpoint is deleted too. The newest good one always stays."""

    async_save: bool = True
    """Write checkpoints beside the training, which then stops only for a copy to the host's memory."""

    deadline: str | None = None
    """Time that one attempt may take, such as `6h`. Training stops and saves before it, as it does before
    the timeout of a Modal function."""

    budget_usd: float | None = None
    """US dollars that all attempts of the run may cost together, by the documented prices."""

    on_bad_step: OnBadStep = "skip"
    """What to do about gradients that are not finite, and about spikes of the loss: leave the update out, go
    back to the last good checkpoint and on with another order of the rows, or stop."""

    spike_factor: float | None = None
    """A loss above this many times the median of the last ones is a spike. None: only what is not finite."""

    max_bad_steps: int = 10
    """Updates left out, or returns to a checkpoint, after which the run fails."""

    log_every: int = 1
    """Optimizer steps between lines of metrics."""

    report_to: tuple[Tracker, ...] = ()
    """Trackers that get the metrics too: `tensorboard`, `trackio`, `wandb`. JSON lines are always written."""

    seed: int = 42
    """Seed of the adapter's initial weights, the order of the rows, and dropout."""

    volume: str | None = None
    """Name of the Modal volume that is committed after every complete checkpoint."""

    gpu: str | None = None
    """GPUs of one machine as Modal writes them, such as `H100:8`: for the plan, and for prices."""

    nodes: int = 1
    """Machines that train together, for the plan and for prices."""

    def __post_init__(self) -> None:
        check.check_text(self, "model", "dataset", "output_dir", "dataset_split")
        check.check_optional_text(
            self, "dataset_config", "run_name", "volume", "chat_template", "eval_dataset", "eval_split", "gpu"
        )
        for name, choices in _CHOICES.items():
            check.check_choice(self, name, choices)
        check.check_names(self, "report_to", get_args(Tracker))
        check.check_integer(
            self, 1, "global_batch", "lora_r", "lora_alpha", "keep_checkpoints", "log_every",
            "max_bad_steps", "shuffle_buffer", "nodes",
        )  # fmt: skip
        check.check_integer(self, 2, "seq_len")
        check.check_integer(self, 0, "seed", high=2**32 - 1)
        check.check_optional_integer(self, "max_steps", "eval_every", "early_stopping_patience")
        check.check_save_every(self, "save_every")
        check.check_micro_batch(self, "micro_batch")
        check.check_optional_duration(self, "keep_for", "deadline")
        check.check_flag(
            self, "packing", "gradient_checkpointing", "async_save", "streaming", "rslora", "dora",
            "torch_compile", "activation_offloading",
        )  # fmt: skip
        if self.liger is not None:
            check.check_flag(self, "liger")
        if self.learning_rate is None:
            object.__setattr__(self, "learning_rate", LEARNING_RATES[self.method])
        check.check_number(self, "learning_rate", low=0.0, open_low=True)
        check.check_number(self, "interruptions_per_day", low=0.0, open_low=True)
        check.check_optional_number(self, "budget_usd", low=0.0)
        check.check_optional_number(self, "spike_factor", low=1.0)
        check.check_number(self, "epochs", low=0.0, open_low=True)
        for name in ("warmup_ratio", "lora_dropout", "eval_fraction"):
            check.check_number(self, name, low=0.0, high=1.0)
        check.check_number(self, "weight_decay", low=0.0)
        check.check_number(self, "max_grad_norm", low=0.0)
        check.check_targets(self, "target_modules")
        check.check_data_files(self, "dataset", FILE_SUFFIXES)
        check.check_data_files(self, "eval_dataset", FILE_SUFFIXES)
        check.check_together(self)

    @property
    def name(self) -> str:
        """Name of the run: `run_name`, or the name of its directory."""
        return self.run_name or Path(self.output_dir).resolve().name

    @property
    def evaluates(self) -> bool:
        """Whether there is something to evaluate on."""
        return self.eval_dataset is not None or self.eval_split is not None or self.eval_fraction > 0

    @property
    def run_id(self) -> str:
        """Identity of the run, the same at every retry: its name and what it trains, never the clock."""
        return f"{self.name}-{self.digest[:8]}"

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of the fields that decide what is trained."""
        canonical = json.dumps(self.training_fields(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def training_fields(self) -> dict[str, Any]:
        """Every field that decides what is trained, as JSON values."""
        return {key: value for key, value in self.to_dict().items() if key not in NOT_TRAINING}

    def to_dict(self) -> dict[str, Any]:
        """Every field, as JSON values, in the order of their declaration."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

    def to_json(self) -> str:
        """The configuration as a JSON object, one field a line."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Build a configuration from a mapping.

        Raises:
            ConfigError: A key is unknown (the nearest is named), a needed one is missing, or a value is bad.
        """
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}."
                raise ConfigError(
                    f"unknown key {key!r} in the training configuration: {hint}", field=str(key)
                )
        missing = [key for key in NEEDED if key not in values]
        if missing:
            raise ConfigError(
                f"the training configuration lacks {', '.join(missing)}: "
                f"add {'it' if len(missing) == 1 else 'them'}."
            )
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> TrainConfig:
        """Build a configuration from a JSON object.

        Raises:
            ConfigError: The text is not a JSON object, or see `from_dict`.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f"the training configuration is not JSON: {error}") from error
        if not isinstance(values, dict):
            raise ConfigError(
                f"the training configuration is a JSON {type(values).__name__}, but must be an object."
            )
        return cls.from_dict(values)

    @classmethod
    def from_file(cls, path: str | Path) -> TrainConfig:
        """Read a configuration from a YAML, TOML or JSON file.

        Raises:
            ConfigError: The file cannot be read, or see `from_dict`; the message starts with path and line.
        """
        from tminus.train.config_file import read_config

        return read_config(Path(path)).config


NEEDED = ("model", "method", "dataset", "output_dir", "global_batch")
"""Fields that have no default."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "method": get_args(Method),
    "lr_scheduler": get_args(Scheduler),
    "on_bad_step": get_args(OnBadStep),
    "row_format": get_args(RowFormat),
    "loss_on": get_args(LossOn),
    "on_bad_row": get_args(OnBadRow),
    "optimizer": get_args(Optimizer),
    "attention": get_args(Attention),
    "precision": get_args(PrecisionChoice),
    "activation_checkpointing": get_args(Checkpointing),
}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the fields in which two mappings of training fields differ, as `field: before -> after`."""
    return [
        f"{key}: {before.get(key)!r} -> {after.get(key)!r}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
