"""Modules beside a script: shared between scripts, and read again when they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.script import Known, Script, Source
from tminus.script import modules as modules_


def timeout_of(folder: Path, name: str = "train.py") -> object:
    text = (
        "import modal\nfrom common import HOURS\napp = modal.App('x')\n"
        "@app.function(timeout=HOURS * 3600)\ndef train(): ...\n"
    )
    script = Script.parse(Source(folder / name, text))
    value = script.functions[0].timeout
    return value.value if isinstance(value, Known) else None


def test_a_sibling_is_read_again_when_it_changes(tmp_path: Path) -> None:
    assert timeout_of(tmp_path) is None
    (tmp_path / "common.py").write_text("HOURS = 2\n")
    assert timeout_of(tmp_path) == 2 * 3600
    (tmp_path / "common.py").write_text("HOURS = 3\n")
    assert timeout_of(tmp_path) == 3 * 3600
    (tmp_path / "common.py").unlink()
    assert timeout_of(tmp_path) is None


def test_a_sibling_of_a_sibling_is_read_again_when_it_changes(tmp_path: Path) -> None:
    (tmp_path / "common.py").write_text("from base import UNIT\nHOURS = 2 * UNIT\n")
    (tmp_path / "base.py").write_text("UNIT = 1\n")
    assert timeout_of(tmp_path) == 2 * 3600
    (tmp_path / "base.py").write_text("UNIT = 4\n")
    assert timeout_of(tmp_path) == 8 * 3600


def test_scripts_of_a_folder_parse_a_sibling_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules_, "_SETTLED_NS", -1)
    (tmp_path / "common.py").write_text("HOURS = 2\n")
    before = modules_._parsed.cache_info().misses
    assert [timeout_of(tmp_path, f"train_{number}.py") for number in range(5)] == [2 * 3600] * 5
    assert modules_._parsed.cache_info().misses == before + 1


@pytest.mark.parametrize(
    ("sibling", "use", "found"),
    [
        ("gpu = app.function(gpu='H100')\n", "@gpu\ndef train(): ...\n", True),
        ("gpu = app.function(gpu='H100')\n", "def train(): ...\nrun = gpu(train)\n", True),
        ("def gpu(count): return app.function(gpu=f'H100:{count}')\n", "@gpu(8)\ndef train(): ...\n", True),
        ("def gpu(function): return function\n", "@gpu\ndef train(): ...\n", False),
        ("def gpu(function): return function\n", "def train(): ...\nrun = gpu(train)\n", False),
    ],
)
def test_a_decorator_of_a_sibling(tmp_path: Path, sibling: str, use: str, found: bool) -> None:
    (tmp_path / "common.py").write_text(f"import modal\napp = modal.App('x')\n{sibling}")
    (tmp_path / "again.py").write_text("from common import (\n    app,  # the app\n    gpu,\n)\n")
    for module in ("common", "again"):
        script = Script.parse(Source(tmp_path / "train.py", f"from {module} import app, gpu\n{use}"))
        assert bool(script.functions) is found
        assert not found or script.functions[0].name == "train"
