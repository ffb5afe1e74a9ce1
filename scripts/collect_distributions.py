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

# Distribution -> modules, where they are not called like the distribution.
_MODULES = {
    "attrs": ["attr", "attrs"], "beautifulsoup4": ["bs4"], "faiss-cpu": ["faiss"], "faiss-gpu": ["faiss"],
    "gitpython": ["git"], "opencv-python": ["cv2"], "opencv-python-headless": ["cv2"], "pillow": ["PIL"],
    "opencv-contrib-python": ["cv2"], "openai-whisper": ["whisper"], "pyjwt": ["jwt"],
    "pycryptodome": ["Crypto"],
    "python-dateutil": ["dateutil"], "python-dotenv": ["dotenv"], "python-multipart": ["multipart"],
    "pyyaml": ["yaml"], "scikit-image": ["skimage"], "scikit-learn": ["sklearn"], "umap-learn": ["umap"],
    "setuptools": ["setuptools", "pkg_resources"], "protobuf": ["google"], "pyserial": ["serial"],
    "lightning": ["lightning"], "tensorflow-cpu": ["tensorflow"], "tf-nightly": ["tensorflow"],
    "nvidia-ml-py": ["pynvml"], "pynvml": ["pynvml"], "torch-geometric": ["torch_geometric"],
    "ray": ["ray"], "hydra-core": ["hydra"], "open-clip-torch": ["open_clip"], "clip-anytorch": ["clip"],
    "rouge-score": ["rouge_score"], "kokoro-onnx": ["kokoro_onnx"], "imageio-ffmpeg": ["imageio_ffmpeg"],
    "stable-baselines3": ["stable_baselines3"], "lm-eval": ["lm_eval"], "autoawq": ["awq"],
    "auto-gptq": ["auto_gptq"], "liger-kernel": ["liger_kernel"], "comet-ml": ["comet_ml"],
    "mlflow-skinny": ["mlflow"], "sentencepiece": ["sentencepiece"], "jupyter-core": ["jupyter_core"],
    "google-cloud-storage": ["google"], "google-api-core": ["google"], "google-auth": ["google"],
    "pyarrow": ["pyarrow"], "biopython": ["Bio"], "rdkit": ["rdkit"], "fair-esm": ["esm"],
    "jaxlib": ["jaxlib"],
    "ipython": ["IPython"], "markdown-it-py": ["markdown_it"], "pymupdf": ["fitz", "pymupdf"],
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
