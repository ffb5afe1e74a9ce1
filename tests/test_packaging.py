"""What is installed from the built distributions, in environments that hold nothing else."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "audit" / "train_h100x10.py"
UV = shutil.which("uv", path=str(Path(sys.executable).parent))
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(UV is None, reason="uv is not installed beside this interpreter"),
]


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in command],
        env={**os.environ, "UV_HTTP_RETRIES": "0"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def _interpreter(version: str) -> str | None:
    """An interpreter of a version that runs: on the path, or one of pyenv's, whose shims may not."""
    named = shutil.which(f"python{version}")
    for path in [*([named] if named else []), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]:
        if _run(path, "-c", "pass").returncode == 0:
            return str(path)
    return None


def _build(source: Path, folder: Path) -> tuple[Path, Path]:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1764000000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    [wheel] = folder.glob("*.whl")
    [sdist] = folder.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is committed and what is not yet, without what is ignored."""
    folder = tmp_path_factory.mktemp("source")
    listed = _run("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if listed.returncode != 0:
        pytest.skip(f"not in a git checkout: {listed.stderr.strip()}")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return _build(source, tmp_path_factory.mktemp("first"))


def test_two_builds_are_the_same_bytes(source, built, tmp_path):
    # Another folder, and files that were written at another time.
    shutil.copytree(source, tmp_path / "source", copy_function=shutil.copy)
    for one, other in zip(built, _build(tmp_path / "source", tmp_path / "dist"), strict=True):
        assert one.name == other.name
        digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, other)]
        assert digests[0] == digests[1], one.name


def test_the_distributions_hold_what_the_program_reads(source, built):
    wheel, sdist = built
    names = set(zipfile.ZipFile(wheel).namelist())
    packaged = {name for name in names if name.startswith("tminus/")}
    assert "tminus/py.typed" in packaged
    package = source / "src" / "tminus"
    files = {f"tminus/{path.relative_to(package)}" for path in package.rglob("*") if path.is_file()}
    assert files <= packaged
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "src/tminus/py.typed"} <= held
    assert not [name for name in held if ".venv" in name or "__pycache__" in name]


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_core_works_where_nothing_else_is_installed(built, version, tmp_path):
    wheel, sdist = built
    environment = tmp_path / "env"
    # uv fetches an interpreter where it may and there is none.
    made = _run(UV, "venv", "--python", _interpreter(version) or version, environment)
    if made.returncode != 0:
        pytest.skip(f"no Python {version} here, and none to be had: {made.stderr.strip()[:200]}")
    python = environment / "bin" / "python"
    # The source distribution on one version is enough to see that it builds by itself.
    what = sdist if version == SUPPORTED[0] else wheel
    installed = _run(UV, "pip", "install", "--python", python, what)
    if installed.returncode != 0 and "error sending request" in installed.stderr:
        pytest.skip(f"the package index cannot be reached: {installed.stderr.strip()[-200:]}")
    assert installed.returncode == 0, installed.stderr
    checked = _run(environment / "bin" / "tminus", "check", "--no-cache", "--format", "concise", EXAMPLE)
    assert checked.returncode == 1, checked.stderr
    assert "TM101" in checked.stdout
    planned = _run(environment / "bin" / "tminus", "plan", EXAMPLE)
    assert planned.returncode == 0, planned.stderr
    assert "1 × 8 H100" in planned.stdout
    version_of = _run(environment / "bin" / "tminus", "--version").stdout
    assert version_of.split() == ["tminus", importlib.metadata.version("tminus")]
    # What needs more says what to install.
    rehearsed = _run(environment / "bin" / "tminus", "rehearse", EXAMPLE)
    assert rehearsed.returncode == 2
    assert "pip install 'tminus[" in rehearsed.stderr
    frozen = _run(UV, "pip", "freeze", "--python", python).stdout.lower()
    assert "torch" not in frozen
    assert "modal" not in frozen
