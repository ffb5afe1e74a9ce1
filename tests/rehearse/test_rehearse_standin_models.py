from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tminus.facts import Facts
from tminus.rehearse.hub import RepoKind
from tminus.rehearse.standins import NoStandInError, make_model, shape_of_model
from tminus.rehearse.standins.families import family_of
from tminus.rehearse.standins.models import stand_in_dimensions

# One of every family and of every architecture, base and instruction-tuned.
MODELS = [
    "meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-3.2-1B-Instruct",
    "meta-llama/Llama-2-7b-hf",
    "Qwen/Qwen2.5-7B",
    "Qwen/Qwen3-8B",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "microsoft/Phi-3-mini-4k-instruct",
    "google/gemma-2-9b-it",
    "HuggingFaceTB/SmolLM2-135M-Instruct",
]
CHAT = [{"role": "user", "content": "What is len?"}, {"role": "assistant", "content": "A function."}]


@pytest.mark.parametrize("model_id", MODELS)
def test_loads_with_the_real_class_and_learns(
    model_id: str, standins: Callable[[RepoKind, str], Path]
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    shape = shape_of_model(model_id)
    directory = standins("model", model_id)
    model = AutoModelForCausalLM.from_pretrained(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory)

    assert type(model).__name__ == shape.architecture
    assert model.dtype == torch.bfloat16
    assert model.config.tie_word_embeddings == shape.tied_embeddings
    assert model.config.max_position_embeddings == shape.context
    assert model.config.num_attention_heads / model.config.num_key_value_heads == shape.heads / shape.kv_heads
    names = [name for name, _ in model.named_parameters()]
    assert any(name.endswith("q_proj.bias") for name in names) == shape.attention_bias
    assert model.num_parameters() < 1_000_000

    inputs = tokenizer("What does itertools.chain do?", return_tensors="pt")
    assert inputs["input_ids"].max() < model.config.vocab_size
    loss = model(**inputs, labels=inputs["input_ids"]).loss
    loss.backward()
    assert torch.isfinite(loss)
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("model_id", MODELS)
def test_tokenizer_behaves_as_its_family(model_id: str, standins: Callable[[RepoKind, str], Path]) -> None:
    from transformers import AutoTokenizer

    family = family_of(shape_of_model(model_id))
    assert family is not None
    tokenizer = AutoTokenizer.from_pretrained(standins("model", model_id))

    assert (tokenizer.bos_token, tokenizer.pad_token) == (family.bos, family.pad)
    assert tokenizer.eos_token == family.eos_for(model_id)
    text = "def café(x): return x  # ünïcode\n\t→"
    ids = tokenizer(text)["input_ids"]
    assert (ids[0] == tokenizer.bos_token_id) == (family.bos is not None)
    assert tokenizer.decode(ids, skip_special_tokens=True) == text
    for special in family.specials:
        assert len(tokenizer.encode(special, add_special_tokens=False)) == 1
    if tokenizer.chat_template is not None:
        chat = tokenizer.apply_chat_template(CHAT, tokenize=False)
        assert "What is len?" in chat
        assert "A function." in chat


def test_base_llama_has_no_chat_template_and_no_pad_token(
    standins: Callable[[RepoKind, str], Path],
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(standins("model", "meta-llama/Llama-3.1-8B"))
    assert tokenizer.chat_template is None
    assert tokenizer.pad_token is None
    assert tokenizer("x")["input_ids"][0] == tokenizer.convert_tokens_to_ids("<|begin_of_text|>")


def test_every_bundled_model_has_a_family_and_even_heads() -> None:
    for shape in Facts.bundled().models.values():
        assert family_of(shape) is not None, shape.id
        small = stand_in_dimensions(shape)
        assert small["num_attention_heads"] * shape.kv_heads == small["num_key_value_heads"] * shape.heads
        if shape.heads * shape.head_dim == shape.hidden_size:
            assert small["num_attention_heads"] * small["head_dim"] == small["hidden_size"]


def test_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    shape = shape_of_model("HuggingFaceTB/SmolLM2-135M")
    weights = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        make_model(shape.id, shape, tmp_path / name, seed=seed)
        weights.append((tmp_path / name / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_a_finished_stand_in_is_kept_and_another_folder_refused(tmp_path: Path) -> None:
    shape = shape_of_model("HuggingFaceTB/SmolLM2-135M")
    first = make_model(shape.id, shape, tmp_path / "m")
    before = (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns
    assert make_model(shape.id, shape, tmp_path / "m") == first
    assert (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns == before
    assert json.loads((tmp_path / "m" / "config.json").read_text())["vocab_size"] == first.vocab_size
    with pytest.raises(FileExistsError, match="not the stand-in"):
        make_model(shape.id, shape, tmp_path / "m", seed=3)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_unknown_model_says_which_are_known() -> None:
    with pytest.raises(NoStandInError, match=r"no stand-in for the model 'acme/unheard-of'.*Llama-3.1-8B"):
        shape_of_model("acme/unheard-of")
