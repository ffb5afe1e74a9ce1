"""Adapters, number formats, optimizers, ways to save memory: what is chosen, refused, and trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Tiny

from tminus.train import ConfigError, SetupError, TrainConfig, train
from tminus.train.decisions import decide, on_gpu, require_trackers


def config(**changes: Any) -> TrainConfig:
    values = {"model": "m", "method": "lora", "dataset": "d", "output_dir": "o", "global_batch": 1}
    return TrainConfig.from_dict({**values, **changes})


AMPERE, TURING = (8, 0), (7, 5)


@pytest.mark.parametrize(
    ("changes", "capability", "weights", "autocast", "says"),
    [
        ({}, AMPERE, "bfloat16", True, "dtype=bfloat16 for the frozen base"),
        ({"method": "qlora"}, AMPERE, "bfloat16", True, "4-bit weights are computed with in it"),
        ({"method": "full"}, AMPERE, "float32", True, "dtype=float32 with bfloat16 autocast"),
        ({"method": "full", "precision": "bfloat16"}, AMPERE, "bfloat16", True, "updates below 1/256"),
        ({"precision": "float32"}, AMPERE, "float32", False, "its products in TF32"),
        ({}, TURING, "float32", False, "this GPU has no bfloat16"),
    ],
)
def test_the_number_format_follows_method_and_gpu(
    changes: dict[str, Any], capability: tuple[int, int], weights: str, autocast: bool, says: str
) -> None:
    decisions = on_gpu(config(**changes), "NVIDIA Test", capability)
    assert (decisions.weights, decisions.autocast) == (weights, autocast)
    assert (decisions.tf32, decisions.optimizer) == (capability == AMPERE, "adamw_torch_fused")
    assert any(says in reason for reason in decisions.reasons)


@pytest.mark.parametrize(
    ("changes", "capability", "error", "says"),
    [
        ({"precision": "bfloat16"}, TURING, ConfigError, "compute capability 7.5, and bfloat16 needs 8.0"),
        ({"attention": "flash_attention_2"}, AMPERE, SetupError, "flash_attn is not installed"),
        ({"liger": True}, AMPERE, SetupError, "pip install liger-kernel"),
    ],
)
def test_what_a_gpu_cannot_do_is_refused(
    changes: dict[str, Any], capability: tuple[int, int], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        on_gpu(config(**changes), "NVIDIA Test", capability)


@pytest.mark.parametrize(
    "changes",
    [
        {"attention": "flash_attention_2"},
        {"optimizer": "adamw_8bit"},
        {"liger": True},
        {"activation_offloading": True},
    ],
)
def test_what_needs_a_gpu_is_refused_on_a_cpu(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="no CUDA device is visible, and it needs"):
        decide(config(**changes))


def test_a_missing_tracker_names_its_package() -> None:
    with pytest.raises(SetupError, match="pip install wandb"):
        require_trackers(config(report_to=["wandb"]))


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"rslora": True, "target_modules": ["q_proj", "v_proj"]},
            {"use_rslora": True, "use_dora": False, "target_modules": ["q_proj", "v_proj"]},
        ),
        ({"dora": True, "method": "qlora"}, {"use_dora": True, "use_rslora": False}),
        ({"attention": "eager", "optimizer": "adamw_torch_fused", "precision": "bfloat16"}, {}),
    ],
    ids=["rslora of listed modules", "dora on 4 bits", "bfloat16"],
)
def test_each_kind_trains_and_its_adapter_says_so(
    tiny: Tiny, tmp_path: Path, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    result = train(tiny.config(tmp_path / "run", max_steps=4, **changes))
    assert result.final is not None
    saved = json.loads((Path(result.final) / "adapter_config.json").read_text())
    saved["target_modules"] = sorted(saved["target_modules"])
    assert saved.items() >= expected.items()
    assert result.last_loss is not None
    assert result.first_loss is not None
    assert result.last_loss < result.first_loss


def test_selective_checkpointing_computes_attention_once(tiny: Tiny) -> None:
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from transformers import AutoModelForCausalLM

    from tminus.train.selective import keep_dear_operations

    class Count(TorchDispatchMode):
        attention = 0

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = str(function)
            self.attention += "scaled_dot_product" in name and "backward" not in name
            return function(*args, **(kwargs or {}))

    counts, gradients = {}, {}
    for policy in ("full", "selective"):
        model = AutoModelForCausalLM.from_pretrained(tiny.model, attn_implementation="sdpa").train()
        if policy == "selective":
            keep_dear_operations(model)
        model.activation_checkpointing_enable()
        model.enable_input_require_grads()
        with Count() as count:
            model(torch.arange(8)[None], labels=torch.arange(8)[None], use_cache=False).loss.backward()
        counts[policy] = count.attention
        gradients[policy] = torch.cat([value.grad.flatten() for value in model.parameters()])
    assert counts == {"full": 4, "selective": 2}  # of two layers
    assert torch.equal(gradients["full"], gradients["selective"])


def test_devices_are_known_by_their_drivers_names() -> None:
    from tminus.facts import Facts
    from tminus.train.speed import known_gpu

    for device, memory_gib, name in [
        ("NVIDIA H100 80GB HBM3", 79.2, "H100"),
        ("NVIDIA A100-SXM4-40GB", 39.4, "A100-40GB"),
        ("NVIDIA A100-SXM4-80GB", 79.3, "A100-80GB"),
        ("NVIDIA A10G", 22.0, "A10"),
        ("NVIDIA L40S", 44.4, "L40S"),
        ("NVIDIA L4", 22.0, "L4"),
        ("Tesla T4", 14.6, "T4"),
        ("NVIDIA B200", 178.4, "B200"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 95.0, "RTX-PRO-6000"),
    ]:
        gpu = known_gpu(device, memory_gib, Facts.bundled())
        assert gpu is not None, device
        assert gpu.name.startswith(name) or name.startswith(gpu.name), (device, gpu.name)
    assert known_gpu("NVIDIA GeForce GTX 1080", 8.0, Facts.bundled()) is None


def test_the_meter_tells_what_is_known(tiny: Tiny) -> None:
    from transformers import AutoConfig

    from tminus.train.reporter import figures
    from tminus.train.speed import Meter, model_flops_per_token

    flops = model_flops_per_token(tiny.config(Path("o")), AutoConfig.from_pretrained(tiny.model))
    assert flops is not None
    # 2 operations a weight forward and 2 backward for a frozen base of 0.1 M weights, and the adapter's.
    assert 4e5 < flops < 2e6
    meter = Meter(ranks=2, flops_per_token=flops, peak_flops=1e12, usd_per_s=0.5, spent_s=100.0)
    meter.begin(10, 1000)
    told = meter.measure(11, 20, 2000)
    assert told["tokens_per_s"] is not None
    assert told["mfu"] == pytest.approx(told["tokens_per_s"] * flops / 2e12)
    assert told["usd"] == pytest.approx(50.0, abs=1.0)
    assert told["eta_s"] == pytest.approx(9000 / told["tokens_per_s"], rel=0.01)
    line = {"loss": 1.23456, "learning_rate": 2e-4, "tokens_per_s": 12345.6, "mfu": 0.402,
            "memory_gib": 60.12, "eta_s": 5400.0, "usd": 3.456}  # fmt: skip
    assert figures(line) == (
        "loss 1.235  lr 2.00e-04  12,346 tokens/s  40.2% MFU  60.1 GiB  1.5 h left  $3.46"
    )
    unknown = {**Meter().measure(1, 2, 3), "memory_gib": None}
    assert figures({"loss": 1.0, "learning_rate": 0.0, **unknown}) == "loss 1  lr 0.00e+00"
