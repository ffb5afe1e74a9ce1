"""Configuration files of trainers, as the calls of libraries that the trainers make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tminus.script.source import Span
from tminus.script.values import Constructed, Known, Unknown, Value

Settings = Mapping[str, Value]

AXOLOTL, LLAMAFACTORY = "Axolotl", "LLaMA-Factory"

# Argument of transformers' TrainingArguments <- key of Axolotl's YAML.
_AXOLOTL_ARGUMENTS = {
    "per_device_train_batch_size": "micro_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "num_train_epochs": "num_epochs",
    "max_steps": "max_steps",
    "learning_rate": "learning_rate",
    "optim": "optimizer",
    "output_dir": "output_dir",
    "bf16": "bf16",
    "fp16": "fp16",
    "tf32": "tf32",
    "deepspeed": "deepspeed",
    "fsdp": "fsdp",
    "hub_model_id": "hub_model_id",
    "resume_from_checkpoint": "resume_from_checkpoint",
}

# What Axolotl 0.19 does when a key is left out (its pydantic schema and trainer builder).
_AXOLOTL_DEFAULTS: dict[str, object] = {
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "num_train_epochs": 1.0,
    "optim": "adamw_torch_fused",
    "output_dir": "./model-out",
    "gradient_checkpointing": False,
    "save_total_limit": 4,
}
_AXOLOTL_SEQUENCE_LEN = 512
_AXOLOTL_OWN = ("sample_packing", "auto_resume_from_checkpoints", "liger_fused_linear_cross_entropy")

# Keys of LLaMA-Factory's YAML beside the arguments of TrainingArguments, which it takes by their own names.
_LLAMAFACTORY_OWN = frozenset(
    {"model_name_or_path", "finetuning_type", "lora_rank", "lora_alpha", "lora_dropout", "lora_target",
     "quantization_bit", "cutoff_len", "packing", "dataset", "enable_liger_kernel", "flash_attn"}
)  # fmt: skip

_NUMBERS = frozenset(
    {
        "per_device_train_batch_size", "gradient_accumulation_steps", "num_train_epochs", "max_steps",
        "learning_rate", "save_steps", "save_total_limit", "r", "lora_alpha", "lora_dropout",
    }
)  # fmt: skip


def axolotl_calls(settings: Settings, place: Span) -> Iterator[Constructed]:
    """What Axolotl calls with a configuration (https://docs.axolotl.ai/docs/config-reference.html).

    Args:
        settings: The keys of its YAML.
        place: What stands for the file as a whole.
    """
    given = {key: value for key, value in settings.items() if not is_null(value)}
    arguments = {name: given[key] for name, key in _AXOLOTL_ARGUMENTS.items() if key in given}
    arguments |= _checkpointing(given)
    arguments |= _saves(given, place)
    yield made("transformers.TrainingArguments", _with_defaults(arguments, _AXOLOTL_DEFAULTS, place), place)
    length = given.get("sequence_len", default(_AXOLOTL_SEQUENCE_LEN, place, AXOLOTL))
    own = {"sequence_len": length}
    own |= {key: given[key] for key in _AXOLOTL_OWN if key in given}
    yield made("axolotl.train", own, place)
    yield from loading_calls(given, given.get("base_model"), "load_in_4bit", "load_in_8bit", place)
    if says(given.get("adapter"), "lora", "qlora"):
        yield made("peft.LoraConfig", _adapter(given), given["adapter"].span)
    yield from _dataset(given.get("datasets"), place)


def llamafactory_calls(settings: Settings, place: Span) -> Iterator[Constructed]:
    """What LLaMA-Factory calls with a configuration (https://llamafactory.readthedocs.io)."""
    given = {key: value for key, value in settings.items() if not is_null(value)}
    arguments = {key: value for key, value in given.items() if key not in _LLAMAFACTORY_OWN}
    yield made("transformers.TrainingArguments", arguments, place)
    names = {"cutoff_len": "sequence_len", "packing": "sample_packing", "enable_liger_kernel": "liger"}
    own = {names[key]: given[key] for key in names if key in given}
    if not says(given.get("overwrite_output_dir"), True):
        # It looks for the newest checkpoint of the output folder by itself (hparams/parser.py).
        own["auto_resume_from_checkpoints"] = default(True, place, LLAMAFACTORY)
    yield made("llamafactory.train", own, place)
    bits = given.get("quantization_bit")
    loaded = dict(given)
    if isinstance(bits, Known):
        loaded["load_in_4bit"] = replaced(bits, bits.value == 4)
    if says(given.get("flash_attn"), "fa2"):
        loaded["flash_attention"] = replaced(given["flash_attn"], True)
    yield from loading_calls(loaded, given.get("model_name_or_path"), "load_in_4bit", "load_in_8bit", place)
    # Without a word it trains an adapter.
    if says(given.get("finetuning_type", default("lora", place, LLAMAFACTORY)), "lora"):
        adapter = {"r": "lora_rank", "lora_alpha": "lora_alpha", "lora_dropout": "lora_dropout"}
        keywords = {name: given[key] for name, key in adapter.items() if key in given}
        target = given.get("lora_target", default("all", place, LLAMAFACTORY))
        keywords["target_modules"] = replaced(target, "all-linear") if says(target, "all") else target
        yield made("peft.LoraConfig", keywords, place)


def _saves(given: Settings, place: Span) -> dict[str, Value]:
    """Interval and number of checkpoints; one is saved every epoch where nothing is said of it."""
    found: dict[str, Value] = {}
    if "save_total_limit" in given:
        found["save_total_limit"] = given["save_total_limit"]
    if "save_steps" in given:
        return found | {
            "save_steps": given["save_steps"],
            "save_strategy": replaced(given["save_steps"], "steps"),
        }
    if "saves_per_epoch" in given:
        a_epoch, epochs = (
            number(given["saves_per_epoch"]),
            number(given.get("num_epochs", default(1.0, place, AXOLOTL))),
        )
        found["save_strategy"] = replaced(given["saves_per_epoch"], "steps")
        if isinstance(a_epoch, Known) and isinstance(epochs, Known) and a_epoch.value and epochs.value:
            # A share of all steps, as the builder gives it.
            found["save_steps"] = replaced(a_epoch, 1 / (a_epoch.value * epochs.value))
        else:
            found["save_steps"] = Unknown("the number of saves cannot be read", given["saves_per_epoch"].span)
        return found
    said = given["num_epochs"].span if "num_epochs" in given else place
    return found | {"save_strategy": given.get("save_strategy", default("epoch", said, AXOLOTL))}


def _checkpointing(given: Settings) -> dict[str, Value]:
    value = given.get("gradient_checkpointing")
    if value is None:
        return {}
    return {
        "gradient_checkpointing": replaced(value, bool(value.value)) if isinstance(value, Known) else value
    }


def loading_calls(
    given: Settings, name: Value | None, four_bit: str, eight_bit: str, place: Span
) -> Iterator[Constructed]:
    """The loading of the model by its name, and of its quantized weights."""
    if name is not None:
        keywords: dict[str, Value] = {"pretrained_model_name_or_path": name}
        attention = given.get("attn_implementation")
        if isinstance(flash := given.get("flash_attention"), Known) and flash.value is True:
            attention = replaced(flash, "flash_attention_2")
        if attention is not None:
            keywords["attn_implementation"] = attention
        yield made("transformers.AutoModelForCausalLM.from_pretrained", keywords, place)
    bits = {key: given[key] for key in (four_bit, eight_bit) if key in given}
    if bits:
        yield made("transformers.BitsAndBytesConfig", bits, min(value.span for value in bits.values()))


def _adapter(given: Settings) -> dict[str, Value]:
    names = {"r": "lora_r", "lora_alpha": "lora_alpha", "lora_dropout": "lora_dropout"}
    found = {name: given[key] for name, key in names.items() if key in given}
    linear = given.get("lora_target_linear")
    if isinstance(linear, Known) and linear.value is True:
        found["target_modules"] = replaced(linear, "all-linear")
    elif "lora_target_modules" in given:
        found["target_modules"] = given["lora_target_modules"]
    return found


def _dataset(value: Value | None, place: Span) -> Iterator[Constructed]:
    """The first of the data sets."""
    if not isinstance(value, Known) or not isinstance(value.value, list) or not value.value:
        return
    first = value.value[0]
    if not isinstance(first, dict) or not isinstance(first.get("path"), str):
        return
    keywords: dict[str, Value] = {}
    for key in ("path", "split"):
        if isinstance(first.get(key), str):
            leaf = next((leaf for leaf in value.leaves if leaf.value == first[key]), None)
            span = leaf.span if leaf is not None else value.span
            keywords[key] = Known(first[key], span, (leaf,) if leaf is not None else (), value.assumed)
    yield made("datasets.load_dataset", keywords, place)


def made(name: str, keywords: Mapping[str, Value], place: Span) -> Constructed:
    """The call of a library with keyword arguments, its numbers read as numbers."""
    numbers = {key: number(value) if key in _NUMBERS else value for key, value in keywords.items()}
    return Constructed(name, (), numbers, None, place)


def _with_defaults(given: Settings, defaults: Mapping[str, object], place: Span) -> dict[str, Value]:
    return {key: default(value, place, AXOLOTL) for key, value in defaults.items()} | dict(given)


def default(value: object, place: Span, trainer: str) -> Known:
    """What a trainer takes where nothing is said."""
    return Known(value, place, (), f"the default of {trainer}")


def replaced(value: Value, by: object) -> Value:
    """Another value in the place of one that is known."""
    return Known(by, value.span, (), value.assumed) if isinstance(value, Known) else value


def number(value: Value) -> Value:
    """A number that YAML 1.1 takes for text, such as ``2e-4``, as the trainer reads it."""
    if isinstance(value, Known) and isinstance(value.value, str):
        try:
            read = int(value.value) if value.value.isdigit() else float(value.value)
        except ValueError:
            return Unknown(f"{value.value!r} is no number", value.span)
        return Known(read, value.span, value.leaves, value.assumed)
    return value


def is_null(value: Value) -> bool:
    """Whether a value is null."""
    return isinstance(value, Known) and value.value is None


def says(value: Value | None, *words: object) -> bool:
    """Whether a value is known to be one of some."""
    return isinstance(value, Known) and value.value in words
