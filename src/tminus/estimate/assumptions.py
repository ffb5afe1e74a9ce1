"""What the estimates assume because nobody publishes it: each is stated wherever it is used."""

from __future__ import annotations

KERNELS_PER_LAYER_PASS = 60
"""Kernels of one forward pass through a decoder layer of transformers; the backward pass has twice as
many."""

KERNELS_PER_ADAPTER_PASS = 6
"""Kernels of one forward pass through an adapter of PEFT."""

ZERO3_MODULE_S = 1.5e-4
"""Host time that ZeRO-3 takes to gather and let go of one module's weights, in each pass. Its micro-steps of
Qwen-1.8B take 0.17 s longer than those of a LoRA without it, for some 1,100 such passes
(https://github.com/QwenLM/Qwen/blob/main/README.md)."""

PCIE_GB_PER_S = 20.0
"""One-way rate between two GPUs without NVLink, over PCIe 4.0 ×16."""

HOP_LATENCY_S = {"inside": 3e-6, "rdma": 8e-6, "ethernet": 30e-6}
"""Time for one hop of a collective: within a host, over RDMA, over TCP. NCCL's own tuning tables give 3 to
14 µs for NVLink and InfiniBand (https://github.com/NVIDIA/nccl/blob/master/src/graph/tuning.cc)."""

CONTAINER_START_S = 20.0
"""Scheduling once a GPU is there, and the start of the container."""

IMAGE_GB = 8.0
IMAGE_PULL_GB_PER_S = 0.4
"""Size of an image with CUDA, PyTorch and the training libraries, and the rate at which its files arrive."""

IMPORT_S = 30.0
"""Importing torch, transformers and PEFT from a cold file system, and starting the ranks."""

DOWNLOAD_GB_PER_S = 0.5
"""Model files from the hub or from a volume, to the container."""

LOAD_GB_PER_S = 1.5
"""Model files to the GPU, with quantisation if there is any."""

DISPATCHED_TOKENS_PER_S = 6.2e5
"""Tokens that one process tokenises, packs and sends to the other ranks in a second. From the scaling of
Modal's Llama-2-7B example, whose step grows by 0.105 s for each rank's 65,536 tokens: 10.2, 11.8 and 15.4 s
on 16, 32 and 64 GPUs
(https://github.com/modal-labs/multinode-training-guide/blob/main/starcoder/README.md)."""

OLD_ATTENTION_SHARE = 0.55
"""Speed of FlashAttention's first version as a share of the second's: 25 to 40 % of an A100's peak against 50
to 73 % (https://arxiv.org/abs/2307.08691, section 4)."""

COMPILE_S_PER_LAYER = 1.5
"""``torch.compile`` of one decoder layer, forward and backward."""

WARM_UP_STEPS = 1.0
"""Steps' worth of time that the first steps take longer: kernels are chosen, the allocator grows."""

SAVE_FIXED_S = 4.0
"""Gathering the states, creating files and committing the volume."""

SAVE_GB_PER_S = 0.5
"""Writing a checkpoint to a volume."""

MEAN_TIME_BETWEEN_INTERRUPTIONS_S = 8 * 3600.0
"""Of one container with GPUs. Modal documents that such containers can be preempted at any time, not how
often (https://modal.com/docs/guide/preemption): an assumption, chosen on the careful side."""

QUEUE_S = {1: 30.0, 2: 60.0, 4: 120.0, 8: 600.0}
"""Wait for a container by its GPUs: Modal says that more than two "may" wait longer
(https://modal.com/docs/guide/gpu), not how long."""

BUILD_S = 240.0
"""Building the image when it is not cached: installing the training libraries."""
