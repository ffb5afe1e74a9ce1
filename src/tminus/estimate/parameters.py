"""Parameter counts: what is quantised, what stays in 16 bits, what is trained."""

from __future__ import annotations

from tminus.estimate.job import TrainingJob
from tminus.facts import ModelShape


def linear_shapes(model: ModelShape) -> dict[str, tuple[int, int]]:
    """Input and output width of each linear layer of a decoder layer, by transformers' names.

    Source: ``modeling_llama.py`` of transformers; Qwen, Mistral and SmolLM use the same names and widths.
    """
    hidden, query, key_value = model.hidden_size, query_width(model), key_value_width(model)
    return {
        "q_proj": (hidden, query),
        "k_proj": (hidden, key_value),
        "v_proj": (hidden, key_value),
        "o_proj": (query, hidden),
        "gate_proj": (hidden, model.intermediate_size),
        "up_proj": (hidden, model.intermediate_size),
        "down_proj": (model.intermediate_size, hidden),
    }


def query_width(model: ModelShape) -> int:
    """Width of all query heads together."""
    return model.heads * model.head_dim


def key_value_width(model: ModelShape) -> int:
    """Width of all key heads together, and of all value heads."""
    return model.kv_heads * model.head_dim


def layer_linear_parameters(model: ModelShape) -> int:
    """Weights of one layer's linear layers, without biases."""
    return sum(inputs * outputs for inputs, outputs in linear_shapes(model).values())


def quantised_parameters(model: ModelShape) -> int:
    """Weights that bitsandbytes stores in 4 bits: every linear layer except the output head.

    Source: transformers skips the output embedding when it replaces linear layers
    (``get_keys_to_not_convert`` in ``transformers/quantizers``).
    """
    return model.layers * layer_linear_parameters(model)


def adapter_parameters(job: TrainingJob) -> int:
    """Parameters of all adapters: r (inputs + outputs) for each adapted linear layer; 0 for full fine-tuning.

    Source: LoRA, https://arxiv.org/abs/2106.09685, section 4.1.
    """
    if not job.adapters:
        return 0
    shapes = linear_shapes(job.model)
    return job.model.layers * sum(job.lora_r * sum(shapes[name]) for name in job.lora_targets)


def trainable_parameters(job: TrainingJob) -> int:
    """Parameters that get gradients and optimizer states."""
    return adapter_parameters(job) if job.adapters else job.model.parameters
