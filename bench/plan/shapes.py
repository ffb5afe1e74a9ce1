"""Shapes of the models of published runs."""

from __future__ import annotations

from tminus.facts import Facts, ModelShape
from tminus.facts.linears import Experts

# A model of the bundled facts by its name, or: hidden size, layers, heads, key-value heads, MLP, vocabulary,
# whether embeddings are tied, and "plain" for an MLP of two layers.
MODELS: dict[str, str | tuple[int, int, int, int, int, int, bool, str]] = {
    "meta-llama-3-8b": "meta-llama/Meta-Llama-3-8B",
    "llama 3.1 8b": "meta-llama/Meta-Llama-3-8B",
    "llama3.1 8b": "meta-llama/Meta-Llama-3-8B",
    "llama3-8b": "meta-llama/Meta-Llama-3-8B",
    "llama3 8b": "meta-llama/Meta-Llama-3-8B",
    "llama3 70b": "meta-llama/Llama-3.1-70B",
    "mistral-7b": "mistralai/Mistral-7B-v0.1",
    "smollm2-135m": "HuggingFaceTB/SmolLM2-135M",
    "qwen2.5-0.5b": "Qwen/Qwen2.5-0.5B",
    "qwen2.5-7b": "Qwen/Qwen2.5-7B",
    "llama-2-70b": (8192, 80, 64, 8, 28672, 32000, False, ""),
    "llama2-7b": (4096, 32, 32, 32, 11008, 32000, False, ""),
    "llama 2 7": (4096, 32, 32, 32, 11008, 32000, False, ""),
    "llama 2 13": (5120, 40, 40, 40, 13824, 32000, False, ""),
    "mixtral-8x7b": (4096, 32, 32, 8, 14336, 32000, False, "experts"),
    "powerlm-3b": (2304, 40, 36, 36, 9216, 49152, True, ""),
    "stablelm alpha 3": (4096, 16, 32, 32, 16384, 50688, False, "plain"),
    "phi-1.5": (2048, 24, 32, 32, 8192, 51200, False, "plain"),
    "falcon 40": (8192, 60, 128, 8, 32768, 65024, True, "plain"),
    "qwen-1.8b": (2048, 24, 16, 16, 5504, 151936, False, ""),
    "qwen-7b": (4096, 32, 32, 32, 11008, 151936, False, ""),
    "qwen-14b": (5120, 40, 40, 40, 13696, 152064, False, ""),
    "qwen-72b": (8192, 80, 64, 64, 24576, 152064, False, ""),
    "mpt-1b": (2048, 24, 16, 16, 8192, 50368, True, "plain"),
    "mpt-3b": (2560, 32, 20, 20, 10240, 50368, True, "plain"),
    "mpt-7b": (4096, 32, 32, 32, 16384, 50368, True, "plain"),
    "mpt-13b": (5120, 40, 40, 40, 20480, 50368, True, "plain"),
    "mpt-30b": (7168, 48, 56, 56, 28672, 50368, True, "plain"),
    "mpt-70b": (8192, 80, 64, 64, 32768, 50368, True, "plain"),
}


def model_of(text: str, facts: Facts) -> ModelShape:
    """The shape of a model by the name that a source gives it.

    Raises:
        KeyError: The name is in no entry of `MODELS`.
    """
    name = text.lower().replace("_", "-")
    entry = next((found for key, found in MODELS.items() if key in name), None)
    if entry is None:
        raise KeyError(text)
    if isinstance(entry, str):
        return facts.models[entry.lower()]
    hidden, layers, heads, kv_heads, width, vocab, tied, kind = entry
    return ModelShape(
        id=text,
        architecture="LlamaForCausalLM",
        model_type="phi" if kind == "plain" else "llama",
        hidden_size=hidden,
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=hidden // heads,
        intermediate_size=width,
        vocab_size=vocab,
        tied_embeddings=tied,
        attention_bias=False,
        context=8192,
        gated=False,
        experts=Experts(8, 2, width, layers) if kind == "experts" else None,
    )
