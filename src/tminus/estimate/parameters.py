"""Parameter counts: what is quantised, what stays in 16 bits, what is trained."""

from __future__ import annotations

from functools import lru_cache

from tminus.estimate.job import LINEAR_MODULES, TrainingJob
from tminus.facts import ModelShape
from tminus.facts.linears import Linear

_FUSED = {
    "phi3": {
        "qkv_proj": ("q_proj", "k_proj", "v_proj"),
        "gate_up_proj": ("gate_proj", "up_proj"),
    },
    "phi": {"dense": ("o_proj",), "fc1": ("up_proj", "gate_proj"), "fc2": ("down_proj",)},
}
"""Layers that a family names otherwise, and the usual names that stand for them."""


def query_width(model: ModelShape) -> int:
    """Width of all query heads together."""
    if model.latent is not None:
        return model.heads * (model.latent.nope_dim + model.latent.rope_dim)
    return model.heads * model.head_dim


def key_value_width(model: ModelShape) -> int:
    """Width of all key heads together, and of all value heads; latent attention unfolds them for training."""
    if model.latent is not None:
        return query_width(model)
    return model.kv_heads * model.head_dim


def layer_linear_parameters(model: ModelShape) -> int:
    """Weights of one layer's linear layers, without biases: the largest where layers differ.

    A mixture of experts counts with all its experts, which are all gathered together under FSDP.
    """
    experts = model.experts
    if experts is None:
        return sum(one.weights for one in model.linears)
    of_all = sum(one.weights * one.copies for one in model.linears if one.layers == model.layers)
    if experts.layers == model.layers:
        return of_all
    sparse = sum(one.weights * one.copies for one in model.linears if one.layers == experts.layers)
    dense = sum(one.weights for one in model.linears if one.layers == model.layers - experts.layers)
    return of_all + max(sparse, dense)


@lru_cache(maxsize=512)
def adapted_linears(job: TrainingJob) -> tuple[Linear, ...]:
    """The kinds of linear layers that get an adapter; none for full fine-tuning.

    All seven usual names together mean every linear layer (PEFT's ``all-linear``), but no router and no
    routed expert: those are one tensor each and no linear layers since transformers 5.
    """
    if not job.adapters:
        return ()
    candidates = [
        one for one in job.model.linears if not one.routed and one.name not in job.model.unquantised
    ]
    wanted = set(job.lora_targets)
    if wanted >= set(LINEAR_MODULES):
        return tuple(candidates)
    also = _FUSED.get(job.model.model_type, {})
    return tuple(
        one
        for one in candidates
        if one.name.rpartition(".")[2] in wanted or wanted.intersection(also.get(one.name, ()))
    )


@lru_cache(maxsize=512)
def quantised_parameters(job: TrainingJob) -> int:
    """Weights that are stored in 4 bits: every linear layer except the output head and the routers.

    Source: transformers skips the output embedding when it replaces linear layers
    (``get_keys_to_not_convert`` in ``transformers/quantizers``), and replaces linear layers alone
    (``replace_with_bnb_linear`` in ``transformers/integrations/bitsandbytes.py``).
    """
    return sum(
        one.layers * one.copies * one.weights
        for one in job.model.linears
        if one.name not in job.model.unquantised and (job.experts_quantised or not one.routed)
    )


def adapter_parameters(job: TrainingJob) -> int:
    """Parameters of all adapters: r (inputs + outputs) for each adapted linear layer; 0 for full fine-tuning.

    Source: LoRA, https://arxiv.org/abs/2106.09685, section 4.1.
    """
    return sum(one.layers * job.lora_r * (one.inputs + one.outputs) for one in adapted_linears(job))


def trainable_parameters(job: TrainingJob) -> int:
    """Parameters that get gradients and optimizer states."""
    return adapter_parameters(job) if job.adapters else job.model.parameters


def layers_parameters(job: TrainingJob) -> float:
    """Weights of one average layer that one token passes: routed experts count by those that it visits."""
    model = job.model
    return sum(one.layers * one.active * one.weights for one in model.linears) / model.layers


def mlp_width(model: ModelShape, sparse: bool) -> int:
    """Width of the MLP that a token passes in a layer: of all experts that it visits, and the shared one."""
    if not sparse or model.experts is None:
        return model.intermediate_size
    return model.experts.active * model.experts.width + model.experts.shared_width
