"""Fine-tune a 7B model on Modal, 1 node x 8 GPUs (8xH100 80GB).

Usage:
    modal run --detach many_ways_to_say_it.py --epochs 3

Cost:
    8x H100 at $3.95/hr each = $31.60/hr, so about 4 hours come to ~$130 with CPU and memory.
    The paper trained for 12,000 GPU hours on 64 A100s; you could also use 2 GPUs or 16 GPUs.
    New accounts have $30 of free credits. Data labelling cost $400 in 4 hours.

Memory: the run peaks at 61 GB of VRAM. An RTX 4090 has 24 GB VRAM, a B200 192 GB of GPU memory.
"""

import modal

app = modal.App("sft")

# GPU prices per hour: T4 $0.59, L4 $0.80, A100 80GB $2.50
PRICES = {
    "H100": 3.95,  # $3.95/hr
    "A100-80GB": 2.50,  # 80GB VRAM, $2.50/hr
}


@app.function(cpu=8, timeout=3600)
def prepare():
    # 16 GB of RAM are enough, 0 GPUs
    ...


@app.function(
    gpu="H100:8",  # or "A100-80GB:4": 4 GPUs are cheaper
    timeout=6 * 3600,
)
def train():
    # Each of the 8 GPUs holds a shard.
    # 3 GPU types were tried; see table 2 H100 for the figures of 2024 H100 runs.
    ...


@app.function(gpu="H100")
def evaluate():
    """Evaluate on one H100 (80 GB of VRAM)."""
