"""Constants that a script imports from modules of the same project."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tminus.script import Known, Script, Unknown, Value


def last(folder: Path, script: str, modules: dict[str, str]) -> Value:
    """What is read of the expression that a script ends with; its path may stand before it."""
    name, _, text = script.rpartition("|")
    for where, what in {
        **{f"{module}.py": modules[module] for module in modules},
        name or "train.py": text,
    }.items():
        path = folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(what)
    path = folder / (name or "train.py")
    read = Script.read(path)
    expression = read.tree.body[-1]
    assert isinstance(expression, ast.Expr)
    return read.evaluate(expression.value)


@pytest.mark.parametrize(
    ("script", "modules"),
    [
        ("from settings import N\nN", {"settings": "N = 8\n"}),
        ("from settings import N as COUNT\nCOUNT", {"settings": "HALF = 4\nN = HALF * 2\n"}),
        ("import settings\nsettings.N", {"settings": "N = 8\n"}),
        ("import settings as s\ns.Config.n", {"settings": "class Config:\n    n = 8\n"}),
        ("from settings import gpus\ngpus(4)", {"settings": "S = 2\ndef gpus(n):\n    return n * S\n"}),
        ("from settings import Config\nConfig(n=8).n", {"settings": "class Config:\n    n: int = 1\n"}),
        ("from a import N\nN", {"a": "from b import M\nN = M\n", "b": "M = 8\n"}),
        ("from a import N\nN", {"a": "from b import N\n", "b": "N = 8\n"}),
        ("import pack.settings\npack.settings.N", {"pack/__init__": "", "pack/settings": "N = 8\n"}),
        ("from pack import settings\nsettings.N", {"pack/__init__": "", "pack/settings": "N = 8\n"}),
        ("from pack import N\nN", {"pack/__init__": "from .inner import N\n", "pack/inner": "N = 8\n"}),
        ("from space.settings import N\nN", {"space/settings": "N = 8\n"}),
        ("pack/train.py|from .common import N\nN", {"pack/__init__": "", "pack/common": "N = 8\n"}),
        ("pack/sub/train.py|from ..common import N\nN",
         {"pack/__init__": "", "pack/sub/__init__": "", "pack/common": "N = 8\n"}),
        ("pack/train.py|from . import common\ncommon.N", {"pack/__init__": "", "pack/common": "N = 8\n"}),
        ("src/pack/train.py|from pack.common import N\nN",
         {"src/pack/__init__": "", "src/pack/common": "N = 8\n"}),
        ("from settings import *\nN", {"settings": "N = 8\n"}),
        ("from os import *\nfrom a import *\nN", {"a": "from b import *\n", "b": "N = 8\n"}),
        ("pack/train.py|from .common import *\nN", {"pack/__init__": "", "pack/common": "N = 8\n"}),
        ("from a import A\nA", {"a": "from b import B\nA = 8\n", "b": "from a import A\nB = A\n"}),
    ],
)  # fmt: skip
def test_a_constant_of_the_project_is_read_where_it_is_defined(
    tmp_path: Path, script: str, modules: dict[str, str]
) -> None:
    value = last(tmp_path, script, modules)
    assert isinstance(value, Known), value
    assert value.value == 8


@pytest.mark.parametrize(
    ("script", "modules"),
    [
        ("from settings import N\nN", {}),
        ("from settings import N\nN", {"settings": "M = 8\n"}),
        ("from settings import N\nN", {"settings": "N = int(input())\n"}),
        ("from settings import N\nN", {"settings": "def broken(:\n"}),
        ("from settings import N\nN", {"settings": "N = 1\ndef f():\n    global N\n    N = 2\n"}),
        ("from settings import *\n_N", {"settings": "_N = 8\n"}),
        ("from torch import *\nN", {}),
        ("import settings\nsettings.N = 4\nsettings.N", {"settings": "N = 8\n"}),
        ("from a import A\nA", {"a": "from b import B\nA = B\n", "b": "from a import A\nB = A\n"}),
        ("from train import N\nN", {}),
        ("from torch import N\nN", {}),
        ("from .. import secret\nsecret.N", {"secret": "N = 8\n"}),
        ("from ...outside.common import N\nN", {}),
    ],
)
def test_what_the_project_does_not_say_stays_unknown(
    tmp_path: Path, script: str, modules: dict[str, str]
) -> None:
    value = last(tmp_path, script, modules)
    assert isinstance(value, Unknown)


def test_a_value_of_a_sibling_is_not_to_be_edited_from_the_script(tmp_path: Path) -> None:
    value = last(tmp_path, "from settings import N\nf'H100:{N}'", {"settings": "N = 10\n"})
    assert isinstance(value, Known)
    assert value.value == "H100:10"
    assert all(leaf.span.path == tmp_path / "train.py" for leaf in value.leaves)


def test_a_module_that_changes_is_read_again(tmp_path: Path) -> None:
    assert isinstance(last(tmp_path, "from settings import N\nN", {"settings": "N = 8\n"}), Known)
    changed = last(tmp_path, "from settings import N\nN", {"settings": "N = 16  # more\n"})
    assert isinstance(changed, Known)
    assert changed.value == 16


def test_importing_reads_and_never_runs(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    text = f"open({str(witness)!r}, 'w')\nN = 8\n"
    value = last(tmp_path, "from settings import N\nN", {"settings": text})
    assert isinstance(value, Known)
    assert not witness.exists()


def test_an_app_an_image_and_a_volume_of_a_sibling_reach_the_function(tmp_path: Path) -> None:
    (tmp_path / "common.py").write_text(
        "import modal\nvolume = modal.Volume.from_name('runs')\nGPU = 'H100:8'\n"
        "image = modal.Image.debian_slim(python_version='3.12').pip_install('torch==2.6.0')\n"
        "app = modal.App('a', image=image)\nOPTIONS = {'gpu': GPU, 'volumes': {'/runs': volume}}\n"
    )
    path = tmp_path / "train.py"
    path.write_text(
        "from common import app, OPTIONS\n@app.function(**OPTIONS, timeout=60)\ndef train(): ...\n"
    )
    (function,) = Script.read(path).functions
    assert [(one.request.type_name, one.request.count) for one in function.gpu_choices()] == [("H100", 8)]
    assert isinstance(function.argument("image"), Known)
    volumes = function.argument("volumes")
    assert isinstance(volumes, Known)
    assert list(volumes.value) == ["/runs"]
