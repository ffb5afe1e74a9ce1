"""Physical constants of the estimates: what each means, where it was read, how far off it was.

The fractions and slacks were fitted by hand to published runs, mostly of the fms-acceleration benchmarks
(https://github.com/foundation-model-stack/fms-acceleration/tree/main/scripts/benchmarks/refs: one
A100-80GB, TRL's SFTTrainer, packed rows of 4,096 tokens). ``bench/plan/score.py`` prints the error against
a file of such runs. Everything here is a rate, a size or a fraction with a meaning of its own; none is a
result looked up.
"""

from __future__ import annotations

from dataclasses import dataclass

GIB = 2**30

# --- Memory ---------------------------------------------------------------------------------------

NF4_BYTES_PER_PARAMETER = (4 + 8 / 64 + 32 / (64 * 256)) / 8
"""4-bit weights with double quantisation: one 8-bit constant per 64 weights and one 32-bit constant per 256
of those, together 4.127 bits. Source: QLoRA, https://arxiv.org/abs/2305.14314, section 3."""

CUDA_CONTEXT_GIB = 0.6
"""CUDA context, kernels and cuBLAS workspaces of one process: what nvidia-smi shows above PyTorch's reserved
memory. 0.5 to 0.8 in the fms-acceleration rows whose allocator had nothing else to hold."""

NCCL_GIB = 0.7
"""Channels and buffers of NCCL in each process once there is more than one rank: an assumption, since no
published row separates them."""

ALLOCATOR_SLACK = 0.12
"""Reserved but unused memory as a fraction of the activations: 0.11 to 0.15 in the fms-acceleration rows with
Liger's loss, in which nothing else is large."""

SHARDED_SLACK = 0.2
"""The same under FSDP, whose gathered weights come and go between the activations: 0.18 to 0.2 in those
rows."""

LOGITS_SLACK = 1.6
"""The same in units of one float32 copy of the logits: blocks of several GiB that later requests do not fill.
1.4 to 2.6 in the fms-acceleration rows without Liger."""

MINIMUM_SLACK = 0.02
"""The least that fragmentation costs when the allocator has given back all that it can: the full fine-tunes
of the fms-acceleration rows ran with 74.8 GiB allocated on a card of 79.1."""

# --- Time -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReachableShare:
    """What a GPU reaches of its dense 16-bit peak, and how far off the step time may be.

    Attributes:
        matmul: Share in large matrix products.
        attention: Share in scores and weighted sums.
        error: Half-width of the interval of the step time, as a fraction.
    """

    matmul: float
    attention: float
    error: float


REACHABLE = {
    "A100": ReachableShare(0.75, 0.5, error=0.2),
    "H100": ReachableShare(0.56, 0.35, error=0.35),
    "H200": ReachableShare(0.58, 0.35, error=0.35),
}
"""By GPU family.

A100: full fine-tunes of Mistral-7B and Llama-3-8B in the fms-acceleration rows; nine of ten of the 1-GPU
rows of 7 and 8 billion parameters lie within 12 %. H100: MPT-7B and 13B in llm-foundry's table (0.5 to 0.6,
pre-training under FSDP,
https://github.com/mosaicml/llm-foundry/blob/main/scripts/train/benchmarking/README.md); Llama-3-8B LoRA in
NeMo AutoModel's (https://github.com/NVIDIA-NeMo/Automodel/blob/main/docs/performance-summary.mdx) runs 1.3
times as fast as estimated, and no run of PEFT on an H100 is among those used: hence the wide interval.
H200: the H100's chip with faster memory, no run of its own. Attention: FlashAttention-2, forward and
backward, reaches about 190 of 312 TFLOP/s on A100 and 350 of 989 on H100 with long rows, less with short
ones (https://arxiv.org/abs/2307.08691, https://arxiv.org/abs/2407.08608)."""

REACHABLE_ELSEWHERE = ReachableShare(0.5, 0.35, error=0.5)
"""For GPUs without a published run among those used: an assumption."""

BANDWIDTH_FRACTION = 0.8
"""Share of the documented memory bandwidth that element-wise kernels reach; 0.75 to 0.9 is usual for
streaming kernels on these cards."""

DEQUANTISE_FRACTION = 0.45
"""The same for the 4-bit dequantisation kernel: LitGPT's table shows 79 ms more a step for Llama-2-7B with
nf4 on an A100-40GB (https://github.com/Lightning-AI/litgpt/blob/main/tutorials/resource-tables.md)."""

ADAPTER_INPUT_BYTES = 25.0
ADAPTER_OUTPUT_BYTES = 12.0
FUSED_ADAPTER_FRACTION = 0.5
"""Memory traffic of one pass over an adapter, in bytes an element of its input (cast to float32, dropout,
cast back) and of its output (scaling, sum with the base layer's output), and what fused kernels leave of
it. From LoRA against full fine-tuning in the fms-acceleration rows."""

KERNEL_LAUNCH_S = 10e-6
"""Host time to launch one kernel from PyTorch's eager mode, Python included: it is the floor of a step
whose rows are short. From Qwen-7B LoRA at 256 tokens (0.15 s a micro-step,
https://github.com/QwenLM/Qwen/blob/main/README.md)."""

KERNELS_PER_LAYER_PASS = 60
"""Kernels of one forward pass through a decoder layer of transformers; the backward pass has twice as
many."""

KERNELS_PER_ADAPTER_PASS = 6
"""Kernels of one forward pass through an adapter of PEFT."""

# --- Communication --------------------------------------------------------------------------------

LINK_FRACTION = 0.8
"""Share of a link's documented rate that NCCL reaches: 450 GB/s of bus bandwidth on 2 × 8 H100 with RDMA in
Modal's own benchmark (https://github.com/modal-labs/multinode-training-guide/blob/main/benchmark/README.md)
is all of NVLink's one-way rate; smaller messages reach less."""

PCIE_GB_PER_S = 20.0
"""One-way rate between two GPUs without NVLink, over PCIe 4.0 ×16."""

EXPOSED_COMMUNICATION = 0.3
"""Share of the communication that the backward pass does not hide."""

# --- The run around the steps ---------------------------------------------------------------------

CONTAINER_START_S = 60.0
"""From the call to the first line of Python: scheduling once a GPU is there, and pulling the image.
Assumption."""

IMPORT_S = 30.0
"""Importing torch, transformers and PEFT from a cold file system, and starting the ranks. Assumption."""

DOWNLOAD_GB_PER_S = 0.5
"""Model files from the hub or from a volume, to the container. Assumption."""

LOAD_GB_PER_S = 1.5
"""Model files to the GPU, with quantisation if there is any. Assumption."""

SAVE_FIXED_S = 4.0
"""Gathering the states, creating files and committing the volume. Assumption."""

SAVE_GB_PER_S = 0.5
"""Writing a checkpoint to a volume. Assumption."""

MEAN_TIME_BETWEEN_INTERRUPTIONS_S = 8 * 3600.0
"""Of one container with GPUs. Modal documents that such containers can be preempted at any time, not how
often (https://modal.com/docs/guide/preemption): an assumption, chosen on the careful side."""


def reachable_share(gpu_name: str) -> ReachableShare:
    """What a GPU reaches, by its Modal name."""
    return next(
        (share for family, share in REACHABLE.items() if gpu_name.upper().startswith(family)),
        REACHABLE_ELSEWHERE,
    )
