import modal

image = modal.Image.debian_slim(python_version="3.12").env(
    {
        "PYTORCH_ALLOC_CONF": "expandable_segments:True",
        "PYTORCH_CUDA_ALLOC_CONF": "max_split_size_mb:128",
    }
)
