"""The training job and the machines that a script describes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from tminus.estimate import TrainingJob
from tminus.estimate.job import LINEAR_MODULES, LossKernel, Method, Optimizer, Precision
from tminus.facts import Facts, ModelShape
from tminus.plan.asked import Asked, Assumption, PlanError
from tminus.plan.known_models import model_named
from tminus.plan.machines import pinned_version, read_machines
from tminus.plan.plan import Plan, make_plan
from tminus.plan.settings import Settings
from tminus.plan.wishes import Wishes
from tminus.script import ModalFunction, Script

OPTIMIZERS: dict[str, Optimizer] = {
    "adamw_torch": "adamw",
    "adamw_hf": "adamw",
    "adamw_torch_fused": "adamw_fused",
    "adamw_8bit": "adamw_8bit",
    "adamw_bnb_8bit": "adamw_8bit",
    "paged_adamw": "paged_adamw",
    "paged_adamw_32bit": "paged_adamw",
    "paged_adamw_8bit": "paged_adamw_8bit",
}

_DEFAULT_TARGETS = ("q_proj", "v_proj")
"""What PEFT 0.21 adapts in Llama, Mistral, Qwen and Gemma when ``target_modules`` is left out
(``TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING``)."""

_CHUNKED_SINCE = (1, 7)
"""First TRL whose SFTTrainer computes the loss in chunks (https://github.com/huggingface/trl/pull/5846)."""

_TRANSFORMERS_DEFAULT = "the default of transformers"

_SEQ_LEN = 2048


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the user gives beside the script, where the script does not say it or should not decide.

    Attributes:
        model: Model by its hub name, or the path of its ``config.json``.
        rows: Rows of the data set.
        tokens_per_row: Mean tokens of a row.
        method: ``full``, ``lora`` or ``qlora``.
        seq_len: Tokens of the longest row.
        global_batch: Rows of an optimizer step.
        epochs: Passes over the data.
        max_steps: Optimizer steps.
    """

    model: str | None = None
    rows: int | None = None
    tokens_per_row: float | None = None
    method: Method | None = None
    seq_len: int | None = None
    global_batch: int | None = None
    epochs: float | None = None
    max_steps: int | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What a script describes: the job, the machines it asks for, and what was assumed."""

    job: TrainingJob
    asked: Asked
    assumed: tuple[Assumption, ...]


def plan_script(
    script: Script, facts: Facts, overrides: Overrides | None = None, wishes: Wishes | None = None
) -> Plan:
    """Plan the training that a script describes.

    Raises:
        PlanError: The script does not say enough; the message says what to give.
    """
    described = describe(script, facts, overrides)
    return make_plan(described.job, described.asked, facts, described.assumed, wishes)


def describe(script: Script, facts: Facts, overrides: Overrides | None = None) -> Described:
    """Read job and machines from a script.

    Raises:
        PlanError: The script does not say enough; the message says what to give.
    """
    overrides = overrides or Overrides()
    settings = Settings(script)
    if not script.training:
        for configuration in script.configurations:
            if configuration.problem is not None:
                span = configuration.problem.span
                raise PlanError(f"{span.path}:{span.line}:{span.column}: {configuration.problem.reason}")
        raise PlanError(
            f"{script.path}: no training was found: no call of TRL's SFTTrainer, transformers' Trainer, "
            "Unsloth's FastLanguageModel or tminus.train.TrainConfig, and no configuration of Axolotl or "
            "LLaMA-Factory"
        )
    asked, function = read_machines(settings, facts)
    model = _model(settings, facts, overrides)
    trainer = str(settings.read("trainer"))
    method = overrides.method or settings.require("method", "Give it with --method.")
    global_batch = overrides.global_batch or _global_batch(settings, asked)
    max_steps = overrides.max_steps or settings.count("max_steps")
    usual = min(model.context, _SEQ_LEN)
    rows, tokens_per_row = _data(settings, facts, overrides, max_steps and max_steps * global_batch)
    loss = _loss(settings, trainer, function)
    save_every = settings.read("save_every")
    try:
        job = TrainingJob(
            model=model,
            method=method,
            seq_len=overrides.seq_len or settings.read_or_assume("seq_len", usual, "a usual length"),
            rows=rows,
            global_batch=global_batch,
            epochs=overrides.epochs or (1.0 if max_steps else _epochs(settings)),
            max_steps=max_steps,
            tokens_per_row=tokens_per_row,
            lora_r=1 if method == "full" else settings.read_or_assume("lora_r", 16, "a usual rank"),
            lora_targets=LINEAR_MODULES if method == "full" else _targets(settings, trainer),
            gradient_checkpointing=bool(
                settings.read_or_assume("gradient_checkpointing", False, _TRANSFORMERS_DEFAULT)
            ),
            optimizer=_optimizer(settings),
            packing=bool(settings.read("packing") or False),
            loss=loss,
            fused_kernels=loss == "liger" or trainer == "unsloth",
            fused_mlp=loss == "liger" or trainer == "unsloth",
            # tminus.train holds what it trains in full precision, and computes in bfloat16.
            weights="fp32" if trainer == "tminus" and method == "full" else "bf16",
            residual=_residual(settings, method, trainer, function),
            trainer=trainer,
        )
    except (TypeError, ValueError) as error:
        raise PlanError(f"{script.path}: {error}") from error
    if trainer != "tminus":
        why = "16-bit weights; a model loaded in float32 takes twice as much"
        settings.assume("weights", job.weights, why)
    settings.assume("attention", job.attention, _TRANSFORMERS_DEFAULT)
    asked = replace(
        asked,
        save_every=save_every if isinstance(save_every, int) else None,
        # tminus.train finds it, as the planner does, where it is auto.
        micro_batch=None if settings.read("micro_batch") == "auto" else settings.count("micro_batch"),
        method=method,
    )
    return Described(job, asked, tuple(settings.assumed))


def _epochs(settings: Settings) -> float:
    return float(settings.read_or_assume("epochs", 3.0, _TRANSFORMERS_DEFAULT))


def _model(settings: Settings, facts: Facts, overrides: Overrides) -> ModelShape:
    name = overrides.model or settings.require("model", "Give it with --model.")
    try:
        return model_named(str(name), facts)
    except PlanError as error:
        raise PlanError(f"{settings.script.path}: {error}") from error


def _data(
    settings: Settings, facts: Facts, overrides: Overrides, rows_needed: int | None
) -> tuple[int, float | None]:
    # Rows and mean tokens: as given, as the script says, or as the data set's card says.
    name = settings.read("dataset")
    known = facts.dataset(name) if isinstance(name, str) else None
    rows = overrides.rows if overrides.rows is not None else settings.count("rows")
    if rows is None and known is not None:
        split = str(settings.read("dataset_split") or "train")
        rows = _rows_of_split(split, known.splits.get(split.partition("[")[0], known.rows))
        settings.assume("rows", rows, f"{split} of {known.id} ({known.source})")
    if rows is None and rows_needed:
        rows = rows_needed
        settings.assume("rows", rows, "not known; max_steps decides how many are used")
    if rows is None:
        of_what = f"of {name}" if name else "of the data set, which the script does not name readably,"
        raise PlanError(f"{settings.script.path}: the rows {of_what} are not known; give them with --rows")
    tokens = overrides.tokens_per_row
    if tokens is None and known is not None:
        tokens = float(known.mean_tokens)
        settings.assume("tokens_per_row", tokens, f"a rough mean of {known.id}")
    elif tokens is None:
        settings.assume("tokens_per_row", "seq_len", "the mean is not known: every row is taken to be full")
    return rows, tokens


def _rows_of_split(split: str, rows: int) -> int:
    # "train[:1000]" and "train[:10%]", the slices that scripts use to try things out.
    found = re.fullmatch(r"\w+\[:(\d+)(%?)\]", split)
    if found is None:
        return rows
    return min(rows, rows * int(found[1]) // 100 if found[2] else int(found[1]))


def _global_batch(settings: Settings, asked: Asked) -> int:
    given = settings.count("global_batch")
    if given is not None:
        return given
    micro = settings.count("micro_batch") or settings.read_or_assume("micro_batch", 8, _TRANSFORMERS_DEFAULT)
    accumulation = settings.count("gradient_accumulation") or 1
    batch = micro * accumulation * asked.world_size
    settings.assume(
        "global_batch",
        batch,
        f"micro-batch {micro} × accumulation {accumulation} × {asked.world_size} GPUs as asked for",
    )
    return batch


def _targets(settings: Settings, trainer: str) -> tuple[str, ...]:
    given: Any = settings.read("target_modules")
    if isinstance(given, list | tuple) and given and set(given) <= set(LINEAR_MODULES):
        return tuple(given)
    if given is None and trainer not in ("tminus", "unsloth"):
        settings.assume("target_modules", list(_DEFAULT_TARGETS), "what PEFT adapts when it is left out")
        return _DEFAULT_TARGETS
    if given != "all-linear":
        settings.assume("target_modules", "all-linear", f"the default of {trainer}, or not readable")
    return LINEAR_MODULES


def _optimizer(settings: Settings) -> Optimizer:
    name = settings.read_or_assume("optimizer", "adamw_torch_fused", _TRANSFORMERS_DEFAULT)
    found = OPTIMIZERS.get(str(name))
    if found is None:
        raise PlanError(
            f"{settings.script.path}: optim={name!r} is not estimated; "
            f"those that are: {', '.join(OPTIMIZERS)}"
        )
    return found


def _loss(settings: Settings, trainer: str, function: ModalFunction) -> LossKernel:
    if settings.read("liger") is True:
        return "liger"
    if trainer == "tminus":
        return "chunked"
    if trainer == "unsloth":
        settings.assume("loss", "chunked", "Unsloth's fused loss does not hold the whole logits")
        return "chunked"
    if trainer == "trl":
        version = pinned_version(function, "trl")
        if version is None:
            settings.assume("loss", "chunked", "the default since TRL 1.7; the image pins no TRL")
            return "chunked"
        if version >= _CHUNKED_SINCE:
            return "chunked"
        settings.assume(
            "loss", "stock", f"TRL {'.'.join(map(str, version))} holds the whole logits; 1.7 and newer do not"
        )
        return "stock"
    settings.assume("loss", "stock", "transformers holds the whole logits")
    return "stock"


def _residual(settings: Settings, method: str, trainer: str, function: ModalFunction) -> Precision:
    # PEFT's prepare_model_for_kbit_training, which older TRL calls and other scripts are told to call, turns
    # everything that is not quantised into float32.
    if method != "qlora" or trainer in ("tminus", "unsloth"):
        return "bf16"
    version = pinned_version(function, "trl")
    if trainer == "trl" and (version is None or version >= (1,)):
        return "bf16"
    settings.assume("residual", "fp32", "prepare_model_for_kbit_training is taken to have been called")
    return "fp32"
