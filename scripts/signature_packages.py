"""Which packages, callables and classes ``extract_signatures.py`` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Package:
    """What to read of a package.

    Attributes:
        name: Name on the package index, and of the module.
        oldest: Oldest release to read.
        every_release: Read every release, not only the first of each minor.
        classes: Public name to ``Class`` or ``Class.method``: where the class is defined is searched.
        functions: Public name to the name of the function's definition.
        owners: Modules and classes whose public attributes are read: public name to class, or module path.
    """

    name: str
    oldest: str
    every_release: bool
    classes: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


_TRL = ("SFT", "DPO", "GRPO", "Reward", "KTO", "ORPO", "CPO", "RLOO", "PPO")
_MODAL_CLASSES = (
    *(
        "App",
        "Stub",
        "Cls",
        "Cluster",
        "CloudBucketMount",
        "Cron",
        "Dict",
        "Environment",
        "Function",
        "FunctionCall",
    ),
    *(
        "Image",
        "Mount",
        "NetworkFileSystem",
        "Period",
        "Proxy",
        "Queue",
        "Retries",
        "Sandbox",
        "Secret",
        "Volume",
    ),
    *("Workspace",),
)
_MODAL_FUNCTIONS = (
    *(
        "asgi_app",
        "batched",
        "build",
        "clustered",
        "concurrent",
        "enter",
        "exit",
        "fastapi_endpoint",
        "method",
    ),
    *(
        "parameter",
        "web_endpoint",
        "web_server",
        "wsgi_app",
        "forward",
        "enable_output",
        "is_local",
        "interact",
    ),
)

PACKAGES = (
    Package(
        "transformers",
        "4.31.0",
        False,
        classes={
            f"transformers.{name}": name
            for name in ("TrainingArguments", "Seq2SeqTrainingArguments", "Trainer", "Seq2SeqTrainer")
        }
        | {"transformers.BitsAndBytesConfig": "BitsAndBytesConfig"}
        | {
            f"transformers.{name}": name
            for name in ("DataCollatorForLanguageModeling", "EarlyStoppingCallback", "DataCollatorForSeq2Seq")
        },
    ),
    Package(
        "trl",
        "0.7.0",
        True,
        classes={f"trl.{stem}{kind}": f"{stem}{kind}" for stem in _TRL for kind in ("Config", "Trainer")}
        | {"trl.ModelConfig": "ModelConfig", "trl.ScriptArguments": "ScriptArguments"}
        | {"trl.DataCollatorForCompletionOnlyLM": "DataCollatorForCompletionOnlyLM"},
        functions={"trl.setup_chat_format": "setup_chat_format", "trl.get_peft_config": "get_peft_config"},
    ),
    Package(
        "peft",
        "0.5.0",
        True,
        classes={
            f"peft.{name}": name
            for name in (
                "LoraConfig",
                "AdaLoraConfig",
                "PromptTuningConfig",
                "PrefixTuningConfig",
                "IA3Config",
            )
        }
        | {"peft.PeftModel.from_pretrained": "PeftModel.from_pretrained"},
        functions={
            "peft.get_peft_model": "get_peft_model",
            "peft.prepare_model_for_kbit_training": "prepare_model_for_kbit_training",
        },
    ),
    Package(
        "accelerate",
        "0.21.0",
        True,
        classes={
            f"accelerate.{name}": name
            for name in ("Accelerator", "FullyShardedDataParallelPlugin", "DeepSpeedPlugin")
        }
        | {"accelerate.Accelerator.save_state": "Accelerator.save_state"}
        | {"accelerate.Accelerator.load_state": "Accelerator.load_state"}
        | {"accelerate.Accelerator.save_model": "Accelerator.save_model"},
        functions={
            "accelerate.notebook_launcher": "notebook_launcher",
            "accelerate.load_checkpoint_and_dispatch": "load_checkpoint_and_dispatch",
        },
    ),
    Package("datasets", "2.14.0", False, functions={"datasets.load_dataset": "load_dataset"}),
    Package(
        "modal",
        "0.60.0",
        True,
        functions={f"modal.{name}": f"_{name}" for name in _MODAL_FUNCTIONS},
        owners={f"modal.{name}": f"_{name}" for name in _MODAL_CLASSES}
        | {"modal": "modal/__init__.py", "modal.experimental": "modal/experimental/__init__.py"}
        | {"modal.gpu": "modal/gpu.py"},
    ),
)

# Parameters that took another's place, where the package does not say so in a form that is read.
# A dotted name is a parameter of another callable.
RENAMES = {
    "transformers.TrainingArguments": {
        "evaluation_strategy": "eval_strategy",
        "no_cuda": "use_cpu",
        "fp16_backend": "half_precision_backend",
        "use_mps_device": "use_cpu",
        "include_inputs_for_metrics": "include_for_metrics",
        "per_gpu_train_batch_size": "per_device_train_batch_size",
        "per_gpu_eval_batch_size": "per_device_eval_batch_size",
        "push_to_hub_model_id": "hub_model_id",
        "push_to_hub_token": "hub_token",
    },
    "transformers.Trainer": {"tokenizer": "processing_class"},
    "transformers.Seq2SeqTrainer": {"tokenizer": "processing_class"},
    "trl.SFTConfig": {"max_seq_length": "max_length"},
    "trl.SFTTrainer": {
        "tokenizer": "processing_class",
        "max_seq_length": "trl.SFTConfig.max_length",
        "dataset_text_field": "trl.SFTConfig.dataset_text_field",
        "packing": "trl.SFTConfig.packing",
        "eval_packing": "trl.SFTConfig.eval_packing",
        "dataset_num_proc": "trl.SFTConfig.dataset_num_proc",
        "dataset_kwargs": "trl.SFTConfig.dataset_kwargs",
        "model_init_kwargs": "trl.SFTConfig.model_init_kwargs",
        "neftune_noise_alpha": "transformers.TrainingArguments.neftune_noise_alpha",
    },
    "trl.DPOTrainer": {
        "tokenizer": "processing_class",
        "beta": "trl.DPOConfig.beta",
        "loss_type": "trl.DPOConfig.loss_type",
        "max_length": "trl.DPOConfig.max_length",
        "max_prompt_length": "trl.DPOConfig.max_prompt_length",
        "label_smoothing": "trl.DPOConfig.label_smoothing",
    },
    "trl.RewardTrainer": {"tokenizer": "processing_class", "max_length": "trl.RewardConfig.max_length"},
    "trl.KTOTrainer": {"tokenizer": "processing_class"},
    "trl.ORPOTrainer": {"tokenizer": "processing_class"},
    "trl.CPOTrainer": {"tokenizer": "processing_class"},
    "trl.PPOTrainer": {"tokenizer": "processing_class", "config": "args", "policy": "model"},
    "trl.GRPOTrainer": {"tokenizer": "processing_class"},
    "accelerate.Accelerator": {"logging_dir": "project_dir", "fp16": "mixed_precision"},
    "datasets.load_dataset": {"use_auth_token": "token", "task": ""},
    "modal.App.function": {
        "keep_warm": "min_containers",
        "concurrency_limit": "max_containers",
        "container_idle_timeout": "scaledown_window",
        "_experimental_buffer_containers": "buffer_containers",
        "_experimental_gpus": "gpu",
        "_experimental_proxy_ip": "proxy",
        "checkpointing_enabled": "enable_memory_snapshot",
        "max_inputs": "single_use_containers",
    },
}
RENAMES["modal.App.cls"] = RENAMES["modal.App.function"]
RENAMES["modal.Cls.with_options"] = {
    old: RENAMES["modal.App.function"][old]
    for old in ("keep_warm", "concurrency_limit", "container_idle_timeout")
}
RENAMES.update(
    {f"modal.{name}.from_name": {"label": "name"} for name in ("Volume", "Secret", "Dict", "Queue")}
)
RENAMES.update({f"modal.{name}.from_name": {"tag": "name"} for name in ("Function", "Cls")})
