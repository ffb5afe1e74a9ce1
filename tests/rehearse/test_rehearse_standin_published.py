"""Models that are not bundled, from what a hub says of them: the local hub stands for the public one."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from tminus.facts import Facts
from tminus.rehearse.hub import LocalHub
from tminus.rehearse.standin_source import StandInOptions, StandInSource
from tminus.rehearse.standins import NoStandInError, published_model

# The figures of no real model: of a family that `tminus.facts.configs` reads, and of one that it does not.
CONFIGS = {
    "acme/dense": {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 1024,
        "num_hidden_layers": 24, "num_attention_heads": 16, "num_key_value_heads": 4,
        "intermediate_size": 4096, "vocab_size": 50_000, "max_position_embeddings": 8192,
        "tie_word_embeddings": True, "rms_norm_eps": 1e-6, "mlp_bias": True,
    },
    "acme/other": {
        "architectures": ["Olmo2ForCausalLM"], "model_type": "olmo2", "hidden_size": 512,
        "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 8,
        "intermediate_size": 1024, "vocab_size": 1000, "max_position_embeddings": 1024,
    },
    "acme/experts": {
        "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "hidden_size": 512,
        "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 2,
        "intermediate_size": 1024, "vocab_size": 1000, "num_local_experts": 16, "num_experts_per_tok": 4,
    },
    "acme/images": {
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
        "text_config": {
            "model_type": "gemma3_text", "hidden_size": 640, "num_hidden_layers": 12, "vocab_size": 1000,
            "num_attention_heads": 4, "num_key_value_heads": 1, "intermediate_size": 2048,
        },
        "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27},
    },
    "acme/other-images": {"model_type": "llava", "text_config": {"model_type": "llama"}},
    "acme/own-code": {"model_type": "acme_net", "auto_map": {"AutoConfig": "modeling.Acme"}},
    "acme/eyes": {"model_type": "vit", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2},
}  # fmt: skip
TOKENIZER = {
    "tokenizer_class": "LlamaTokenizer",
    "bos_token": {"content": "<begin>"},
    "eos_token": "<stop>",
    "pad_token": None,
    "added_tokens_decoder": {
        "0": {"content": "<begin>", "special": True},
        "1": {"content": "<turn>", "special": True},
        "2": {"content": "<reserved_1>", "special": True},
    },
    "chat_template": "{% for m in messages %}{{ '<turn>' + m['content'] }}{% endfor %}",
}


@pytest.fixture
def hub(tmp_path: Path):
    folders = {}
    for name, config in CONFIGS.items():
        folder = tmp_path / "hub" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "tokenizer_config.json").write_text(json.dumps(TOKENIZER))
        folders[name] = folder
    with LocalHub(folders, {}) as running:
        yield running


def test_a_stand_in_is_made_from_what_the_hub_says(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    options = StandInOptions(hub=True, endpoint=hub.url)
    source = StandInSource(tmp_path, Facts.bundled(), 8, ast.parse(""), options, lambda line: None)
    for name in ("acme/dense", "acme/other", "acme/experts"):
        folder = source.resolve("model", name)
        model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
        real = CONFIGS[name]
        assert type(model).__name__ == real["architectures"][0]
        heads = model.config.num_attention_heads / model.config.num_key_value_heads
        assert heads == real["num_attention_heads"] / real["num_key_value_heads"]
        assert model.num_parameters() < 1_000_000
        assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == ("<begin>", "<stop>", None)
        assert tokenizer("x")["input_ids"][0] == tokenizer.bos_token_id
        assert (
            tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False) == "<turn>hi"
        )
        assert tokenizer.convert_tokens_to_ids("<reserved_1>") == tokenizer.convert_tokens_to_ids("<no>")
    images = AutoModelForCausalLM.from_pretrained(source.resolve("model", "acme/images"))
    assert type(images).__name__ == "Gemma3ForConditionalGeneration"
    assert images.config.text_config.num_key_value_heads == 1
    assert images.num_parameters() < 1_000_000
    dense = json.loads((tmp_path / "model" / "acme--dense" / "config.json").read_text())
    assert (dense["mlp_bias"], dense["rms_norm_eps"], dense["max_position_embeddings"]) == (True, 1e-6, 8192)
    experts = json.loads((tmp_path / "model" / "acme--experts" / "config.json").read_text())
    assert (experts["num_local_experts"], experts["num_experts_per_tok"]) == (8, 2)
    assert "from the hub" in source.made[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acme/own-code", "'acme_net'"),
        ("acme/other-images", "one of text and images, of which only gemma3"),
        ("acme/eyes", "not the configuration of a language model"),
        ("acme/nowhere", "says:.*404"),
    ],
)
def test_what_the_hub_cannot_give_is_said(hub: LocalHub, tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(NoStandInError, match=said):
        published_model(name, hub.url, tmp_path / "cache")


def test_a_hub_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with LocalHub({}, {}) as gone:
        url = gone.url
    with pytest.raises(NoStandInError, match=f"{url} does not answer"):
        published_model("acme/dense", url, tmp_path / "cache")


def test_without_being_told_no_hub_is_asked(hub: LocalHub, tmp_path: Path) -> None:
    options = StandInOptions(endpoint=hub.url)
    source = StandInSource(tmp_path, Facts.bundled(), 8, ast.parse(""), options, lambda line: None)
    with pytest.raises(NoStandInError, match="--hub"):
        source.resolve("model", "acme/dense")
    assert not hub.requests
