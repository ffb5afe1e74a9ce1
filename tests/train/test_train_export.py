"""What a run leaves for others: merged weights, a card, a plot, and the configuration to run again."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from conftest import Tiny

from tminus.cli import train as verb
from tminus.train import TrainConfig, TrainError, train
from tminus.train.config_file import read_config
from tminus.train.export import merge, open_run, push
from tminus.train.loss_plot import loss_svg
from tminus.train.manifest import verify
from tminus.train.model import quantisation

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module", params=["lora", "qlora"])
def finished(
    request: pytest.FixtureRequest, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory
) -> TrainConfig:
    folder = tmp_path_factory.mktemp(request.param)
    rows = folder / "rows.jsonl"
    rows.write_text(Path(tiny.rows).read_text() + "{\n")
    config = tiny.config(
        folder / "run", method=request.param, max_steps=4, dataset=str(rows), on_bad_row="skip",
        eval_fraction=0.1, eval_every=2, rslora=True,
    )  # fmt: skip
    train(config)
    return config


def logits(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model.eval()(torch.arange(3, 40)[None]).logits


def test_merged_weights_give_the_adapters_logits_and_load_alone(finished: TrainConfig) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {}
    if finished.method == "qlora":
        options = {"quantization_config": quantisation(torch.float32), "device_map": {"": "cpu"}}
    base = AutoModelForCausalLM.from_pretrained(finished.model, dtype=torch.float32, **options)
    plain = logits(base)
    expected = logits(PeftModel.from_pretrained(base, f"{finished.output_dir}/final"))
    merged = merge(Path(finished.output_dir), lambda line: None)
    verify(merged)
    loaded = AutoModelForCausalLM.from_pretrained(merged)
    assert not hasattr(loaded.config, "quantization_config")
    torch.testing.assert_close(logits(loaded), expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(plain, expected, rtol=1e-3, atol=1e-3)
    assert AutoTokenizer.from_pretrained(merged).eos_token == "</s>"
    assert "library_name: transformers" in (merged / "README.md").read_text()


def test_the_card_says_data_settings_hardware_and_cost(finished: TrainConfig) -> None:
    card = (Path(finished.output_dir) / "final" / "README.md").read_text()
    for said in (
        "library_name: peft",
        f"from `{Path(finished.model).name}` on `rows.jsonl` by tminus",
        "90 of 91 rows (prompt_completion), 1 left out",
        "- `rslora`: True",
        "4 optimizer steps",
        "Evaluation loss",
        "1 × CPU",
        "torch 2.",
        "in 1 attempt",
        "cost: not known",
        "![loss](loss.svg)",
    ):
        assert said in card
    assert str(Path(finished.dataset).parent) not in card  # no path of this machine


def test_the_run_keeps_its_configuration_rows_and_plot(finished: TrainConfig) -> None:
    output = Path(finished.output_dir)
    assert read_config(output / "config.yaml").config == finished
    inputs = json.loads((output / "inputs.json").read_text())
    assert (inputs["rows"]["bad"], inputs["evaluation_rows"], inputs["ranks"]) == (1, 9, 1)
    for path in (output / "loss.svg", output / "final" / "loss.svg"):
        drawing = ElementTree.fromstring(path.read_text())
        assert len(list(drawing.iter("{http://www.w3.org/2000/svg}polyline"))) == 3


def test_the_verb_merges_and_refuses_what_is_no_finished_run(
    finished: TrainConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verb.main(["export", finished.output_dir, "--merge", "--dtype", "bfloat16"]) == 0
    saved = json.loads((Path(finished.output_dir) / "merged" / "config.json").read_text())
    assert saved["dtype"] == "bfloat16"
    assert verb.main(["export", finished.output_dir]) == 0
    assert verb.main(["export", str(tmp_path)]) == 2
    assert "it is no run's directory" in capsys.readouterr().err


def test_a_damaged_result_is_not_exported(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.config(tmp_path / "run", max_steps=1, method="full")
    train(config)
    with pytest.raises(TrainError, match="has no adapter to merge"):
        merge(tmp_path / "run", lambda line: None)
    weights = tmp_path / "run" / "final" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(TrainError, match="is not the complete result of a run"):
        open_run(tmp_path / "run")


def test_a_hub_that_does_not_answer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(TrainError, match="me/mine: the Hub cannot be written"):
        push(tmp_path, "me/mine", lambda line: None)


def test_a_plot_of_equal_losses_is_drawn() -> None:
    ElementTree.fromstring(loss_svg([(1, 2.0), (2, 2.0)], [(2, 2.0)], "a < b"))
