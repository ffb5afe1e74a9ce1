import os

os.environ["PYTORCH_CUDA_ALLOC_CONF"] = "max_split_size_mb:8,garbage_collection_threshold:80"
os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:true")
