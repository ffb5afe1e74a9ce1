"""The training that a script describes: what it passes to the libraries that train."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tminus.lazy import pattern
from tminus.script.evaluate import Evaluator
from tminus.script.scopes import Scope
from tminus.script.source import Span
from tminus.script.values import Constructed, Known, Value

# Setting of this tool <- keyword of the library's call, by the call's full name.
_TRAINING_ARGUMENTS = {
    "per_device_train_batch_size": "micro_batch",
    "gradient_accumulation_steps": "gradient_accumulation",
    "num_train_epochs": "epochs",
    "max_steps": "max_steps",
    "learning_rate": "learning_rate",
    "gradient_checkpointing": "gradient_checkpointing",
    "optim": "optimizer",
    "save_steps": "save_every",
    "output_dir": "output_dir",
    "use_liger_kernel": "liger",
}
_SFT_CONFIG = {
    **_TRAINING_ARGUMENTS,
    "max_length": "seq_len",
    "max_seq_length": "seq_len",
    "packing": "packing",
}
_LORA_CONFIG = {
    "r": "lora_r",
    "lora_alpha": "lora_alpha",
    "lora_dropout": "lora_dropout",
    "target_modules": "target_modules",
}
_TMINUS_CONFIG = {
    name: name
    for name in (
        "model", "method", "dataset", "dataset_split", "epochs", "max_steps", "seq_len", "micro_batch",
        "global_batch", "learning_rate", "lora_r", "lora_alpha", "lora_dropout", "packing",
        "gradient_checkpointing", "save_every", "output_dir",
    )
}  # fmt: skip

_KEYWORDS: dict[str, Mapping[str, str]] = {
    "transformers.TrainingArguments": _TRAINING_ARGUMENTS,
    "transformers.Seq2SeqTrainingArguments": _TRAINING_ARGUMENTS,
    "trl.SFTConfig": _SFT_CONFIG,
    "peft.LoraConfig": _LORA_CONFIG,
    "tminus.train.TrainConfig": _TMINUS_CONFIG,
    "unsloth.FastLanguageModel.from_pretrained": {"model_name": "model", "max_seq_length": "seq_len"},
    "axolotl.train": {
        "sequence_len": "seq_len",
        "sample_packing": "packing",
        "liger_fused_linear_cross_entropy": "liger",
    },
    "llamafactory.train": {"sequence_len": "seq_len", "sample_packing": "packing", "liger": "liger"},
}

# Calls of which each describes a training of its own.
TRAINER_SETTINGS = frozenset(
    {
        "transformers.TrainingArguments", "transformers.Seq2SeqTrainingArguments", "trl.SFTConfig",
        "tminus.train.TrainConfig",
    }
)  # fmt: skip

# Calls whose first argument (or the keyword beside it) is the setting.
_FIRST_ARGUMENTS = {
    "transformers.AutoModelForCausalLM.from_pretrained": ("pretrained_model_name_or_path", "model"),
    "datasets.load_dataset": ("path", "dataset"),
    "transformers.TrainingArguments": ("output_dir", "output_dir"),
    "transformers.Seq2SeqTrainingArguments": ("output_dir", "output_dir"),
    "trl.SFTConfig": ("output_dir", "output_dir"),
}

_TRAINERS = {
    "trl.SFTTrainer": "trl",
    "trl.SFTConfig": "trl",
    "transformers.Trainer": "transformers",
    "tminus.train.TrainConfig": "tminus",
    "unsloth.FastLanguageModel.from_pretrained": "unsloth",
    "axolotl.train": "axolotl",
    "llamafactory.train": "llamafactory",
}

# What a library does when a script leaves the setting out: value and the call whose default it is.
# transformers 5.23, TRL 1.16, PEFT 0.21.
_DEFAULTS: dict[str, dict[str, object]] = {
    "transformers.TrainingArguments": {
        "micro_batch": 8, "gradient_accumulation": 1, "epochs": 3.0, "gradient_checkpointing": False,
        "save_every": 500,
    },
    "trl.SFTConfig": {
        "micro_batch": 8, "gradient_accumulation": 1, "epochs": 3.0, "gradient_checkpointing": True,
        "save_every": 500, "seq_len": 1024, "packing": False,
    },
    "peft.LoraConfig": {"lora_r": 8},
    "tminus.train.TrainConfig": {
        "dataset_split": "train", "epochs": 1.0, "micro_batch": 1, "seq_len": 2048, "packing": False,
        "lora_r": 16, "gradient_checkpointing": True,
    },
}  # fmt: skip

_ROWS_CONSTANT = pattern(
    r"(?i)^(num_|n_|total_|train_)*(dataset_|train_|training_)?(size|rows|samples|examples)$"
)

# A name such as GPU_SIZE or BATCH_SIZE says the size of something else.
_NOT_ROWS = pattern(r"(?i)^(size|batch|micro|global|block|chunk|image|gpu)")


@dataclass(frozen=True, slots=True)
class LibraryCall:
    """A call of a training library, with the object it makes and the scope it stands in.

    Where a command names a trainer's configuration, the trainer makes the call: then `node` is what starts
    the command, the spans of the arguments are those of the configuration, and `configured` is its path as
    the command names it; empty otherwise.
    """

    made: Constructed
    span: Span
    node: ast.Call
    scope: Scope
    configured: str = ""


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of the training by the name that this tool gives them; those not given are absent."""

    values: Mapping[str, Value]

    def get(self, name: str) -> Value | None:
        """The value of a setting, or None where the script says nothing of it."""
        return self.values.get(name)

    def known(self, name: str) -> object | None:
        """The plain value of a setting that could be read, else None."""
        value = self.values.get(name)
        return value.value if isinstance(value, Known) else None

    def __bool__(self) -> bool:
        return "trainer" in self.values


def read_training(calls: list[LibraryCall], module: Scope, evaluator: Evaluator) -> TrainingSettings:
    """Collect the settings from a script's library calls, in order of lines; the first of a name counts."""
    values: dict[str, Value] = {}
    for call in calls:
        for name, value in _settings_of(call):
            values.setdefault(name, value)
    for call in calls:
        for name, default in _DEFAULTS.get(call.made.name, {}).items():
            reason = f"the default of {call.made.name.rpartition('.')[2]}"
            values.setdefault(name, Known(default, call.span, (), reason))
    match values.get("max_steps"):
        case Known(value=-1 | None):
            del values["max_steps"]
    if "trainer" in values:
        values.setdefault("method", _method(calls, values["trainer"]))
        rows = _rows(module, evaluator)
        if rows is not None:
            values.setdefault("rows", rows)
    return TrainingSettings(values)


def read_trainings(
    calls: list[LibraryCall], module: Scope, evaluator: Evaluator
) -> tuple[TrainingSettings, ...]:
    """The settings of each trainer among calls: where several calls give settings, each by itself.

    What else is called, such as the model's and the data set's loading, counts for all of them; what a
    configuration file gives counts for its own training alone.
    """
    given = [call for call in calls if call.made.name in TRAINER_SETTINGS]
    if len(given) < 2:
        return (read_training(calls, module, evaluator),)
    return tuple(
        read_training(
            [
                call
                for call in calls
                if call is one or (call not in given and call.configured == one.configured)
            ],
            module,
            evaluator,
        )
        for one in given
    )


def _settings_of(call: LibraryCall) -> Iterator[tuple[str, Value]]:
    made = call.made
    names = _KEYWORDS.get(made.name, {})
    for keyword, value in made.kwargs.items():
        if keyword in names:
            yield names[keyword], value
    if made.name in _FIRST_ARGUMENTS:
        keyword, setting = _FIRST_ARGUMENTS[made.name]
        given = made.args[0] if made.args else made.kwargs.get(keyword)
        if given is not None:
            yield setting, given
        if setting == "dataset" and "split" in made.kwargs:
            yield "dataset_split", made.kwargs["split"]
    if made.name == "trl.SFTTrainer":
        # TRL loads the model itself where it is given a name.
        given = made.args[0] if made.args else made.kwargs.get("model")
        if isinstance(given, Known) and isinstance(given.value, str):
            yield "model", given
    if made.name in _TRAINERS:
        yield "trainer", Known(_TRAINERS[made.name], call.span)


def _method(calls: list[LibraryCall], trainer: Value) -> Value:
    made = {call.made.name: call for call in calls}
    four_bit = [call for call in calls if _is_true(call.made.kwargs.get("load_in_4bit"))]
    adapter = made.get("peft.LoraConfig") or made.get("unsloth.FastLanguageModel.get_peft_model")
    if adapter is None:
        return Known("full", trainer.span, (), "no LoraConfig is made")
    if four_bit:
        return Known("qlora", four_bit[0].span)
    return Known("lora", adapter.span)


def _is_true(value: Value | None) -> bool:
    return isinstance(value, Known) and value.value is True


def _rows(module: Scope, evaluator: Evaluator) -> Value | None:
    for name, assigned in module.assigned.items():
        if (
            len(assigned) == 1
            and assigned[0] is not None
            and _ROWS_CONSTANT.match(name)
            and not _NOT_ROWS.match(name)
        ):
            value = evaluator.evaluate(assigned[0], module)
            if (
                isinstance(value, Known)
                and isinstance(value.value, int)
                and not isinstance(value.value, bool)
            ):
                return replace(value, assumed=f"the constant {name}")
    return None
