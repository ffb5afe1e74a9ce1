"""The built-in fine-tune as a Modal script."""

from __future__ import annotations

import ast
import itertools
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tminus.check import check
from tminus.cli import main
from tminus.facts import Facts
from tminus.launch.gate import examine
from tminus.launch.recipe import recipe_text
from tminus.script import Script, Source
from tminus.train import ConfigError, TrainConfig

SMALL = "HuggingFaceTB/SmolLM2-135M"


def _config(**given) -> TrainConfig:
    return TrainConfig(
        **{
            "model": SMALL, "method": "lora", "dataset": "tatsu-lab/alpaca", "output_dir": "runs/my first",
            "global_batch": 64, "gpu": "H100", **given,
        }
    )  # fmt: skip


def _script(text: str) -> Script:
    return Script.parse(Source(Path("recipe.py"), text))


def _made(text: str) -> dict:
    """The arguments of the script's TrainConfig."""
    [call] = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TrainConfig"
    ]
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}


@pytest.mark.parametrize(("gpu", "nodes"), [("H100", 1), ("A100-80GB:4", 1), ("H100:8", 2)])
def test_no_check_finds_anything_in_it_and_it_can_be_planned(gpu, nodes):
    facts = Facts.bundled()
    script = _script(recipe_text(_config(gpu=gpu, nodes=nodes), facts))
    assert check(script, facts) == []
    gate = examine(script, facts)
    assert gate.refusals == ()
    assert gate.planned is not None
    assert gate.containers == nodes


def test_the_configuration_arrives_whole(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"text": "a"}) + "\n")
    given = _config(dataset=str(rows), seed=7, packing=True, target_modules=("q_proj", "v_proj"), lora_r=4)
    text = recipe_text(given, Facts.bundled())
    there = TrainConfig(**_made(text))
    changed = {name for name, value in asdict(there).items() if value != asdict(given)[name]}
    assert changed == {"dataset", "output_dir", "volume"}
    assert (there.output_dir, there.volume) == ("/data/runs/my-first", "my-first")
    assert there.dataset == "/root/data/rows.jsonl"
    assert f'.add_local_file("{rows}", "/root/data/rows.jsonl")' in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"gpu": None}, "gpu is not set"),
        ({"gpu": "H10"}, "gpu is H10, which Modal does not have; try"),
    ],
)
def test_what_modal_cannot_run_is_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        recipe_text(_config(**given), Facts.bundled())


def test_gated_models_get_their_token():
    facts = Facts.bundled()
    gated = [shape.id for shape in facts.models.values() if shape.gated]
    for model, nodes in itertools.product([gated[0], SMALL], [1]):
        text = recipe_text(_config(model=model, nodes=nodes), facts)
        assert ("HF_TOKEN" in text) == (model != SMALL)


def test_the_command_writes_the_script_and_stops_at_the_gate(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    words = ["train", "--on", "modal", "--dry-run"]
    words += [f"model={SMALL}", "method=lora", "dataset=tatsu-lab/alpaca", "output_dir=runs/first"]
    words += ["global_batch=64", "gpu=H100"]
    assert main(words) == 0
    assert "1 × 1 H100" in capsys.readouterr().out
    assert main([*words, "--budget", "0.01"]) == 1
    assert "over the budget of $0.01" in capsys.readouterr().out
    [written] = (tmp_path / ".tminus" / "launched").iterdir()
    assert "TrainConfig(" in written.read_text()
