"""Shapes read from configurations, against the parameters of transformers' own classes on the meta device."""

import json
from dataclasses import replace

import pytest

from tminus.facts import Facts
from tminus.facts.configs import ARCHITECTURES, ConfigError, shape_of_config, shape_of_file

SMALL = {
    "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
    "intermediate_size": 96, "vocab_size": 128, "pad_token_id": 0,
}  # fmt: skip
EXPERTS = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LATENT = {
    "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 16, "v_head_dim": 12,
    "n_routed_experts": 8, "moe_intermediate_size": 32, "n_group": 2, "topk_group": 1,
    "num_key_value_heads": 4,
}  # fmt: skip
VARIANTS = [
    ("llama", {}),
    ("llama", {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True}),
    ("llama", {"head_dim": 32}),
    ("mistral", {"head_dim": 24}),
    ("qwen2", {"tie_word_embeddings": True}),
    ("qwen3", {"head_dim": 32}),
    ("qwen3", {"head_dim": 16, "attention_bias": True}),
    ("smollm3", {"tie_word_embeddings": True}),
    ("gemma", {"head_dim": 32}),
    ("gemma2", {"head_dim": 32}),
    ("gemma3_text", {"head_dim": 32}),
    ("phi", {}),
    ("phi3", {}),
    ("granite", {}),
    ("mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    ("qwen2_moe", {**EXPERTS, "shared_expert_intermediate_size": 48}),
    ("qwen2_moe", {**EXPERTS, "shared_expert_intermediate_size": 48, "decoder_sparse_step": 2}),
    ("qwen3_moe", {**EXPERTS, "head_dim": 16, "mlp_only_layers": [0]}),
    ("gpt_oss", {"num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 16}),
    ("deepseek_v3", {**LATENT, "q_lora_rank": 24, "first_k_dense_replace": 1}),
    ("deepseek_v3", {**LATENT, "q_lora_rank": None, "first_k_dense_replace": 2, "n_shared_experts": 2}),
]


def parameters_of(config):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
        model.tie_weights()
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("family", "settings"), VARIANTS, ids=lambda value: str(value)[:40])
def test_the_count_is_that_of_the_real_class(family, settings) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.AutoConfig.for_model(family, **{**SMALL, **settings})
    as_saved = json.loads(config.to_json_string(use_diff=False))
    shape = shape_of_config(as_saved, "small")
    assert shape.parameters == parameters_of(config)
    assert shape.architecture in dir(transformers)
    assert shape.active_parameters <= shape.parameters


def test_every_family_is_held_against_its_class() -> None:
    assert {family for family, _ in VARIANTS} == set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        # What the models' cards say, total and active.
        (
            {"model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
             "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000,
             "num_local_experts": 8, "num_experts_per_tok": 2},
            (46.7, 12.9),
        ),
        (
            {"model_type": "qwen3_moe", "hidden_size": 2048, "num_hidden_layers": 48,
             "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 6144,
             "vocab_size": 151936, "num_experts": 128, "num_experts_per_tok": 8,
             "moe_intermediate_size": 768},
            (30.5, 3.3),
        ),
        (
            {"model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": 24, "num_attention_heads": 64,
             "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880, "vocab_size": 201088,
             "num_local_experts": 32, "num_experts_per_tok": 4},
            (20.9, 3.6),
        ),
        (
            {"model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61,
             "num_attention_heads": 128, "num_key_value_heads": 128, "intermediate_size": 18432,
             "vocab_size": 129280, "n_routed_experts": 256, "num_experts_per_tok": 8, "n_shared_experts": 1,
             "moe_intermediate_size": 2048, "first_k_dense_replace": 3, "q_lora_rank": 1536,
             "kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128},
            (671.0, 37.5),
        ),
    ],
    ids=lambda value: value.get("model_type", "") if isinstance(value, dict) else "",
)  # fmt: skip
def test_mixtures_of_experts_have_the_size_that_their_cards_say(config, billions) -> None:
    shape = shape_of_config(config, "x")
    assert shape.parameters / 1e9 == pytest.approx(billions[0], rel=0.01)
    # Some cards count the input embedding as active, others do not.
    active = [shape.active_parameters, shape.active_parameters - shape.vocab_size * shape.hidden_size]
    assert any(one / 1e9 == pytest.approx(billions[1], rel=0.02) for one in active)


def test_a_model_of_text_and_images_is_taken_by_its_text(tmp_path) -> None:
    text = {**SMALL, "model_type": "gemma3_text", "head_dim": 32}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gemma3", "text_config": text}))
    shape = shape_of_file(tmp_path)
    assert shape.model_type == "gemma3_text"
    assert shape.id == tmp_path.name
    assert shape == replace(shape_of_config(text, tmp_path.name))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ('{"model_type": "mamba"}', "'mamba' is not understood"),
        ('{"model_type": "llama", "num_attention_heads": 4}', "hidden_size is None"),
    ],
)
def test_what_is_not_understood_is_said(tmp_path, text, said) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ConfigError, match=said):
        shape_of_file(tmp_path)


def test_sliding_windows_are_read() -> None:
    gemma = shape_of_config({**SMALL, "model_type": "gemma3_text", "head_dim": 32, "sliding_window": 16}, "x")
    assert (gemma.window, gemma.windowed_layers) == (16, 4)
    qwen = shape_of_config({**SMALL, "model_type": "qwen2", "sliding_window": 16}, "x")
    assert (qwen.window, qwen.windowed_layers) == (None, 0)
    assert Facts.bundled().models  # the table reads with the same class
