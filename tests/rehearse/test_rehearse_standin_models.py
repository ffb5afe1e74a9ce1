from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tminus.facts import Facts, ModelShape
from tminus.rehearse.hub import LocalHub, RepoKind
from tminus.rehearse.standins import NoStandInError, make_model, shape_of_model
from tminus.rehearse.standins.families import family_of
from tminus.rehearse.standins.shrinking import shrink

# What a script sees of each model, by name, through the hub's endpoint alone.
LOAD = """
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
torch.set_num_threads(1)
CHAT = [{"role": "user", "content": "What is len?"}, {"role": "assistant", "content": "A function."}]
TEXT = "def café(x): return x  # ünïcode\\n\\t→"
for name, specials in json.loads(sys.stdin.read()).items():
    model, tokenizer = AutoModelForCausalLM.from_pretrained(name), AutoTokenizer.from_pretrained(name)
    inputs = tokenizer("What does itertools.chain do?", return_tensors="pt", return_token_type_ids=False)
    if model.config.model_type == "gemma3":  # wants to know which tokens are of images, when it trains
        inputs["token_type_ids"] = torch.zeros_like(inputs["input_ids"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    before = model(**inputs, labels=inputs["input_ids"]).loss
    before.backward()
    optimizer.step()
    with torch.no_grad():
        after = model(**inputs, labels=inputs["input_ids"]).loss
    generated = model.generate(**inputs, max_new_tokens=2, do_sample=False, pad_token_id=0)
    ids = tokenizer(TEXT)["input_ids"]
    config = model.config.get_text_config()
    towers = ("vision_tower", "multi_modal_projector")
    print(json.dumps({
        "name": name,
        "class": type(model).__name__,
        "dtype": str(model.dtype),
        "tied": config.tie_word_embeddings,
        "context": config.max_position_embeddings,
        "parameters": model.num_parameters(),
        "in_vocabulary": max(ids) < config.vocab_size,
        "query_bias": any(
            key.endswith("q_proj.bias") and "vision_tower" not in key for key, _ in model.named_parameters()
        ),
        "without_gradient": [
            key
            for key, one in model.named_parameters()
            if one.grad is None and not any(part in key for part in towers)
        ],
        "losses": [before.item(), after.item()],
        "generated": generated.shape[1] - inputs["input_ids"].shape[1],
        "tokens": [tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token],
        "first": tokenizer.convert_ids_to_tokens(ids[:2]),
        "round_trip": tokenizer.decode(ids, skip_special_tokens=True) == TEXT,
        "specials": [len(tokenizer.encode(one, add_special_tokens=False)) for one in specials],
        "chat": tokenizer.chat_template and tokenizer.apply_chat_template(CHAT, tokenize=False),
    }), flush=True)
"""


def one_of_each() -> dict[str, ModelShape]:
    """One model of every architecture with every tokenizer, instruction-tuned where there is one."""
    found: dict[tuple[str, str], ModelShape] = {}
    for shape in Facts.bundled().models.values():
        family = family_of(shape)
        assert family is not None, shape.id
        key = (shape.architecture, family.name)
        if key not in found or (family.tuned(shape.id) and not family.tuned(found[key].id)):
            found[key] = shape
    return {shape.id: shape for shape in found.values()}


@pytest.mark.slow
def test_every_family_loads_through_the_hub_with_the_real_class_and_learns(
    hub: LocalHub, run_script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    shapes = one_of_each()
    assert len({shape.architecture for shape in shapes.values()}) >= 29
    assert len({family_of(shape) for shape in shapes.values()}) >= 24
    asked = json.dumps({name: family_of(shape).specials for name, shape in shapes.items()})
    done = run_script(LOAD, hub, stdin=asked, timeout_s=300, HF_TOKEN="hf_rehearsal")
    assert done.returncode == 0, done.stderr
    found = {entry["name"]: entry for entry in map(json.loads, done.stdout.splitlines())}
    assert found.keys() == shapes.keys()
    for name, entry in found.items():
        shape = shapes[name]
        family = family_of(shape)
        assert family is not None
        assert entry["class"] == shape.architecture, name
        assert entry["dtype"] == "torch.bfloat16", name
        assert (entry["tied"], entry["context"]) == (shape.tied_embeddings, shape.context), name
        if shape.model_type not in ("phi3", "gpt2", "gpt_neox"):  # their projections are one
            assert entry["query_bias"] == shape.attention_bias, name
        assert entry["parameters"] < 1_000_000, name
        assert entry["without_gradient"] == [], name
        assert entry["losses"][1] < entry["losses"][0], name
        assert entry["generated"] in (1, 2), name
        assert entry["tokens"] == [family.bos, family.eos_for(name), family.pad], name
        assert tuple(entry["first"][: len(family.prefix)]) == family.prefix, name
        assert entry["first"][0] in family.specials or not family.prefix, name
        assert entry["in_vocabulary"], name
        assert entry["round_trip"], name
        assert entry["specials"] == [1] * len(family.specials), name
        if family.template_for(name) is None:
            assert entry["chat"] is None, name
        else:
            assert 0 < entry["chat"].index("What is len?") < entry["chat"].index("A function."), name


def test_base_llama_has_no_chat_template_and_no_pad_token(
    standins: Callable[[RepoKind, str], Path],
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(standins("model", "meta-llama/Llama-3.1-8B"))
    assert tokenizer.chat_template is None
    assert tokenizer.pad_token is None
    assert tokenizer("x")["input_ids"][0] == tokenizer.convert_tokens_to_ids("<|begin_of_text|>")


def test_every_bundled_model_keeps_its_proportions() -> None:
    for shape in Facts.bundled().models.values():
        small = shrink(shape, 1024)
        assert small.heads // small.kv_heads == min(8, shape.heads // shape.kv_heads), shape.id
        if shape.heads * shape.head_dim == shape.hidden_size:
            assert small.heads * small.head_dim == small.hidden_size, shape.id
        assert (small.experts is None) == (shape.experts is None), shape.id
        if small.experts is not None:
            assert 0 < small.experts.active < small.experts.count, shape.id
            assert (small.experts.layers < small.layers) == (shape.experts.layers < shape.layers), shape.id
        assert (0 < small.windowed_layers < small.layers) == (0 < shape.windowed_layers < shape.layers)


def test_a_family_says_whether_a_model_is_tuned() -> None:
    for name, end in (
        ("Qwen/Qwen2.5-7B", "<|endoftext|>"),
        ("Qwen/Qwen2.5-7B-Instruct", "<|im_end|>"),
        ("Qwen/Qwen3-8B", "<|im_end|>"),
        ("Qwen/Qwen3-8B-Base", "<|endoftext|>"),
        ("HuggingFaceTB/SmolLM3-3B", "<|im_end|>"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "<｜end▁of▁sentence｜>"),
        ("meta-llama/Llama-3.1-8B-Instruct", "<|eot_id|>"),
    ):
        family = family_of(shape_of_model(name))
        assert family is not None
        assert family.eos_for(name) == end


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


def test_unknown_model_says_which_are_known_and_near() -> None:
    with pytest.raises(NoStandInError, match=r"no stand-in for the model 'acme/unheard-of'.*gpt-oss.*--hub"):
        shape_of_model("acme/unheard-of")
    with pytest.raises(NoStandInError, match=r"near: Qwen/Qwen2.5-7B-Instruct"):
        shape_of_model("Qwen/Qwen2.5-7B-Instuct")
