"""A job from values alone, and two plans side by side."""

import json

import pytest

from tminus.facts import Facts
from tminus.plan import PlanError, compare, describe_values, make_plan, read_base, values_of_train_config
from tminus.train.config import TrainConfig

FACTS = Facts.bundled()
NEEDED = {"model": "meta-llama/Llama-3.1-8B", "method": "lora", "tokens": 5e7, "seq_len": 4096}


def test_tokens_are_rows_of_the_full_length():
    job = describe_values(NEEDED, FACTS).job
    assert job.rows == 12_208
    assert job.packing
    assert describe_values({**NEEDED, "tokens_per_row": 500}, FACTS).job.rows == 100_000


def test_what_is_assumed_is_listed():
    described = describe_values(NEEDED, FACTS)
    assumed = {one.name for one in described.assumed}
    assert {"gpu", "global_batch", "lora_r", "loss", "attention", "optimizer"} <= assumed
    given = {"gpu": "A100-80GB:2", "global_batch": 32, "lora_r": 8, "loss": "liger", "attention": "flash"}
    described = describe_values({**NEEDED, **given}, FACTS)
    assert not {one.name for one in described.assumed} & set(given)
    assert described.asked.gpu.name == "A100-80GB"
    assert described.asked.gpus_per_node == 2
    assert described.job.fused_kernels


def test_a_model_is_known_by_its_configuration_file(tmp_path):
    config = {
        "model_type": "llama", "hidden_size": 1024, "num_hidden_layers": 8, "num_attention_heads": 8,
        "intermediate_size": 4096, "vocab_size": 32000,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    job = describe_values({**NEEDED, "model": str(tmp_path)}, FACTS).job
    assert job.model.parameters == 8 * (4 * 1024**2 + 3 * 1024 * 4096 + 2 * 1024) + 2 * 32000 * 1024 + 1024


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"method": "lora"}, "--model"),
        ({**NEEDED, "model": "meta-llama/Lama-3.1-8B"}, "near: meta-llama/Llama-3.1-8B"),
        ({**NEEDED, "gpu": "H1000"}, "not a GPU type"),
        ({**NEEDED, "gpu": "H100:x"}, "Invalid GPU count"),
        ({**NEEDED, "optimizer": "sgd"}, "not estimated"),
        ({**NEEDED, "seqlen": 1}, "near: seq_len"),
        ({**NEEDED, "method": "prefix"}, "method must be one of"),
        ({"model": NEEDED["model"], "method": "lora"}, "--tokens, --rows"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_what_to_give(values, said):
    with pytest.raises(PlanError, match=said):
        describe_values(values, FACTS)


def test_a_configuration_of_our_own_trainer_is_a_job():
    config = TrainConfig(
        model="meta-llama/Llama-3.1-8B", method="full", dataset="tatsu-lab/alpaca", output_dir="/x",
        global_batch=64, micro_batch=2, seq_len=1024, gpu="H100:8", liger=True,
    )  # fmt: skip
    described = describe_values(values_of_train_config(config.to_dict()), FACTS)
    job, asked = described.job, described.asked
    assert (job.method, job.weights, job.loss, job.seq_len) == ("full", "fp32", "liger", 1024)
    assert (asked.gpus_per_node, asked.micro_batch) == (8, 2)
    assert job.rows == 52_002
    automatic = values_of_train_config({**config.to_dict(), "micro_batch": "auto"})
    assert describe_values(automatic, FACTS).asked.micro_batch is None


@pytest.fixture(scope="module")
def plans():
    small = describe_values({**NEEDED, "gpu": "H100:8"}, FACTS)
    large = describe_values({**NEEDED, "gpu": "H100:8", "tokens": 1e8}, FACTS)
    return [make_plan(one.job, one.asked, FACTS, one.assumed).to_dict() for one in (small, large)]


def test_a_change_is_priced(plans):
    found = compare(plans[0], plans[1], "train.py", "main")
    usd = next(change for change in found.changes if change.what == "price as asked")
    assert usd.after > 1.7 * usd.before
    text = found.markdown()
    assert f"**${usd.before:.2f} → ${usd.after:.2f}** a run ({usd.difference})" in text
    assert "| fits | yes | yes |  |" in text
    assert found.to_dict()["changed"]


def test_no_change_is_said(plans):
    found = compare(plans[0], plans[0], "train.py", "main")
    assert not found.any
    assert "No change against main" in found.markdown()


def test_a_new_script_has_no_base(plans):
    text = compare(None, plans[0], "train.py", "main").markdown()
    assert "**none → $" in text


def test_a_base_is_a_plan(tmp_path, plans):
    path = tmp_path / "base.json"
    path.write_text(json.dumps(plans[0]))
    assert read_base(path) == plans[0]
    path.write_text("[]")
    with pytest.raises(PlanError, match="no plan"):
        read_base(path)
