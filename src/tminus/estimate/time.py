"""Time of one optimizer step: compute, memory-bound work, communication."""

from __future__ import annotations

from dataclasses import dataclass

from tminus.estimate.assumptions import DISPATCHED_TOKENS_PER_S, OLD_ATTENTION_SHARE, ZERO3_MODULE_S
from tminus.estimate.calibration import Calibration, calibration, family
from tminus.estimate.communication import communication_s
from tminus.estimate.flops import (
    dequantise_bytes,
    gathered_modules,
    kernels_per_micro_batch,
    optimizer_step_bytes,
    token_work,
    weight_bytes,
)
from tminus.estimate.job import BatchSplit, Hardware, Sharding, TrainingJob
from tminus.facts import Facts


@dataclass(frozen=True, slots=True)
class StepTime:
    """Seconds of one optimizer step on one rank; all ranks work alike.

    Attributes:
        matmul_s: Matrix products and attention.
        elementwise_s: Memory-bound kernels, adapters and loss.
        dequantise_s: Turning 4-bit weights into 16-bit ones.
        launch_s: Waiting for the host, where kernels are shorter than their launches.
        optimizer_s: Gradient clipping and AdamW.
        communication_s: Collectives between GPUs, as far as nothing hides them.
        input_s: Waiting for the first rank to prepare the rows of all, where the data set is streamed.
        error: Half-width of the 80 % interval as a fraction of the whole.
        tokens: Tokens that contribute to the loss in one step, over all ranks.
        forward_row_s: The forward pass of one row, as an evaluation makes it.
    """

    matmul_s: float
    elementwise_s: float
    dequantise_s: float
    launch_s: float
    optimizer_s: float
    communication_s: float
    input_s: float
    error: float
    tokens: float
    forward_row_s: float

    @property
    def compute_s(self) -> float:
        """Everything but communication and input."""
        return self.matmul_s + self.elementwise_s + self.dequantise_s + self.launch_s + self.optimizer_s

    @property
    def total_s(self) -> float:
        """The whole step."""
        return self.compute_s + self.communication_s + self.input_s

    @property
    def tokens_per_second(self) -> float:
        """Trained tokens a second, over all ranks."""
        return self.tokens / self.total_s


def step_time(
    job: TrainingJob,
    hardware: Hardware,
    split: BatchSplit,
    facts: Facts,
    sharding: Sharding = "none",
    constants: Calibration | None = None,
) -> StepTime:
    """Time of one optimizer step.

    GPU work is the sum of operations over the reachable rate and bytes over the reachable bandwidth; of a
    matrix product's own bytes a part is not hidden by its arithmetic. A micro-batch takes at least as long
    as the host needs to launch its kernels. Collectives run beside forward and backward pass: what exceeds
    those stays, and a part always does.
    """
    c = constants or calibration()
    gpu, kind = hardware.gpu, family(hardware.gpu.name)
    peak, bandwidth = gpu.bf16_tflops * 1e12, gpu.memory_gb_per_s * 1e9
    attention_share = c.attention_share[kind]
    if job.attention == "flash1":
        attention_share *= OLD_ATTENTION_SHARE
    row = job.computed_tokens_per_row(split.micro_batch)
    work = token_work(job, row)
    tokens = split.micro_batch * row
    traffic = tokens * work.matmul_bytes + weight_bytes(job)
    matmul = tokens * (
        work.matmul_flops / (peak * c.matmul_share[kind]) + work.attention_flops / (peak * attention_share)
    )
    matmul += c.matmul_memory * traffic / bandwidth
    memory_bound = work.elementwise_bytes + c.adapter_traffic * work.adapter_bytes
    elementwise = tokens * memory_bound / (bandwidth * c.bandwidth_share)
    unpacked = c.gptq_share if job.quantisation == "gptq" else c.dequantise_share
    dequantise = dequantise_bytes(job) / (bandwidth * unpacked)
    host = kernels_per_micro_batch(job) * c.kernel_launch_s + gathered_modules(job, sharding) * ZERO3_MODULE_S
    launch = max(0.0, host - matmul - elementwise - dequantise)
    shards = split.world_size if sharding != "none" else 1
    micro_s = matmul + elementwise + dequantise + launch
    waiting = split.world_size > 1 and job.streaming
    prepared_s = tokens * split.world_size / DISPATCHED_TOKENS_PER_S if waiting else 0.0
    moving_s = communication_s(job, hardware, split, facts, sharding, c)
    # Gradients can only be summed while the last micro-batch goes backward; weights are gathered in all.
    beside_s = micro_s * (split.accumulation if sharding in ("fsdp", "zero3") else 2 / 3)
    return StepTime(
        matmul_s=matmul * split.accumulation,
        elementwise_s=elementwise * split.accumulation,
        dequantise_s=dequantise * split.accumulation,
        launch_s=launch * split.accumulation,
        optimizer_s=optimizer_step_bytes(job) / shards / (bandwidth * c.bandwidth_share),
        communication_s=max(moving_s - beside_s, c.exposed_communication * moving_s),
        input_s=prepared_s * split.accumulation,
        error=c.step_error[kind],
        tokens=split.global_batch * (job.seq_len if job.packing else job.row_tokens),
        forward_row_s=micro_s / split.micro_batch / (4 if job.gradient_checkpointing else 3),
    )
