import os

import modal

image = modal.Image.debian_slim(python_version="3.12").env(
    {"PYTORCH_ALLOC_CONF": "expandable_segments:True,roundup_power2_divisions:[256:1,512:2,>:4]"}
)


def for_another_process():
    os.environ["PYTORCH_CUDA_ALLOC_CONF"] = os.environ.get("CONF", "expandable_segments:True")
env = dict(os.environ, PYTORCH_ALLOC_CONF="backend:cudaMallocAsync, pinned_use_background_threads:True")
