"""What a configuration asks of the machine, by the planner: the job, its estimate, and what to think about.

Nothing is loaded but facts, and the lengths of local files: no torch, no weights, no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from tminus.estimate import BatchSplit, Estimate, Hardware, TrainingJob, estimate
from tminus.estimate.job import LINEAR_MODULES, Attention, Optimizer
from tminus.facts import Facts, GpuRequest, GpuType, ModelShape
from tminus.plan import Asked, Assumption, Plan, make_plan
from tminus.plan.batch import fit_batch
from tminus.train.batching import split_batch
from tminus.train.config import LEARNING_RATES, TrainConfig
from tminus.train.errors import ConfigError
from tminus.train.row_files import count_rows, read_rows
from tminus.train.sources import FileSource, local_files

CHARACTERS_PER_TOKEN = 4.0
"""Of English text, roughly (https://platform.openai.com/tokenizer), for an estimate before tokenising."""

_DEFAULT_GPU = "H100"
_LOOKED_AT = 500
_OPTIMIZERS: dict[str, Optimizer] = {
    "auto": "adamw_fused", "adamw_torch": "adamw", "adamw_torch_fused": "adamw_fused",
    "adamw_8bit": "adamw_8bit", "paged_adamw_8bit": "paged_adamw_8bit",
}  # fmt: skip
_ATTENTIONS: dict[str, Attention] = {
    "auto": "sdpa", "sdpa": "sdpa", "flash_attention_2": "flash", "eager": "eager",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planned:
    """What is known of a run before anything is paid for."""

    job: TrainingJob
    plan: Plan
    configured: Estimate
    """On the machines asked for, with the micro-batch that the configuration gives."""

    warnings: tuple[str, ...]


def planned(config: TrainConfig, facts: Facts) -> Planned:
    """Plan a configuration.

    Raises:
        ConfigError: The model's shape, the rows, or the GPU is not known; the message says what to give.
        DataError: Local files are missing, or have no such split.
    """
    assumed: list[Assumption] = []
    shape = model_shape(config, facts)
    rows, tokens = _rows(config, facts, assumed)
    asked = _asked(config, facts, assumed)
    job = training_job(config, shape, rows, tokens)
    hardware = Hardware(asked.gpu, asked.gpus_per_node, asked.nodes, asked.rdma)
    micro = config.micro_batch
    if micro == "auto":
        micro = fitting_micro_batch(config, shape, hardware, facts)
    split = split_batch(config.global_batch, int(micro), asked.world_size)
    configured = estimate(
        job, hardware, BatchSplit(split.micro_batch, split.accumulation, split.world_size), facts
    )
    plan = make_plan(job, asked, facts, tuple(assumed))
    return Planned(job, plan, configured, tuple(_warnings(config, job, configured, plan)))


def model_shape(config: TrainConfig, facts: Facts) -> ModelShape:
    """The dimensions of the model, from its folder's config.json or from the facts.

    Raises:
        ConfigError: They are not known.
    """
    from tminus.facts.configs import shape_of_file

    path = Path(config.model).expanduser() / "config.json"
    if path.is_file():
        try:
            return shape_of_file(path, config.model)
        except ValueError as error:
            raise ConfigError(f"model: {error}", field="model") from error
    found = facts.model(config.model)
    if found is None:
        near = ", ".join(facts.nearest_models(config.model)[:3])
        raise ConfigError(
            f"model: the shape of {config.model} is not known, so it cannot be planned. Give the directory "
            f"of the model, which has its config.json{f', or one like it: {near}' if near else ''}.",
            field="model",
        )
    return found


def training_job(config: TrainConfig, shape: ModelShape, rows: int, tokens: float | None) -> TrainingJob:
    """The run as the planner knows it."""
    targets = config.target_modules
    known = tuple(name for name in LINEAR_MODULES if targets == "all-linear" or name in targets)
    full = config.method == "full"
    return TrainingJob(
        model=shape,
        method=config.method,
        seq_len=min(config.seq_len, shape.context),
        rows=max(1, rows),
        global_batch=config.global_batch,
        epochs=config.epochs,
        max_steps=config.max_steps,
        tokens_per_row=tokens,
        lora_r=config.lora_r,
        lora_targets=LINEAR_MODULES if full or not known else known,
        gradient_checkpointing=config.gradient_checkpointing,
        checkpoint_policy="operations" if config.activation_checkpointing == "selective" else "layers",
        optimizer=_OPTIMIZERS[config.optimizer],
        packing=config.packing,
        loss="chunked",
        fused_kernels=config.liger is True,
        compiled=config.torch_compile,
        attention=_ATTENTIONS[config.attention],
        weights="fp32" if full or config.precision == "float32" else "bf16",
        save_every=config.save_every if isinstance(config.save_every, int) else None,
        trainer="tminus",
    )


def gpu_of(config: TrainConfig, facts: Facts) -> tuple[GpuType, GpuRequest]:
    """The GPU that a configuration names, or the default one, and how many of them a machine has.

    Raises:
        ConfigError: There is no such type.
    """
    try:
        request = GpuRequest.parse(config.gpu or _DEFAULT_GPU)
    except ValueError as error:
        raise ConfigError(f"gpu: found {config.gpu!r}: {error}", field="gpu") from error
    gpu = facts.gpu_of(request)
    if gpu is None:
        near = ", ".join(facts.nearest_gpu_names(request.type_name) or facts.gpus)
        raise ConfigError(
            f"gpu: found {config.gpu!r}, but Modal has no such type (https://modal.com/docs/guide/gpu). "
            f"Try {near}.",
            field="gpu",
        )
    return gpu, request


def fitting_micro_batch(config: TrainConfig, shape: ModelShape, hardware: Hardware, facts: Facts) -> int:
    """The micro-batch with the shortest steps that fits, for rows that are all `seq_len` long."""
    job = training_job(config, shape, config.global_batch, None)
    return fit_batch(job, hardware, facts).estimate.split.micro_batch


def _asked(config: TrainConfig, facts: Facts, assumed: list[Assumption]) -> Asked:
    if config.gpu is None:
        assumed.append(Assumption("gpu", _DEFAULT_GPU, "not given; set gpu to what the run is for"))
    gpu, request = gpu_of(config, facts)
    every = config.save_every if isinstance(config.save_every, int) else None
    return Asked(gpu, request.count, config.nodes, config.nodes > 1 and gpu.rdma, save_every=every)


def _rows(config: TrainConfig, facts: Facts, assumed: list[Assumption]) -> tuple[int, float | None]:
    """Rows of an epoch, and the mean tokens of one, as far as they are known."""
    local = local_files(config.dataset, config.dataset_split)
    if local is not None:
        rows = sum(count_rows(path) for path in local.files)
        rows = min(rows, local.stop if local.stop is not None else rows) - local.first
        tokens = _mean_tokens(local)
        assumed.append(
            Assumption(
                "tokens_per_row",
                round(tokens),
                f"{CHARACTERS_PER_TOKEN:g} characters a token in the first rows",
            )
        )
        return round(rows * (1 - config.eval_fraction)), tokens
    known = facts.dataset(config.dataset)
    if known is not None:
        rows = known.splits.get(config.dataset_split.partition("[")[0], known.rows)
        assumed.append(Assumption("rows", rows, f"{config.dataset_split} of {known.id} ({known.source})"))
        assumed.append(Assumption("tokens_per_row", known.mean_tokens, f"a rough mean of {known.id}"))
        return round(rows * (1 - config.eval_fraction)), float(known.mean_tokens)
    if config.max_steps is None:
        raise ConfigError(
            f"dataset: the rows of {config.dataset} are not known before it is read. Give max_steps, or run "
            "tminus train inspect-data, which reads it.",
            field="dataset",
        )
    assumed.append(Assumption("rows", "enough", "not known; max_steps decides how many are used"))
    return config.max_steps * config.global_batch, None


def _mean_tokens(source: FileSource) -> float:
    rows = (row for path in source.files for row, _, _ in read_rows(path))
    lengths = [sum(_characters(value) for value in row.values.values()) for row in islice(rows, _LOOKED_AT)]
    return max(1.0, fmean(lengths or [0]) / CHARACTERS_PER_TOKEN)


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_characters(one) for one in value.values())
    return sum(_characters(one) for one in value) if isinstance(value, list) else 0


def _warnings(config: TrainConfig, job: TrainingJob, configured: Estimate, plan: Plan) -> Iterator[str]:
    asked = plan.asked
    shape, usable, split = job.model, asked.gpu.usable_gib, configured.split
    fit = configured.memory.fit(usable)
    if fit != "yes":
        verdict = "is tight in" if fit == "tight" else "does not fit in"
        yield (
            f"memory: {configured.memory.reserved_gib:.1f} GiB with micro-batch {split.micro_batch} "
            f"{verdict} the {usable:g} GiB of one {asked.gpu.name}"
        )
    best = next((option for option in plan.options if option.asked and option.runs), None)
    fixed = config.micro_batch != "auto"
    if fixed and best is not None and best.estimate.run.training_s < 0.9 * configured.run.training_s:
        yield (
            f"micro_batch: {best.estimate.split.micro_batch} fits too, and its steps take "
            f"{best.estimate.run.training_s / configured.run.training_s:.0%} of the time that "
            f"{split.micro_batch} takes"
        )
    if config.seq_len > shape.context:
        yield f"seq_len: {config.seq_len} is beyond the {shape.context} positions that {shape.id} has"
    usual, given = LEARNING_RATES[config.method], config.learning_rate or 0.0
    if not usual / 8 <= given <= usual * 8:
        yield f"learning_rate: {given:g} is far from {usual:g}, which is usual for {config.method}"
    if job.rows_per_epoch < config.global_batch:
        yield (
            f"global_batch: {config.global_batch} sequences a step, but an epoch has {job.rows_per_epoch}; "
            "rows are repeated to fill the step"
        )
    if not config.packing and job.tokens_per_row is not None and job.tokens_per_row < config.seq_len / 4:
        yield (
            f"packing: rows have about {job.tokens_per_row:.0f} tokens, and sequences hold {config.seq_len}; "
            "packing: true trains on several rows at once"
        )
    if shape.gated:
        yield f"model: {shape.id} is gated; accept its licence on the hub and give HF_TOKEN to the run"
    if not config.evaluates:
        yield "evaluation: there is none; eval_fraction: 0.02 holds out rows that show overfitting"
    if config.volume is None and config.gpu is not None:
        yield "volume: none is given; what a Modal container writes outside a volume is lost with it"
