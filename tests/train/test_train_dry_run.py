"""What a run takes, before anything is loaded: the plan of a configuration, and what to think about."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Tiny

from tminus.cli import train as verb
from tminus.facts import Facts
from tminus.train import ConfigError, TrainConfig
from tminus.train.config_file import read_config, to_yaml
from tminus.train.planned import planned

LLAMA = TrainConfig(
    model="meta-llama/Llama-3.1-8B",
    method="qlora",
    dataset="tatsu-lab/alpaca",
    output_dir="/data/run",
    global_batch=128,
    gpu="H100",
)


def test_the_printed_configuration_runs_and_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(to_yaml(LLAMA))
    code = (
        "import sys; from tminus.cli import main; heavy = ('torch', 'transformers', 'datasets', 'modal');"
        "code = main(['train', sys.argv[1], '--dry-run', 'lr=1e-4']);"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr);"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [
        "tminus: given on the command line: lr is read as learning_rate",
        "[]",
    ]
    resolved = done.stdout[: done.stdout.index("Job")]
    (tmp_path / "again.yaml").write_text(resolved)
    assert read_config(tmp_path / "again.yaml").config == replace(LLAMA, learning_rate=1e-4)
    assert "As configured, on 1 × 1 H100: global batch 128 = micro-batch 1 × 128" in done.stdout


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"learning_rate": 1e-2}, "learning_rate: 0.01 is far from 0.0002"),
        ({}, "micro_batch: 4 fits too"),
        ({}, "is gated"),
        ({}, "packing: rows have about 130 tokens"),
        ({"seq_len": 200_000, "packing": True}, "is beyond the 131072 positions"),
        ({"method": "full", "gpu": "A10"}, "does not fit in"),
        ({"global_batch": 60_000}, "an epoch has 52002"),
        ({}, "volume: none is given"),
    ],
)
def test_what_to_think_about(changes: dict[str, Any], says: str) -> None:
    found = planned(replace(LLAMA, **changes), Facts.bundled())
    assert any(says in line for line in found.warnings), found.warnings


def test_the_micro_batch_can_be_found() -> None:
    small, large = (
        planned(replace(LLAMA, micro_batch="auto", gpu=gpu), Facts.bundled()) for gpu in ("L4", "H200")
    )
    for found in (small, large):
        assert found.configured.memory.fit(found.plan.asked.gpu.usable_gib) == "yes"
        assert not any(line.startswith("micro_batch") for line in found.warnings)
    assert small.configured.split.micro_batch <= large.configured.split.micro_batch
    assert planned(LLAMA, Facts.bundled()).configured.split.micro_batch == 1


def test_nothing_to_think_about() -> None:
    settled = replace(
        LLAMA, model="Qwen/Qwen2.5-7B", micro_batch=8, packing=True, eval_fraction=0.02, volume="runs"
    )
    assert planned(settled, Facts.bundled()).warnings == ()


def test_local_files_and_models_are_measured(tiny: Tiny) -> None:
    found = planned(replace(tiny.config(Path("o")), max_steps=None, gpu="H100"), Facts.bundled())
    assert found.job.rows == 90
    assert found.job.model.hidden_size == 64
    assert found.plan.asked.gpu.name == "H100"
    assert any(one.name == "tokens_per_row" for one in found.plan.assumed)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "me/mine"}, "model: the shape of me/mine is not known"),
        ({"gpu": "H1000"}, "gpu: found 'H1000', but Modal has no such type"),
        ({"gpu": "H100:x"}, "gpu: found 'H100:x': Invalid GPU count"),
        ({"dataset": "me/rows"}, "dataset: the rows of me/rows are not known"),
        ({"gpu": "H100:3"}, "global_batch: found 128, but 3 ranks"),
    ],
)
def test_what_cannot_be_planned_says_what_to_give(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        planned(replace(LLAMA, **changes), Facts.bundled())
    assert says in str(caught.value)


def test_a_run_that_does_not_fit_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"{key}={value}" for key, value in LLAMA.to_dict().items() if isinstance(value, str | int)]
    words = [word for word in words if not word.startswith(("method=", "gpu=")) and "=False" not in word]
    assert verb.main([*words, "method=full", "gpu=A10", "--dry-run"]) == 1
    assert verb.main([*words, "method=qlora", "--dry-run", "gpu=H100"]) == 0
    assert verb.main([*words, "method=qlora", "--dry-run", "gpu=H1000"]) == 2
    assert "Modal has no such type" in capsys.readouterr().err
