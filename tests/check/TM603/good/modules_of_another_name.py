import modal

app = modal.App("names")
image = modal.Image.debian_slim(python_version="3.12").pip_install(
    "scikit-image==0.25.2", "opencv-python-headless==4.12.0.88", "openai-whisper==20250625", "faiss-cpu==1.12.0",
    "biopython==1.85", "umap-learn==0.5.9", "python-fasthtml==0.12.35", "yt-dlp==2026.1.1", "python-magic==0.4.27",
    "torch-scatter==2.1.2", "flash-linear-attention==0.4.1", "pymupdf==1.26.5", "ffmpeg-python==0.2.0", "bs4==0.0.2",
)


@app.function(image=image, gpu="L4", timeout=3600)
def run():
    import bs4
    import cv2
    import faiss
    import ffmpeg
    import fitz
    import magic
    import skimage
    import torch
    import torch_scatter
    import umap
    import whisper
    import yt_dlp
    from Bio import SeqIO
    from fasthtml.common import fast_app
    from fla.ops import chunk
    from PIL import Image

    return bs4, cv2, faiss, ffmpeg, fitz, magic, skimage, torch, torch_scatter, umap, whisper, yt_dlp, SeqIO, fast_app, chunk, Image
