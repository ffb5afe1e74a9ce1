"""The training job that values describe: flags of the command line, or fields of a configuration."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tminus.estimate import TrainingJob
from tminus.estimate.job import LINEAR_MODULES
from tminus.facts import Facts, GpuRequest
from tminus.plan.asked import Asked, Assumption, PlanError
from tminus.plan.from_script import OPTIMIZERS, Described
from tminus.plan.known_models import model_named

_DEFAULT_GPU = "H100"
_GLOBAL_BATCH = 64

FIELDS = {
    "model", "method", "seq_len", "rows", "tokens", "tokens_per_row", "epochs", "max_steps", "global_batch",
    "micro_batch", "lora_r", "target_modules", "gradient_checkpointing", "checkpoint_policy", "optimizer",
    "packing", "loss", "fused_kernels", "attention", "residual", "weights", "gpu", "nodes", "quantisation",
    "compiled", "streaming", "evaluation_rows", "evaluate_every", "expandable_segments", "save_every",
    "optimizer_in_backward", "timeout_s", "retries", "trainer", "dataset",
}  # fmt: skip
"""What can be given."""


def describe_values(values: Mapping[str, Any], facts: Facts, where: str = "") -> Described:
    """A job and its machines from values by name; what is missing is assumed, and listed as assumed.

    Args:
        values: Values by the names of `FIELDS`; None counts as not given.
        facts: Models, data sets and GPU types.
        where: What the values are from, for messages.

    Raises:
        PlanError: A value is missing or wrong; the message says which, and what to give.
    """
    return _Reader({name: value for name, value in values.items() if value is not None}, facts, where).read()


class _Reader:
    """Takes the values one by one, and remembers what had to be assumed."""

    def __init__(self, values: dict[str, Any], facts: Facts, where: str) -> None:
        self.values, self.facts, self.where = values, facts, where
        self.assumed: list[Assumption] = []
        for name in values:
            if name not in FIELDS:
                near = difflib.get_close_matches(name, FIELDS, n=1)
                hint = f"; near: {near[0]}" if near else ""
                raise PlanError(f"{self._place()}{name} is not known{hint}")

    def read(self) -> Described:
        model = model_named(str(self._need("model")), self.facts)
        method = str(self._need("method"))
        asked = self._machines(method)
        seq_len = int(self._or("seq_len", min(2048, model.context), "a usual length"))
        micro = self.values.get("micro_batch")
        if micro is None:
            global_batch = int(self._or("global_batch", _GLOBAL_BATCH, "a usual batch"))
        else:
            smallest, why = int(micro) * asked.world_size, f"micro-batch {micro} × {asked.world_size} GPUs"
            global_batch = int(self._or("global_batch", smallest, why))
        rows, tokens_per_row = self._data(seq_len, global_batch)
        full = method == "full"
        if full:
            self._or("weights", "bf16", "a model loaded in float32 takes twice as much")
        try:
            job = TrainingJob(
                model=model,
                method=method,  # type: ignore[arg-type]  # checked by TrainingJob
                seq_len=seq_len,
                rows=rows,
                global_batch=global_batch,
                epochs=float(self.values.get("epochs", 1.0)),
                max_steps=self.values.get("max_steps"),
                tokens_per_row=tokens_per_row,
                lora_r=1 if full else int(self._or("lora_r", 16, "a usual rank")),
                lora_targets=LINEAR_MODULES if full else self._targets(),
                gradient_checkpointing=bool(self._or("gradient_checkpointing", True, "the default here")),
                optimizer=self._optimizer(),  # type: ignore[arg-type]
                packing=bool(self.values.get("packing", tokens_per_row is None)),
                loss=self._or("loss", "chunked", "TRL's since 1.7"),
                attention=self._or("attention", "sdpa", "the default of transformers"),
                save_every=self.values.get("save_every"),
                trainer=str(self.values.get("trainer", "trl")),
                **self._others(),
            )
        except (TypeError, ValueError) as error:
            raise PlanError(f"{self._place()}{error}") from error
        return Described(job, replace(asked, save_every=job.save_every), tuple(self.assumed))

    def _place(self) -> str:
        return f"{self.where}: " if self.where else ""

    def _need(self, name: str) -> Any:
        if name not in self.values:
            flag = "--" + name.replace("_", "-")
            raise PlanError(f"{self._place()}the {name} is not given; give it with {flag}")
        return self.values[name]

    def _or(self, name: str, default: Any, why: str) -> Any:
        if name in self.values:
            return self.values[name]
        self.assumed.append(Assumption(name, default, why))
        return default

    def _machines(self, method: str) -> Asked:
        text = str(self._or("gpu", _DEFAULT_GPU, "one, to compare the others with"))
        try:
            request = GpuRequest.parse(text)
        except ValueError as error:
            raise PlanError(f"{self._place()}gpu {text!r}: {error}") from error
        gpu = self.facts.gpu_of(request)
        if gpu is None:
            near = ", ".join(self.facts.nearest_gpu_names(request.type_name) or self.facts.gpus)
            raise PlanError(f"{self._place()}{request.type_name} is not a GPU type of Modal; try {near}")
        timeout = self.values.get("timeout_s")
        return Asked(
            gpu=gpu,
            gpus_per_node=request.count,
            nodes=int(self.values.get("nodes", 1)),
            rdma=int(self.values.get("nodes", 1)) > 1 and gpu.rdma,
            timeout_s=None if timeout is None else float(timeout),
            retries=int(self.values.get("retries", 0)),
            micro_batch=self.values.get("micro_batch"),
            method=method,
        )

    def _data(self, seq_len: int, global_batch: int) -> tuple[int, float | None]:
        # Rows and mean tokens of a row: from a number of tokens, from rows, or from a known data set.
        tokens_per_row = self.values.get("tokens_per_row")
        if "tokens" in self.values:
            each = min(float(tokens_per_row or seq_len), seq_len)
            return max(1, math.ceil(float(self.values["tokens"]) / each)), tokens_per_row
        known = self.facts.dataset(str(self.values["dataset"])) if "dataset" in self.values else None
        if known is not None and tokens_per_row is None:
            tokens_per_row = float(known.mean_tokens)
            self.assumed.append(Assumption("tokens_per_row", tokens_per_row, f"a rough mean of {known.id}"))
        if "rows" in self.values:
            return int(self.values["rows"]), tokens_per_row
        if known is not None:
            self.assumed.append(Assumption("rows", known.rows, f"of {known.id} ({known.source})"))
            return known.rows, tokens_per_row
        if "max_steps" in self.values:
            return int(self.values["max_steps"]) * global_batch, tokens_per_row
        raise PlanError(
            f"{self._place()}how much is trained on is not known; give --tokens, --rows, --max-steps or a "
            "data set that is known"
        )

    def _targets(self) -> tuple[str, ...]:
        given = self._or("target_modules", "all-linear", "every linear layer")
        if given == "all-linear":
            return LINEAR_MODULES
        return tuple(given.split(",")) if isinstance(given, str) else tuple(given)

    def _optimizer(self) -> str:
        name = str(self._or("optimizer", "adamw_torch_fused", "the default of transformers"))
        found = OPTIMIZERS.get(name, name)
        if found not in OPTIMIZERS.values():
            raise PlanError(
                f"{self._place()}optimizer {name!r} is not estimated; those that are: {', '.join(OPTIMIZERS)}"
            )
        return found

    def _others(self) -> dict[str, Any]:
        fused = bool(self.values.get("fused_kernels", self.values.get("loss") == "liger"))
        compiled = bool(self.values.get("compiled", False))
        found: dict[str, Any] = {name: value for name, value in self.values.items() if name in _AS_THEY_ARE}
        kernels = {"fused_kernels": fused or compiled, "fused_mlp": fused or compiled, "compiled": compiled}
        return {**found, **kernels}


_AS_THEY_ARE = (
    "checkpoint_policy", "residual", "weights", "quantisation", "streaming", "evaluation_rows",
    "evaluate_every", "expandable_segments", "optimizer_in_backward",
)  # fmt: skip


def values_of_train_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a configuration of `tminus train`, by the names here.

    Its weights are float32 for a full fine-tune, and bfloat16 is computed in.
    """
    full = config["method"] == "full"
    selective = config.get("activation_checkpointing") == "selective"
    optimizer = config.get("optimizer")
    attention = {"flash_attention_2": "flash", "auto": None}.get(
        str(config.get("attention")), config.get("attention")
    )
    same = (
        "model", "method", "seq_len", "epochs", "max_steps", "global_batch", "micro_batch", "lora_r",
        "target_modules", "gradient_checkpointing", "packing", "gpu", "nodes", "dataset", "streaming",
    )  # fmt: skip
    save_every, micro_batch = config.get("save_every"), config.get("micro_batch")
    return {
        **{name: config.get(name) for name in same},
        "micro_batch": micro_batch if isinstance(micro_batch, int) else None,
        "optimizer": None if optimizer == "auto" else optimizer,
        "attention": attention,
        "loss": "liger" if config.get("liger") else "chunked",
        "compiled": config.get("torch_compile"),
        "checkpoint_policy": "operations" if selective else None,
        "weights": "fp32" if full else None,
        "save_every": save_every if isinstance(save_every, int) else None,
        "trainer": "tminus",
    }
