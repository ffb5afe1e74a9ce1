"""The rules about the client's API, against the client that is installed."""

from __future__ import annotations

import inspect
from pathlib import Path

import modal
import pytest

from tminus.check import check
from tminus.facts import Facts
from tminus.script import Script, Source

FACTS = Facts.bundled()
ABOUT_THE_CLIENT = {"TM801", "TM802", "TM803", "TM804", "TM805"}
OBJECTS = {
    "modal.App": 'modal.App("x")',
    "modal.Volume": 'modal.Volume.from_name("x", create_if_missing=True)',
    "modal.Image": "modal.Image.debian_slim()",
    "modal.Dict": 'modal.Dict.from_name("x", create_if_missing=True)',
    "modal.Queue": 'modal.Queue.from_name("x", create_if_missing=True)',
    "modal.Secret": 'modal.Secret.from_name("x")',
    "modal.Function": 'modal.Function.from_name("x", "f")',
}


def found(text: str) -> list[str]:
    script = Script.parse(Source(Path("train.py"), text))
    return [f"{one.code} {one.message}" for one in check(script, FACTS) if one.code in ABOUT_THE_CLIENT]


def deprecated() -> set[str]:
    return {name for entry in FACTS.deprecations for name in entry.attributes}


@pytest.mark.parametrize("owner", OBJECTS)
def test_no_public_attribute_of_the_installed_client_is_unknown(owner: str) -> None:
    kind = getattr(modal, owner.partition(".")[2])
    names = [name for name in dir(kind) if not name.startswith("_")]
    lines = [f"thing.{name}" for name in names if f"{owner}.{name}" not in deprecated()]
    assert lines
    assert found("\n".join(["import modal", f"thing = {OBJECTS[owner]}", *lines])) == []


def test_a_function_of_the_script_has_every_method_of_the_client() -> None:
    names = [name for name in dir(modal.Function) if not name.startswith("_")]
    lines = [f"train.{name}" for name in names if f"modal.Function.{name}" not in deprecated()]
    app = 'import modal\napp = modal.App("x")\n@app.function()\ndef train(): ...\n'
    assert found(app + "\n".join(lines)) == []


def test_no_name_of_the_package_is_unknown() -> None:
    names = [name for name in modal.__all__ if f"modal.{name}" not in deprecated()]
    assert found("import modal\n" + "\n".join(f"modal.{name}" for name in names)) == []


@pytest.mark.parametrize("method", ["function", "cls", "local_entrypoint"])
def test_every_parameter_of_the_installed_client_is_known(method: str) -> None:
    signature = inspect.signature(getattr(modal.App, method))
    old = {name for entry in FACTS.deprecations for name in entry.parameters}
    for name in signature.parameters:
        if name in {"self", *old} or name.startswith("_"):
            continue
        text = f'import modal\napp = modal.App("x")\n@app.{method}({name}=None)\ndef train(): ...\n'
        assert found(text) == [], name


OLD = """\
import modal

app = modal.App("x")
volume = modal.Volume.lookup("x")


@app.function(keep_warm=1)
def train(): ...
"""


def test_a_project_that_pins_an_older_client_is_held_against_that_one(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(OLD)

    def severities() -> dict[str, str]:
        return {one.code: one.severity.value for one in check(Script.read(path), FACTS)}

    now = severities()
    assert (now["TM801"], now["TM803"]) == ("error", "error")
    (tmp_path / "pinned").mkdir()
    path = tmp_path / "pinned" / "train.py"
    path.write_text(OLD)
    (tmp_path / "pinned" / "requirements.txt").write_text("torch==2.9.1\nmodal==0.73.100\n")
    then = severities()
    assert "TM801" not in then
    assert (then["TM802"], then["TM803"]) == ("warning", "warning")


@pytest.mark.parametrize("name", ["spawn_map.aio", "remote.aio", "remote_gen"])
def test_asynchronous_forms_are_known(name: str) -> None:
    app = 'import modal\napp = modal.App("x")\n@app.function()\ndef train(): ...\n'
    assert found(f"{app}train.{name}") == []
