"""What one fine-tune is: a frozen, validated configuration that survives a round trip through JSON.

This module imports neither torch nor anything that does, so a launcher can build and check a
configuration on a machine that could never train it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

from tminus.train.durations import FORM, parse_duration_s
from tminus.train.errors import ConfigError

Method = Literal["qlora", "lora", "full"]
Scheduler = Literal["cosine", "linear", "constant", "constant_with_warmup"]
OnBadStep = Literal["skip", "rollback", "stop"]

FILE_BUILDERS = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv"}
"""Suffix of a local data file -> the builder of `datasets` that reads it."""

NOT_TRAINING = frozenset(
    {
        "output_dir", "run_name", "micro_batch", "gradient_checkpointing",
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
    """Hub id of the data set, or the path of a .jsonl, .json, .parquet or .csv file."""

    output_dir: str
    """Directory of checkpoints, metrics and the result. On Modal: inside the mount of `volume`."""

    global_batch: int
    """Sequences of one optimizer step, over all ranks and accumulation steps. Holds at every world size."""

    dataset_split: str = "train"
    """Split to train on; slices such as `train[:1000]` work."""

    dataset_config: str | None = None
    """Configuration (subset) of the data set on the hub."""

    run_name: str | None = None
    """Name of the run in records and messages. None: the name of `output_dir`."""

    epochs: float = 1.0
    """Passes over the data; not used where `max_steps` is given."""

    max_steps: int | None = None
    """Optimizer steps in all; overrides `epochs`."""

    micro_batch: int = 1
    """Sequences of one forward pass on one device. Lowered where it does not divide the rank's share."""

    seq_len: int = 2048
    """Tokens of the longest sequence; longer rows are cut at the end."""

    packing: bool = False
    """Put several short rows into one sequence. They do not attend to each other."""

    learning_rate: float = 2e-4
    """Peak learning rate of AdamW. The default suits adapters; full fine-tunes want about a tenth of it."""

    lr_scheduler: Scheduler = "cosine"
    """Shape of the learning rate after the warm-up."""

    warmup_ratio: float = 0.03
    """Share of the steps over which the learning rate rises from zero."""

    weight_decay: float = 0.0
    """Decoupled weight decay of AdamW."""

    max_grad_norm: float = 1.0
    """Gradients are scaled down to this 2-norm; 0 leaves them alone."""

    lora_r: int = 16
    """Rank of the adapter's matrices."""

    lora_alpha: int = 32
    """The adapter's output is scaled by `lora_alpha / lora_r`."""

    lora_dropout: float = 0.05
    """Dropout on the adapter's input."""

    target_modules: str | tuple[str, ...] = "all-linear"
    """Modules that get an adapter: every linear layer but the output head, or a list of names."""

    gradient_checkpointing: bool = True
    """Recompute activations in the backward pass: less memory, about a third more compute."""

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

    seed: int = 42
    """Seed of the adapter's initial weights, the order of the rows, and dropout."""

    volume: str | None = None
    """Name of the Modal volume that is committed after every complete checkpoint."""

    def __post_init__(self) -> None:
        _check_text(self, "model", "dataset", "output_dir", "dataset_split")
        _check_optional_text(self, "dataset_config", "run_name", "volume")
        _check_choice(self, "method", get_args(Method))
        _check_choice(self, "lr_scheduler", get_args(Scheduler))
        _check_integer(
            self, 1, "global_batch", "micro_batch", "lora_r", "lora_alpha", "keep_checkpoints", "log_every",
            "max_bad_steps",
        )  # fmt: skip
        _check_integer(self, 2, "seq_len")
        _check_integer(self, 0, "seed", high=2**32 - 1)
        _check_optional_integer(self, "max_steps")
        _check_save_every(self)
        _check_optional_duration(self, "keep_for", "deadline")
        _check_choice(self, "on_bad_step", get_args(OnBadStep))
        _check_flag(self, "packing", "gradient_checkpointing", "async_save")
        _check_number(self, "interruptions_per_day", low=0.0, open_low=True)
        _check_optional_number(self, "budget_usd", low=0.0)
        _check_optional_number(self, "spike_factor", low=1.0)
        _check_number(self, "epochs", low=0.0, open_low=True)
        _check_number(self, "learning_rate", low=0.0, open_low=True)
        _check_number(self, "warmup_ratio", low=0.0, high=1.0)
        _check_number(self, "lora_dropout", low=0.0, high=1.0)
        _check_number(self, "weight_decay", low=0.0)
        _check_number(self, "max_grad_norm", low=0.0)
        _normalise_targets(self)
        _check_dataset_suffix(self)

    @property
    def name(self) -> str:
        """Name of the run: `run_name`, or the name of its directory."""
        return self.run_name or Path(self.output_dir).resolve().name

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
        if isinstance(self.target_modules, tuple):
            values["target_modules"] = list(self.target_modules)
        return values

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
                raise ConfigError(f"unknown key {key!r} in the training configuration: {hint}")
        needed = ("model", "method", "dataset", "output_dir", "global_batch")
        missing = [key for key in needed if key not in values]
        if missing:
            raise ConfigError(
                f"the training configuration lacks {', '.join(missing)}: add {_plural_it(missing)}."
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
        """Read a configuration from a JSON file.

        Raises:
            ConfigError: The file cannot be read, or see `from_json`; the message starts with the path.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}") from error
        try:
            return cls.from_json(text)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the fields in which two mappings of training fields differ, as `field: before -> after`."""
    return [
        f"{key}: {before.get(key)!r} -> {after.get(key)!r}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def _plural_it(items: list[str]) -> str:
    return "it" if len(items) == 1 else "them"


def _refuse(field: str, value: object, limit: str, action: str) -> NoReturn:
    raise ConfigError(f"{field}: found {value!r}, but {limit}. {action}")


def _check_text(config: TrainConfig, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if isinstance(value, os.PathLike):
            object.__setattr__(config, name, os.fspath(value))
        elif not isinstance(value, str) or not value.strip():
            _refuse(name, value, "it must be a text that is not empty", f"Give {name} a name or a path.")


def _check_optional_text(config: TrainConfig, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            _refuse(name, value, "it must be a text or null", f"Leave {name} out if it is not needed.")


def _check_choice(config: TrainConfig, name: str, choices: tuple[str, ...]) -> None:
    value = getattr(config, name)
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, n=1)
        action = f"Did you mean {near[0]!r}?" if near else f"Choose one of them for {name}."
        _refuse(name, value, f"it must be one of {', '.join(choices)}", action)


def _check_integer(config: TrainConfig, low: int, *names: str, high: int | None = None) -> None:
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, int) or isinstance(value, bool):
            _refuse(name, value, "it must be a whole number", f"Write {name} without quotes or decimals.")
        if value < low or (high is not None and value > high):
            limit = f"at least {low}" if high is None else f"between {low} and {high}"
            _refuse(name, value, f"it must be {limit}", f"Set {name} to {max(low, 1)} or more.")


def _check_optional_integer(config: TrainConfig, *names: str) -> None:
    for name in names:
        if getattr(config, name) is not None:
            _check_integer(config, 1, name)


def _check_save_every(config: TrainConfig) -> None:
    value = config.save_every
    if not isinstance(value, str):
        _check_optional_integer(config, "save_every")
    elif value != "auto":
        _check_optional_duration(config, "save_every")


def _check_optional_duration(config: TrainConfig, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if value is None:
            continue
        try:
            parse_duration_s(value)
        except (ValueError, AttributeError):
            _refuse(name, value, f"it must be {FORM}", f'Write {name} such as "30min", or leave it out.')


def _check_optional_number(config: TrainConfig, name: str, *, low: float) -> None:
    if getattr(config, name) is not None:
        _check_number(config, name, low=low, open_low=True)


def _check_flag(config: TrainConfig, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, bool):
            _refuse(name, value, "it must be true or false", f"Write {name} without quotes.")


def _check_number(
    config: TrainConfig, name: str, *, low: float, high: float = math.inf, open_low: bool = False
) -> None:
    value = getattr(config, name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        _refuse(
            name, value, "it must be a finite number", f"Write {name} as a number, such as {low + 0.1:g}."
        )
    if value < low or value >= high or (open_low and value == low):
        bound = f"above {low:g}" if open_low else f"at least {low:g}"
        limit = f"it must be {bound}" + (f" and below {high:g}" if high < math.inf else "")
        _refuse(name, value, limit, f"Set {name} inside that range.")
    object.__setattr__(config, name, float(value))


def _normalise_targets(config: TrainConfig) -> None:
    value: object = config.target_modules
    if isinstance(value, str):
        if value != "all-linear":
            _refuse(
                "target_modules", value, 'it must be "all-linear" or a list of module names',
                f"Write a single module as [{value!r}].",
            )  # fmt: skip
        return
    names = tuple(value) if isinstance(value, list | tuple) else ()
    if not names or not all(isinstance(name, str) and name for name in names):
        _refuse(
            "target_modules", value, 'it must be "all-linear" or a list of module names that is not empty',
            'Give the names, such as ["q_proj", "v_proj"].',
        )  # fmt: skip
    object.__setattr__(config, "target_modules", names)


def _check_dataset_suffix(config: TrainConfig) -> None:
    path = config.dataset
    if path.startswith(("/", "./", "../", "~")) and Path(path).suffix not in FILE_BUILDERS:
        _refuse(
            "dataset", path, f"a local file must end in {', '.join(FILE_BUILDERS)}",
            "Convert the file, or give the id of a data set on the hub.",
        )  # fmt: skip
