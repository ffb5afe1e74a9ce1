from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tminus.facts import Facts
from tminus.rehearse.hub import LocalHub, RepoKind
from tminus.rehearse.shim import DIRECTORY
from tminus.rehearse.shim_settings import SETTINGS_VARIABLE, ShimSettings, gpu_properties
from tminus.rehearse.standins import make_dataset, make_model, shape_of_model

RunScript = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Callable[[RepoKind, str], Path]:
    """Makes a stand-in of any bundled model or data set, once a session."""
    root = tmp_path_factory.mktemp("standins")

    def resolve(kind: RepoKind, repo_id: str) -> Path:
        directory = root / kind / repo_id.replace("/", "--")
        if kind == "model":
            make_model(repo_id, shape_of_model(repo_id), directory)
        else:
            make_dataset(repo_id, Facts.bundled().dataset(repo_id), 64, directory)
        return directory

    return resolve


@pytest.fixture
def hub(standins: Callable[[RepoKind, str], Path]):
    with LocalHub({}, {}, resolve=standins) as running:
        yield running


@pytest.fixture
def run_script(tmp_path: Path) -> RunScript:
    """Runs Python code or a command in a fresh process that knows no hub but the one it is given."""

    def run(
        code: str,
        hub: LocalHub | None = None,
        *,
        command: list[str] | None = None,
        stdin: str | None = None,
        timeout_s: float = 120,
        **variables: str,
    ) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script.py"
        script.write_text(code)
        return subprocess.run(
            [sys.executable, *(command or []), str(script)],
            env=_environment(tmp_path, hub, variables),
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )

    return run


@pytest.fixture
def two_gpus(tmp_path: Path) -> dict[str, str]:
    """Environment of a process in a rehearsed container that asked for two H100."""
    ShimSettings(
        ranks_per_container=2,
        seq_len=64,
        events_file=tmp_path / "events.jsonl",
        threads_per_rank=1,
        gpus_asked=2,
        gpu_properties=gpu_properties(Facts.bundled()),
    ).write(tmp_path / "shim.json")
    return {
        "PYTHONPATH": str(DIRECTORY),
        SETTINGS_VARIABLE: str(tmp_path / "shim.json"),
        "TMINUS_CONTAINER_GPUS": "H100:2",
    }


def _environment(tmp_path: Path, hub: LocalHub | None, variables: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {
        **kept,
        "HOME": str(tmp_path),
        "HF_HOME": str(tmp_path / "hf"),
        "OMP_NUM_THREADS": "1",
        "MPLCONFIGDIR": str(tmp_path),
        **(hub.environment if hub is not None else {}),
        **variables,
    }
