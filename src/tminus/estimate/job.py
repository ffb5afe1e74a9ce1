"""What is trained and on what: the inputs of every estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from tminus.facts import GpuType, ModelShape

Method = Literal["full", "lora", "qlora"]
Optimizer = Literal["adamw", "adamw_fused", "adamw_8bit", "paged_adamw", "paged_adamw_8bit"]
LossKernel = Literal["stock", "fused", "chunked", "liger"]
Attention = Literal["sdpa", "flash", "flash1", "eager"]
Precision = Literal["bf16", "fp32"]
Sharding = Literal["none", "fsdp", "zero1", "zero2", "zero3"]
Quantisation = Literal["nf4_double", "nf4", "gptq"]
CheckpointPolicy = Literal["layers", "operations"]

LINEAR_MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers of a decoder layer, as transformers' Llama-like models name them."""


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """A fine-tuning run, apart from the hardware.

    Attributes:
        model: Shape of the base model.
        method: ``full``, ``lora`` (16-bit base) or ``qlora`` (4-bit base).
        seq_len: Longest row in tokens; the length of every row when packing.
        rows: Rows of the data set used in one epoch.
        global_batch: Rows of one optimizer step, over all GPUs and accumulated micro-batches.
        epochs: Passes over the data.
        max_steps: Optimizer steps after which training stops; None trains all epochs.
        tokens_per_row: Mean tokens of a row; None counts every row as `seq_len` long.
        lora_r: Rank of the adapters.
        lora_targets: Linear layers that get an adapter.
        gradient_checkpointing: Whether layers are recomputed in the backward pass.
        checkpoint_policy: What is kept then: ``layers`` only the input of each, ``operations`` also the
            outputs of attention and of every second matrix product (torchtitan's selective policy).
        quantisation: How QLoRA's base is stored: bitsandbytes' nf4 with double quantisation or without, or
            GPTQ in groups of 128.
        experts_quantised: Whether routed experts are quantised with the rest. From transformers 5 on they
            are one tensor and no linear layers, which bitsandbytes leaves in 16 bits.
        linear_inputs_kept: Whether quantised layers keep their 16-bit input for the backward pass, as
            bitsandbytes before 0.43 did.
        optimizer: AdamW with 32-bit states (``adamw`` with the stock step, ``adamw_fused``), 8-bit states, or
            either of them paged to the host when the GPU is full.
        packing: Whether rows are joined into rows of `seq_len` tokens.
        loss: How the loss is computed: ``stock`` (transformers: whole logits, in float32), ``fused`` (one
            kernel over whole logits, as Unsloth's), ``chunked`` (TRL's default since 1.7: never the whole
            logits, https://github.com/huggingface/trl/pull/5846) or ``liger`` (fused with the output head).
        fused_kernels: Whether norms, rotary embedding and adapters run as fused kernels.
        fused_mlp: Whether the gate of the MLP is fused too, and recomputed in the backward pass (Liger,
            Unsloth, ``torch.compile``).
        attention: The attention implementation; ``flash1`` is FlashAttention's first version, or Triton's.
        streaming: Whether the data set is streamed, so that the first rank prepares every rank's rows
            (Accelerate's ``dispatch_batches``, its default for iterable data sets).
        weights: Precision in which 16-bit weights are held; the 4-bit part of QLoRA is not affected.
        residual: Precision of the stream between layers; ``fp32`` after ``prepare_model_for_kbit_training``.
        sharded_weights: Precision of trained weights, their gradients and states under FSDP: Accelerate turns
            them into float32 in mixed precision since 0.27; before, they stayed as loaded.
        compiled: Whether the model is compiled first (``torch.compile``).
        expandable_segments: Whether PyTorch's allocator grows its segments (``PYTORCH_ALLOC_CONF``), which
            leaves little of them unused.
        optimizer_in_backward: Whether each weight is updated as soon as its gradient is there, so that the
            gradients are never all held (torchtune's ``optimizer_in_bwd``).
        evaluate_every: Optimizer steps between evaluations; None evaluates only at the end, if at all.
        evaluation_rows: Rows of one evaluation; 0 evaluates never.
        save_every: Optimizer steps between checkpoints; None leaves the interval open.
        trainer: Name of the training library, for the record.
    """

    model: ModelShape
    method: Method
    seq_len: int
    rows: int
    global_batch: int
    epochs: float = 1.0
    max_steps: int | None = None
    tokens_per_row: float | None = None
    lora_r: int = 16
    lora_targets: tuple[str, ...] = LINEAR_MODULES
    gradient_checkpointing: bool = True
    optimizer: Optimizer = "adamw_fused"
    packing: bool = False
    loss: LossKernel = "stock"
    fused_kernels: bool = False
    fused_mlp: bool = False
    attention: Attention = "sdpa"
    weights: Precision = "bf16"
    residual: Precision = "bf16"
    checkpoint_policy: CheckpointPolicy = "layers"
    quantisation: Quantisation = "nf4_double"
    experts_quantised: bool = False
    linear_inputs_kept: bool = False
    sharded_weights: Precision = "fp32"
    compiled: bool = False
    streaming: bool = False
    expandable_segments: bool = False
    optimizer_in_backward: bool = False
    evaluate_every: int | None = None
    evaluation_rows: int = 0
    save_every: int | None = None
    trainer: str = "transformers"

    def __post_init__(self) -> None:
        """Refuse a job that no trainer could run.

        Raises:
            ValueError: A count is not positive or a name is unknown; the message says which.
        """
        for name in ("seq_len", "rows", "global_batch", "epochs", "lora_r"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)!r}")
        if self.max_steps is not None and self.max_steps < 1:
            raise ValueError(f"max_steps must be positive, not {self.max_steps!r}")
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        unknown = sorted(set(self.lora_targets) - set(LINEAR_MODULES))
        if unknown:
            raise ValueError(f"lora_targets: {', '.join(unknown)} is not one of {', '.join(LINEAR_MODULES)}")

    @property
    def adapters(self) -> bool:
        """Whether only adapters are trained."""
        return self.method != "full"

    @property
    def row_tokens(self) -> float:
        """Mean tokens of a row as given, at most `seq_len`."""
        return self.seq_len if self.tokens_per_row is None else min(self.tokens_per_row, self.seq_len)

    @property
    def rows_per_epoch(self) -> int:
        """Rows that one epoch feeds to the model: fewer than `rows` when packing joins them."""
        return math.ceil(self.rows * self.row_tokens / self.seq_len) if self.packing else self.rows

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole run.

        The last, smaller batch of an epoch counts as a step, as in transformers' Trainer (5.x).
        """
        if self.max_steps is not None:
            return self.max_steps
        return max(1, math.ceil(self.epochs * math.ceil(self.rows_per_epoch / self.global_batch)))

    def computed_tokens_per_row(self, micro_batch: int) -> float:
        """Tokens that the GPU works through for one row, padding included.

        A packed row is full. An unpacked micro-batch is padded to its longest row; for lengths spread
        exponentially about their mean, the longest of m is the mean times the m-th harmonic number. Real data
        sets are spread less or more than that: an assumption, not a measurement.
        """
        if self.packing or self.tokens_per_row is None:
            return self.seq_len
        harmonic = sum(1 / k for k in range(1, micro_batch + 1))
        return min(float(self.seq_len), self.row_tokens * harmonic)

    def to_dict(self) -> dict[str, Any]:
        """The job as JSON values, the model by its name."""
        return {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "model": self.model.id,
            "parameters": self.model.parameters,
            "active_parameters": self.model.active_parameters,
            "lora_targets": list(self.lora_targets) if self.adapters else None,
            "lora_r": self.lora_r if self.adapters else None,
            "steps": self.steps,
        }


_CHOICES: dict[str, tuple[str, ...]] = {
    "method": get_args(Method),
    "optimizer": get_args(Optimizer),
    "loss": get_args(LossKernel),
    "attention": get_args(Attention),
    "weights": get_args(Precision),
    "residual": get_args(Precision),
    "sharded_weights": get_args(Precision),
    "checkpoint_policy": get_args(CheckpointPolicy),
    "quantisation": get_args(Quantisation),
}


@dataclass(frozen=True, slots=True)
class Hardware:
    """The machines of a run: equal containers with equal GPUs.

    Attributes:
        gpu: Type of every GPU.
        gpus_per_node: GPUs of one container.
        nodes: Containers.
        rdma: Whether the containers are joined by RDMA rather than by the private network.
        cpu_cores: Cores that each container requests.
        memory_gib: Host memory that each container requests.
        nonpreemptible: Whether the containers are asked not to be preempted, at a higher price.
        region_multiplier: What a choice of region multiplies the price by.
    """

    gpu: GpuType
    gpus_per_node: int
    nodes: int = 1
    rdma: bool = False
    cpu_cores: float = 0.0
    memory_gib: float = 0.0
    nonpreemptible: bool = False
    region_multiplier: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a machine without GPUs.

        Raises:
            ValueError: A count is below one.
        """
        if self.gpus_per_node < 1 or self.nodes < 1:
            raise ValueError(f"no GPUs in {self.nodes} × {self.gpus_per_node} {self.gpu.name}")

    @property
    def world_size(self) -> int:
        """GPUs of all containers, one rank each."""
        return self.nodes * self.gpus_per_node


@dataclass(frozen=True, slots=True)
class BatchSplit:
    """How a global batch is spread: micro-batch × accumulation × world size.

    Attributes:
        micro_batch: Rows that one GPU works on at once.
        accumulation: Micro-batches whose gradients are added before a step.
        world_size: GPUs.
    """

    micro_batch: int
    accumulation: int
    world_size: int

    @property
    def global_batch(self) -> int:
        """Rows of one optimizer step."""
        return self.micro_batch * self.accumulation * self.world_size
