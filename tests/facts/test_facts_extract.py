"""Reading signatures out of wheels, without importing them."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SOURCE = """
raise RuntimeError("read, never run")

from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar
from transformers import TrainingArguments

@dataclass
class Base(TrainingArguments):
    _: KW_ONLY
    shared: int = 0
    KINDS: ClassVar[list] = []

@dataclass
class Config(Base):
    own: int = 1
    made: int = field(init=False)

class Plain(Base):
    not_a_field: int = 2

class Trainer:
    @deprecate_kwarg("tokenizer", "0.16.0", "processing_class")
    def __init__(self, model, args=None, *, processing_class=None, **kwargs): ...

class _Volume:
    @renamed_parameter((2024, 12, 18), "label", "name")
    @staticmethod
    def from_name(name, *, create_if_missing=False): ...
    @property
    def size(self): ...
    def _hidden(self): ...
    def __init__(self):
        self.path = ""
"""


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("signature_source")


@pytest.fixture
def extract(source: ModuleType) -> ModuleType:
    return importlib.import_module("extract_signatures")


def test_a_wheel_is_read_as_text(source: ModuleType, tmp_path: Path) -> None:
    packages = importlib.import_module("signature_packages")
    wheel = tmp_path / "trl-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("trl/deep/config.py", SOURCE)
        archive.writestr("trl/__init__.py", "class Config: ...  # a stand-in")
    package = packages.Package(
        "trl",
        "1.0",
        True,
        classes={"trl.Config": "Config", "trl.Plain": "Plain", "trl.Trainer": "Trainer", "trl.Gone": "Gone"},
        owners={"trl.Volume": "_Volume"},
    )
    data = source.read_wheel(wheel, package)
    found = data["signatures"]
    assert found["trl.Config"]["parameters"] == ["own", "shared"]
    assert found["trl.Config"]["inherits"] == ["transformers.TrainingArguments"]
    assert found["trl.Plain"]["parameters"] == ["shared"]
    assert found["trl.Trainer"] == {
        "parameters": ["args", "model", "processing_class", "tokenizer"],
        "open": True,
        "inherits": [],
        "renames": {"tokenizer": "processing_class"},
        "required": ["model"],
    }
    assert found["trl.Volume.from_name"]["parameters"] == ["create_if_missing", "label", "name"]
    assert "trl.Gone" not in found
    assert data["owners"] == {"trl.Volume": ["from_name", "path", "size"]}


def test_lifetimes_end_with_the_first_release_without_it(extract: ModuleType) -> None:
    releases = ["1.0", "1.1", "1.2", "1.3"]
    assert extract.lifetime([True, True, True, True], releases) == [None, None]
    assert extract.lifetime([False, True, True, False], releases) == ["1.1", "1.3"]
    assert extract.lifetime([True, False, True, True], releases) == [None, None]
