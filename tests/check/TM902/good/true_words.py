"""Train on 8 x H100: 640 GB of VRAM, about 4 hours, so about $126.

A container has at most 8 GPUs. Older guides say up to 10 GPUs. An H100 costs $3.95/hour.
"""

import modal

app = modal.App("good")


@app.function(gpu="H100:8")
def train():
    # 1 GPU would do for a test; 16 GB of CPU memory.
    ...
