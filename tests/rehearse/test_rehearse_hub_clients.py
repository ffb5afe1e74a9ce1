"""Unmodified transformers and datasets against the local hub, each with an empty cache."""

from __future__ import annotations

from tminus.rehearse.hub import LocalHub

TRANSFORMERS = """
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
name = "meta-llama/" + "Llama-3.1-8B"
print(AutoConfig.from_pretrained(name).architectures)
tokenizer = AutoTokenizer.from_pretrained(name)
model = AutoModelForCausalLM.from_pretrained(name)
print(type(model).__name__, tokenizer.bos_token)
inputs = tokenizer("Hello", return_tensors="pt")
out = model.generate(**inputs, max_new_tokens=4, do_sample=False, pad_token_id=0)
print(out.shape[1] > 3)
"""
DATASETS = """
from datasets import load_dataset
alpaca = load_dataset("tatsu-lab/alpaca", split="train")
print(alpaca.column_names, len(alpaca))
print(load_dataset("tatsu-lab/alpaca", split="train[:10%]").num_rows)
chat = load_dataset("HuggingFaceH4/ultrachat_200k", split="train_sft", streaming=True)
print([turn["role"] for turn in next(iter(chat))["messages"]])
print(sorted(load_dataset("HuggingFaceH4/ultrachat_200k")))
try:
    load_dataset("acme/unknown")
except Exception as error:
    print(type(error).__name__)
"""


def test_transformers_loads_a_gated_model_with_a_token(hub: LocalHub, run_script) -> None:
    done = run_script(TRANSFORMERS, hub, HF_TOKEN="hf_rehearsal")
    assert done.stdout.split("\n")[:3] == [
        "['LlamaForCausalLM']",
        "LlamaForCausalLM <|begin_of_text|>",
        "True",
    ], done.stderr
    assert ("model", "meta-llama/Llama-3.1-8B") in hub.repositories
    assert {request.status for request in hub.requests} <= {200, 404}


def test_transformers_without_the_token_fails_as_on_the_hub(hub: LocalHub, run_script) -> None:
    done = run_script(
        "from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('meta-llama/Llama-3.1-8B')",
        hub,
    )
    assert done.returncode == 1
    assert "gated repo" in done.stderr
    assert 401 in {request.status for request in hub.requests}


def test_datasets_loads_whole_and_streaming(hub: LocalHub, run_script) -> None:
    done = run_script(DATASETS, hub)
    assert done.stdout.split("\n")[:5] == [
        "['instruction', 'input', 'output', 'text'] 64",
        "6",
        "['user', 'assistant']",
        "['test_gen', 'test_sft', 'train_gen', 'train_sft']",
        "DatasetNotFoundError",
    ], done.stderr
