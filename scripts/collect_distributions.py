"""Collect what packages bring along: the direct dependencies of each, from the index's own metadata.

    python scripts/collect_distributions.py REPORT.json... > src/tminus/facts/data/api/distributions.json

Each report is the output of ``pip install --dry-run --ignore-installed --report REPORT.json PACKAGE``.
Dependencies of extras are kept apart: a script that asks for an extra may have any of them.
"""

from __future__ import annotations

import datetime
import json
import re
import sys
from pathlib import Path

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")

# Distribution -> modules, where they are not called like it. Compared with the files of 200 wheels.
_MODULES = {
    "lm-format-enforcer": ["lmformatenforcer"], "slack-sdk": ["slack_sdk", "slack"],
    "absl-py": ["absl"], "antlr4-python3-runtime": ["antlr4"], "argon2-cffi": ["argon2"],
    "attrs": ["attr", "attrs"], "autoawq": ["awq"], "azure-core": ["azure"], "azure-identity": ["azure"],
    "azure-storage-blob": ["azure"], "beautifulsoup4": ["bs4"], "biopython": ["Bio", "BioSQL"],
    "chatterbox-tts": ["chatterbox"], "clip-anytorch": ["clip"], "coqui-tts": ["TTS"],
    "cuda-bindings": ["cuda"], "cuda-core": ["cuda"], "cuda-python": ["cuda"],
    "cupy-cuda12x": ["cupy", "cupyx", "cupy_backends"], "cupy-cuda13x": ["cupy", "cupyx", "cupy_backends"],
    "discord-py": ["discord"], "dm-tree": ["tree"], "dnspython": ["dns"], "dspy-ai": ["dspy"],
    "fair-esm": ["esm"], "faiss-cpu": ["faiss"], "faiss-gpu": ["faiss"], "faiss-gpu-cu12": ["faiss"],
    "fasttext-wheel": ["fasttext"], "ffmpeg-python": ["ffmpeg"], "firecrawl-py": ["firecrawl"],
    "fla-core": ["fla"], "flash-attn-3": ["flash_attn_interface", "flash_attn_3"],
    "flash-attn-4": ["flash_attn"], "flash-linear-attention": ["fla"], "gitpython": ["git"],
    "google-api-core": ["google"], "google-api-python-client": ["googleapiclient", "apiclient"],
    "google-auth": ["google"], "google-cloud-storage": ["google"], "google-genai": ["google"],
    "google-generativeai": ["google"], "googleapis-common-protos": ["google"], "grpcio": ["grpc"],
    "grpcio-health-checking": ["grpc_health"], "grpcio-reflection": ["grpc_reflection"],
    "grpcio-status": ["grpc_status"], "grpcio-tools": ["grpc_tools"], "haystack-ai": ["haystack"],
    "hydra-core": ["hydra"], "imbalanced-learn": ["imblearn"], "inference-gpu": ["inference"],
    "instructorembedding": ["InstructorEmbedding"], "invisible-watermark": ["imwatermark"],
    "ipython": ["IPython"], "jupyter-core": ["jupyter_core", "jupyter"], "levenshtein": ["Levenshtein"],
    "llama-cpp-python": ["llama_cpp"], "llama-index-core": ["llama_index"],
    "llama-index-embeddings-openai": ["llama_index"], "llama-index-llms-openai": ["llama_index"],
    "markdown-it-py": ["markdown_it"], "mauve-text": ["mauve"], "mdanalysis": ["MDAnalysis"],
    "mlflow-skinny": ["mlflow"], "modal": ["modal", "modal_proto", "modal_version", "modal_docs"],
    "modal-client": ["modal"], "nemo-toolkit": ["nemo"],
    "nvidia-cutlass": ["cutlass", "cutlass_library", "pycute"],
    "nvidia-cutlass-dsl": ["nvidia_cutlass_dsl", "cutlass"], "nvidia-dali-cuda120": ["nvidia"],
    "nvidia-ml-py": ["pynvml"], "nvidia-modelopt": ["modelopt"], "onnxruntime-gpu": ["onnxruntime"],
    "open-clip-torch": ["open_clip"], "openai-clip": ["clip"], "openai-whisper": ["whisper"],
    "opencv-contrib-python": ["cv2"], "opencv-contrib-python-headless": ["cv2"], "opencv-python": ["cv2"],
    "opencv-python-headless": ["cv2"], "opencv-stubs": ["cv2"], "opentelemetry-api": ["opentelemetry"],
    "opentelemetry-sdk": ["opentelemetry"], "orbax-checkpoint": ["orbax"], "paddlepaddle": ["paddle"],
    "paddlepaddle-gpu": ["paddle"], "pdfminer-six": ["pdfminer"], "pillow": ["PIL"], "pillow-simd": ["PIL"],
    "pinecone-client": ["pinecone"], "proto-plus": ["proto"], "protobuf": ["google"],
    "psycopg2-binary": ["psycopg2"], "py-cpuinfo": ["cpuinfo"], "pyannote-audio": ["pyannote"],
    "pyannote-core": ["pyannote"], "pycryptodome": ["Crypto"], "pycryptodomex": ["Cryptodome"],
    "pygithub": ["github"], "pyjwt": ["jwt"], "pymongo": ["pymongo", "bson", "gridfs"],
    "pymupdf": ["fitz", "pymupdf", "pymupdf4llm"], "pynvml": ["pynvml", "pynvml_utils"], "pyobjc": ["objc"],
    "pyopengl": ["OpenGL"], "pyopenssl": ["OpenSSL"], "pypdf2": ["PyPDF2"], "pyserial": ["serial"],
    "pysocks": ["socks", "sockshandler"], "pytest": ["pytest", "_pytest", "py"], "python-box": ["box"],
    "python-dateutil": ["dateutil"], "python-docx": ["docx"], "python-dotenv": ["dotenv"],
    "python-etcd": ["etcd"], "python-fasthtml": ["fasthtml"], "python-jose": ["jose"],
    "python-json-logger": ["pythonjsonlogger"], "python-levenshtein": ["Levenshtein"],
    "python-magic": ["magic"], "python-multipart": ["multipart", "python_multipart"],
    "python-pptx": ["pptx"], "python-slugify": ["slugify"], "python-socketio": ["socketio"],
    "python-telegram-bot": ["telegram"], "pytorch-lightning": ["pytorch_lightning", "lightning_fabric"],
    "pyyaml": ["yaml", "_yaml"], "pyzmq": ["zmq"], "ranger-fm": ["rangerfm"], "rdkit-pypi": ["rdkit"],
    "readability-lxml": ["readability"], "ruamel-yaml": ["ruamel"], "ruamel-yaml-clib": ["_ruamel_yaml"],
    "scikit-image": ["skimage"], "scikit-learn": ["sklearn"], "scikit-optimize": ["skopt"],
    "setuptools": ["setuptools", "pkg_resources"], "soundfile": ["soundfile", "_soundfile"],
    "speechrecognition": ["speech_recognition"], "tavily-python": ["tavily"],
    "tencentcloud-sdk-python": ["tencentcloud"], "tensorboardx": ["tensorboardX"],
    "tensorflow-cpu": ["tensorflow"], "tensorflow-gpu": ["tensorflow"], "tf-nightly": ["tensorflow"],
    "torch": ["torch", "functorch", "torchgen"], "tts": ["TTS"], "umap-learn": ["umap"],
    "unbabel-comet": ["comet"], "wandb": ["wandb", "wandb_gql", "wandb_graphql", "wandb_watchdog"],
    "weaviate-client": ["weaviate"], "webdataset": ["webdataset", "wids"],
    "websocket-client": ["websocket"], "whisper-openai": ["whisper"], "z3-solver": ["z3"],
    # Read through by name, and compared with what is installed beside the tool and with pipreqs' table.
    "apache-tvm-ffi": ["tvm_ffi"], "cython": ["Cython", "cython", "pyximport"],
    "flashinfer-python": ["flashinfer"], "fonttools": ["fontTools"], "future": ["future", "past"],
    "nccl4py": ["nccl"], "rpds-py": ["rpds"], "sgl-deep-gemm": ["deep_gemm"], "ultralytics-thop": ["thop"],
    "opentelemetry-exporter-otlp": ["opentelemetry"],
    "opentelemetry-exporter-otlp-proto-common": ["opentelemetry"],
    "opentelemetry-exporter-otlp-proto-grpc": ["opentelemetry"],
    "opentelemetry-exporter-otlp-proto-http": ["opentelemetry"], "opentelemetry-proto": ["opentelemetry"],
    "opentelemetry-semantic-conventions": ["opentelemetry"],
}  # fmt: skip

# What earlier releases brought, and the newest do not: scripts pin those too.
_BEFORE = {
    "transformers": ["filelock", "requests"],
    "huggingface-hub": ["filelock", "fsspec", "requests", "tqdm", "pyyaml", "packaging"],
    "datasets": ["aiohttp", "requests", "pyarrow-hotfix", "fsspec", "responses", "pandas", "numpy"],
    "trl": ["torch", "rich", "numpy", "peft", "tyro", "requests"],
    "peft": ["requests"],
    "accelerate": ["numpy", "pyyaml", "requests"],
    "wandb": ["gitpython", "psutil", "setproctitle", "sentry-sdk", "requests", "appdirs", "setuptools"],
    "bitsandbytes": ["torch", "numpy", "scipy"],
    "deepspeed": ["torch", "pydantic", "psutil", "nvidia-ml-py", "pynvml"],
    "torch": ["nvidia-ml-py", "numpy", "typing-extensions", "setuptools"],
    "tokenizers": ["huggingface-hub", "requests"],
    "flash-attn": ["torch", "einops", "ninja", "packaging"],
    "fastapi": ["httpx", "jinja2", "python-multipart", "uvicorn", "typer", "rich"],
    "gradio": ["requests", "matplotlib"],
    "sentence-transformers": ["nltk", "sentencepiece", "torchvision", "pillow", "requests"],
    "torchvision": ["requests"],
    "diffusers": ["requests"],
    "openai": ["requests", "aiohttp", "numpy", "pandas"],
    # Without wheels on the index, or for other machines only: read from their set-up files.
    "torch-scatter": [], "torch-sparse": ["scipy"], "torch-cluster": ["scipy"], "torch-spline-conv": [],
    "pyg-lib": [],
    "causal-conv1d": ["torch", "packaging", "ninja"],
    "mamba-ssm": ["torch", "transformers", "einops", "triton", "ninja", "packaging", "setuptools"],
    "fla-core": ["torch", "einops", "triton"], "flash-linear-attention": ["fla-core", "transformers"],
    "bs4": ["beautifulsoup4"], "asyncio": [], "dataclasses": [], "uv": [], "pip": [],
    "modal": [
        "aiohttp", "certifi", "click", "grpclib", "protobuf", "rich", "synchronicity", "typer", "watchfiles"
    ],
    "modal-client": ["modal"],
}  # fmt: skip


def normalised(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main(reports: list[str]) -> None:
    """Read the reports and print the table."""
    brings: dict[str, set[str]] = {}
    with_extras: dict[str, set[str]] = {}
    for report in reports:
        for item in json.loads(Path(report).read_text())["install"]:
            metadata = item["metadata"]
            name = normalised(metadata["name"])
            brings.setdefault(name, set())
            for requirement in metadata.get("requires_dist", []):
                needed = _NAME.match(requirement)
                if needed is None:
                    continue
                kind = with_extras if "extra ==" in requirement else brings
                kind.setdefault(name, set()).add(normalised(needed[0]))
    for name, needed_before in _BEFORE.items():
        brings.setdefault(name, set()).update(needed_before)
    wanted = {normalised(Path(report).stem) for report in reports}
    table = {
        "source": "https://pypi.org",
        "as_of": datetime.date.today().isoformat(),
        "modules": _MODULES,
        "brings": {name: sorted(found) for name, found in sorted(brings.items())},
        "with_extras": {name: sorted(found) for name, found in sorted(with_extras.items()) if name in wanted},
    }
    json.dump(table, sys.stdout, indent=0, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main(sys.argv[1:])
