"""What a shell completes once it was told: asked of a real bash."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from tminus.cli import VERBS, main


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = io.StringIO()
    with redirect_stdout(output):
        assert main(["completion", "bash"]) == 0
    path = tmp_path_factory.mktemp("completion") / "tminus.bash"
    path.write_text(output.getvalue())
    return path


def _completed(told: Path, folder: Path, *words: str) -> set[str]:
    quoted = " ".join(f"'{word}'" for word in ("tminus", *words))
    script = f"""
source '{told}'
COMP_WORDS=({quoted}); COMP_CWORD={len(words)}
complete -p tminus | grep -o -- '-F [^ ]*' | {{ read -r _ name; echo "$name"; }} > name
"$(cat name)" tminus '{words[-1]}' '{words[-2] if len(words) > 1 else "tminus"}'
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-c", script], cwd=folder, capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    return set(done.stdout.split())


def test_verbs(told, tmp_path):
    assert _completed(told, tmp_path, "") >= set(VERBS)
    assert _completed(told, tmp_path, "re") == {"rehearse", "report"}


def test_flags_choices_and_files(told, tmp_path):
    (tmp_path / "train.py").touch()
    assert "--budget" in _completed(told, tmp_path, "launch", "--b")
    assert _completed(told, tmp_path, "check", "--format", "s") == {"sarif"}
    assert "train.py" in _completed(told, tmp_path, "check", "tr")


def test_zsh_is_told_too():
    output = io.StringIO()
    with redirect_stdout(output):
        assert main(["completion", "zsh"]) == 0
    assert output.getvalue().startswith("#compdef tminus")
