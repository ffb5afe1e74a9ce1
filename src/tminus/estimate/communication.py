"""Collectives between GPUs: what they move, over which links, and how long they take."""

from __future__ import annotations

import math

from tminus.estimate import assumptions
from tminus.estimate.calibration import Calibration
from tminus.estimate.job import BatchSplit, Hardware, Sharding, TrainingJob
from tminus.estimate.parameters import trainable_parameters
from tminus.estimate.states import QUANTISED_BYTES, shards_weights
from tminus.facts import Facts


def communication_s(
    job: TrainingJob,
    hardware: Hardware,
    split: BatchSplit,
    facts: Facts,
    sharding: Sharding,
    constants: Calibration,
) -> float:
    """All collectives of one step, before anything hides them.

    DDP sums the gradients once a step; ZeRO-1 and 2 scatter them and gather the weights, which is as much.
    FSDP and ZeRO-3 gather the 16-bit weights twice and scatter the gradients once in every micro-batch.
    """
    if split.world_size == 1:
        return 0.0
    if shards_weights(sharding):
        weights = job.model.parameters * 2.0
        if job.method == "qlora":
            weights = job.model.parameters * QUANTISED_BYTES[job.quantisation]
        gradients = trainable_parameters(job) * 4.0
        units = job.model.layers + 1
        gather = collective_s(weights, units, hardware, facts, constants)
        scatter = collective_s(gradients, units, hardware, facts, constants)
        return split.accumulation * (2 * gather + scatter)
    each = 4 if job.adapters or job.weights == "fp32" else 2
    size = trainable_parameters(job) * float(each)
    buckets = max(1, math.ceil(size / (25 * 2**20)))  # DDP's bucket_cap_mb is 25
    return all_reduce_s(size, buckets, hardware, facts, constants)


def collective_s(size: float, calls: int, hardware: Hardware, facts: Facts, constants: Calibration) -> float:
    """An all-gather or reduce-scatter of `size` bytes in all, in `calls` pieces, around a ring.

    A ring of n ranks moves (n - 1) / n of the size over every link and makes n - 1 hops. Source:
    https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md
    """
    ranks = hardware.world_size
    moved = size * (ranks - 1) / ranks / (link_gb_per_s(hardware, facts) * 1e9 * constants.link_share)
    return moved + calls * (ranks - 1) * _hop_s(hardware)


def all_reduce_s(size: float, calls: int, hardware: Hardware, facts: Facts, constants: Calibration) -> float:
    """The sum of `size` bytes over all ranks, in `calls` pieces: the faster of a ring and a double tree.

    A ring moves 2 (n - 1) / n of the size over every link in 2 (n - 1) hops; two complementary trees move
    twice the size in 2 log2 n hops. Source: https://developer.nvidia.com/blog/massively-scale-deep-learning-training-nccl-2-4/
    """
    ranks = hardware.world_size
    rate = link_gb_per_s(hardware, facts) * 1e9 * constants.link_share
    hop_s = _hop_s(hardware)
    ring = 2 * size * (ranks - 1) / ranks / rate + calls * 2 * (ranks - 1) * hop_s
    tree = 2 * size / rate + calls * 2 * math.ceil(math.log2(ranks)) * hop_s
    return min(ring, tree)


def link_gb_per_s(hardware: Hardware, facts: Facts) -> float:
    """One-way rate of the slowest link of a ring, for each GPU, in GB/s.

    Within a container: half of NVLink's bidirectional rate, or PCIe. Between containers: the RDMA or the
    private network's rate. NCCL runs one ring through each network card, so the whole node's rate counts
    for the ring.
    """
    inside = hardware.gpu.nvlink_gb_per_s / 2 or assumptions.PCIE_GB_PER_S
    if hardware.nodes == 1:
        return inside
    network = "cluster.rdma_gbit_per_s" if hardware.rdma else "cluster.private_network_gbit_per_s"
    return min(inside, float(facts[network].value) / 8)


def _hop_s(hardware: Hardware) -> float:
    # A ring through several hosts makes most of its hops inside them: the mean of both.
    inside = assumptions.HOP_LATENCY_S["inside"]
    if hardware.nodes == 1:
        return inside
    between = assumptions.HOP_LATENCY_S["rdma" if hardware.rdma else "ethernet"]
    return inside + (between - inside) / hardware.gpus_per_node
