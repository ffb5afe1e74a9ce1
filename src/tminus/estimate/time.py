"""Time of one optimizer step: compute, memory-bound work, communication."""

from __future__ import annotations

from dataclasses import dataclass

from tminus.estimate import calibration as c
from tminus.estimate.flops import (
    dequantise_bytes,
    kernels_per_micro_batch,
    optimizer_step_bytes,
    token_work,
)
from tminus.estimate.job import BatchSplit, Hardware, Sharding, TrainingJob
from tminus.estimate.parameters import trainable_parameters
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
        communication_s: Gradients between GPUs, where the backward pass does not hide them.
        error: Half-width of the interval as a fraction of the whole.
        tokens: Tokens that contribute to the loss in one step, over all ranks.
    """

    matmul_s: float
    elementwise_s: float
    dequantise_s: float
    launch_s: float
    optimizer_s: float
    communication_s: float
    error: float
    tokens: float

    @property
    def compute_s(self) -> float:
        """Everything but communication."""
        return self.matmul_s + self.elementwise_s + self.dequantise_s + self.launch_s + self.optimizer_s

    @property
    def total_s(self) -> float:
        """The whole step."""
        return self.compute_s + self.communication_s

    @property
    def tokens_per_second(self) -> float:
        """Trained tokens a second, over all ranks."""
        return self.tokens / self.total_s


def step_time(
    job: TrainingJob, hardware: Hardware, split: BatchSplit, facts: Facts, sharding: Sharding = "none"
) -> StepTime:
    """Time of one optimizer step.

    GPU work is the sum of operations over the reachable rate and bytes over the reachable bandwidth; a
    micro-batch takes at least as long as the host needs to launch its kernels.
    """
    gpu = hardware.gpu
    share = c.reachable_share(gpu.name)
    peak = gpu.bf16_tflops * 1e12
    bytes_per_s = gpu.memory_gb_per_s * 1e9 * c.BANDWIDTH_FRACTION
    row = job.computed_tokens_per_row(split.micro_batch)
    work = token_work(job, row)
    tokens = split.micro_batch * row
    matmul = tokens * (
        work.matmul_flops / (peak * share.matmul) + work.attention_flops / (peak * share.attention)
    )
    elementwise = tokens * (work.elementwise_bytes + work.adapter_bytes) / bytes_per_s
    dequantise = dequantise_bytes(job) / (gpu.memory_gb_per_s * 1e9 * c.DEQUANTISE_FRACTION)
    launch = max(0.0, kernels_per_micro_batch(job) * c.KERNEL_LAUNCH_S - matmul - elementwise - dequantise)
    shards = split.world_size if sharding == "fsdp" else 1
    return StepTime(
        matmul_s=matmul * split.accumulation,
        elementwise_s=elementwise * split.accumulation,
        dequantise_s=dequantise * split.accumulation,
        launch_s=launch * split.accumulation,
        optimizer_s=optimizer_step_bytes(job) / shards / bytes_per_s,
        communication_s=communication_s(job, hardware, split, facts, sharding),
        error=share.error,
        tokens=split.global_batch * (job.seq_len if job.packing else job.row_tokens),
    )


def communication_s(
    job: TrainingJob, hardware: Hardware, split: BatchSplit, facts: Facts, sharding: Sharding = "none"
) -> float:
    """Communication of one step that the backward pass does not hide.

    DDP sums the gradients once a step: a ring moves 2 (n - 1) / n of their size over every link. FSDP
    gathers the 16-bit weights twice and scatters the gradients once in every micro-batch, (n - 1) / n each.
    Source: https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md
    """
    ranks = split.world_size
    if ranks == 1:
        return 0.0
    rate = link_gb_per_s(hardware, facts) * 1e9 * c.LINK_FRACTION
    if sharding == "fsdp":
        weights = 2 * job.model.parameters * 2 * split.accumulation
        gradients = trainable_parameters(job) * 4 * split.accumulation
        moved = (weights + gradients) * (ranks - 1) / ranks
    else:
        each = 4 if job.adapters or job.weights == "fp32" else 2
        moved = trainable_parameters(job) * each * 2 * (ranks - 1) / ranks
    return moved / rate * c.EXPOSED_COMMUNICATION


def link_gb_per_s(hardware: Hardware, facts: Facts) -> float:
    """One-way rate of the slowest link of a ring, for each GPU, in GB/s.

    Within a container: half of NVLink's bidirectional rate, or PCIe. Between containers: the RDMA or the
    private network's rate. NCCL runs one ring through each network card, so the whole node's rate counts
    for the ring.
    """
    inside = hardware.gpu.nvlink_gb_per_s / 2 or c.PCIE_GB_PER_S
    if hardware.nodes == 1:
        return inside
    network = "cluster.rdma_gbit_per_s" if hardware.rdma else "cluster.private_network_gbit_per_s"
    return min(inside, float(facts[network].value) / 8)
