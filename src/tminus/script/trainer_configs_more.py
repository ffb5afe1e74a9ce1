"""Configurations of TRL's own commands and of torchtune, as calls of libraries that stand for them."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.script.source import Span
from tminus.script.trainer_configs import Settings, default, is_null, loading_calls, made, replaced, says
from tminus.script.values import Constructed, Known, Value

TRL, TORCHTUNE = "TRL", "torchtune"

# Keys of TRL's scripts beside the arguments of the trainer (trl 1.16, ModelConfig and ScriptArguments).
_TRL_OWN = frozenset(
    {
        "config", "accelerate_config", "num_processes", "env", "model_name_or_path", "model_revision",
        "dtype", "torch_dtype", "trust_remote_code", "attn_implementation", "use_peft", "lora_r",
        "lora_alpha", "lora_dropout", "lora_target_modules", "lora_modules_to_save", "lora_task_type",
        "use_rslora",
        "use_dora", "load_in_8bit", "load_in_4bit", "bnb_4bit_quant_type", "use_bnb_nested_quant",
        "dataset_name", "dataset_config", "dataset_train_split", "dataset_test_split", "dataset_streaming",
        "datasets", "streaming", "test_split_size", "gradient_checkpointing_use_reentrant", "reward_funcs",
        "ignore_bias_buffers", "reward_model_name_or_path", "lora_target_parameters",
    }
)  # fmt: skip
_TRL_LORA = {"lora_r": 16, "lora_alpha": 32, "lora_dropout": 0.05}

# Argument of transformers' TrainingArguments <- key of torchtune's YAML.
_TUNE_ARGUMENTS = {
    "per_device_train_batch_size": "batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "num_train_epochs": "epochs",
    "output_dir": "output_dir",
}


def trl_calls(settings: Settings, place: Span) -> Iterator[Constructed]:
    """What ``trl sft`` and its relatives call (https://huggingface.co/docs/trl/clis)."""
    given = {key: value for key, value in settings.items() if not is_null(value)}
    arguments = {key: value for key, value in given.items() if key not in _TRL_OWN}
    yield made("trl.SFTConfig", arguments, place)
    attention = (
        {"attn_implementation": given["attn_implementation"]} if "attn_implementation" in given else {}
    )
    loaded = {**given, **attention}
    yield from loading_calls(loaded, given.get("model_name_or_path"), "load_in_4bit", "load_in_8bit", place)
    if says(given.get("use_peft"), True):
        names = {"r": "lora_r", "lora_alpha": "lora_alpha", "lora_dropout": "lora_dropout"}
        keywords: dict[str, Value] = {
            name: given.get(key, default(_TRL_LORA[key], place, TRL)) for name, key in names.items()
        }
        if "lora_target_modules" in given:
            keywords["target_modules"] = given["lora_target_modules"]
        yield made("peft.LoraConfig", keywords, place)
    if "dataset_name" in given:
        split = given.get("dataset_train_split", default("train", place, TRL))
        yield made("datasets.load_dataset", {"path": given["dataset_name"], "split": split}, place)


def torchtune_calls(settings: Settings, place: Span) -> Iterator[Constructed]:
    """What a recipe of torchtune does (https://meta-pytorch.org/torchtune), by the Trainer's names for it."""
    given = {key: value for key, value in settings.items() if not is_null(value)}
    arguments = {name: given[key] for name, key in _TUNE_ARGUMENTS.items() if key in given}
    if "dtype" in given and isinstance(given["dtype"], Known):
        arguments["bf16"] = replaced(given["dtype"], says(given["dtype"], "bf16"))
    if "resume_from_checkpoint" in given:
        arguments["resume_from_checkpoint"] = given["resume_from_checkpoint"]
    if "enable_activation_checkpointing" in given:
        arguments["gradient_checkpointing"] = given["enable_activation_checkpointing"]
    # A recipe saves when an epoch is over.
    arguments["save_strategy"] = default(
        "epoch", given["epochs"].span if "epochs" in given else place, TORCHTUNE
    )
    yield made("transformers.TrainingArguments", arguments, place)
