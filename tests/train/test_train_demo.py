"""The verb, and the demonstration with the real model."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Tiny, environment

from tminus.cli import train as verb
from tminus.train.small_model import INSTALL, PACKAGE


def tminus(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tminus", "train", *arguments],
        env=environment(**env),
        capture_output=True,
        text=True,
    )


def call(*arguments: str) -> int:
    return verb.main(arguments)


def test_either_a_configuration_or_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 2
    assert call("run.json", "--demo") == 2
    assert "or --demo and neither of them" in capsys.readouterr().err


def test_bad_configuration_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"model": "m"}')
    assert call(str(path)) == 2
    assert f"{path}: the training configuration lacks method, dataset" in capsys.readouterr().err


def test_missing_package_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("tminus.train.small_model.PACKAGE", "no_such_package_is_installed")
    assert call("--demo", "--output", str(tmp_path / "demo")) == 2
    assert INSTALL in capsys.readouterr().err


@pytest.mark.slow
def test_trains_a_configuration(tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(tiny.config(tmp_path / "run", max_steps=3).to_json())
    done = tminus(str(path))
    assert done.returncode == 0, done.stderr
    assert "step 3/3" in done.stderr
    assert (tmp_path / "run" / "final" / "adapter_model.safetensors").exists()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason=f"needs {PACKAGE}: {INSTALL}")
def test_demo_runs_offline(tmp_path: Path) -> None:
    output = tmp_path / "demo"
    done = tminus("--demo", "--steps", "4", "--output", str(output), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    assert "questions and answers" in done.stdout
    assert done.stdout.index("asked before") < done.stdout.index("asked after") < done.stdout.index("loss: ")
    assert (output / "final" / "adapter_model.safetensors").exists()
    assert (tmp_path / "cache" / "tminus" / "smollm2-135m-instruct" / "model.safetensors").exists()
