"""Images: which of their steps install packages, and environments that are made from those."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import modal
import pytest
from conftest import SCRIPTS, running_plane
from uv import find_uv_bin

from tminus.controlplane import ImageBuilder, pip_settings
from tminus.controlplane.image_builder import EnvironmentPlan
from tminus.controlplane.pip_steps import installs_of, installs_otherwise

PACKAGE = "iniconfig==2.0.0"


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("python -m pip install 'idna>=3' six --pre", [("idna>=3", "six", "--pre")]),
        ("/.uv/uv pip install --python $(command -v python) --compile-bytecode six", [("six",)]),
        ("pip install --no-cache-dir --requirement=/r.txt", [("-r", "/r.txt")]),
        ("python3 -m pip install --upgrade pip && pip install six", [("--upgrade", "pip"), ("six",)]),
        ("uv pip install --system -p 3.12 'a[b]<2' --index-url https://x/simple",
         [("a[b]<2", "--index-url", "https://x/simple")]),
    ],
)  # fmt: skip
def test_installations_are_read_with_the_arguments_that_count(command, arguments):
    assert [install.arguments for install in installs_of(command)] == arguments


@pytest.mark.parametrize(
    "command",
    [
        "pip install six; touch /x",
        "pip install -r /r.txt > /log",
        "pip install .",
        "pip install -e /src",
        'pip install "git+https://$TOKEN@example.org/x"',
        "pip install 'unclosed",
        "uv sync --frozen",
        "micromamba install cudatoolkit",
    ],
)
def test_what_needs_more_than_pip_is_left_and_its_packages_are_not_known(command):
    assert installs_of(command) == []
    assert installs_otherwise(command)


def test_other_commands_bring_no_packages():
    assert not installs_of("apt-get install -y git")
    assert not installs_otherwise("apt-get install -y git")


def test_what_the_user_tells_pip_is_told_to_uv_and_what_they_tell_uv_stands():
    given = {
        "PATH": "/usr/bin",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "https://pip.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://one.example https://two.example",
        "UV_DEFAULT_INDEX": "https://uv.example/simple",
        "UV_TORCH_BACKEND": "cpu",
        "MODAL_TOKEN_SECRET": "as-mine",
        "PYTHONPATH": "/mine",
    }
    variables = pip_settings.environment(given)
    assert variables["UV_DEFAULT_INDEX"] == "https://uv.example/simple"
    assert variables["UV_INDEX"] == "https://one.example https://two.example"
    assert variables["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert not {"MODAL_TOKEN_SECRET", "PYTHONPATH"} & variables.keys()
    del given["UV_DEFAULT_INDEX"]
    other = pip_settings.environment(given)
    assert other["UV_DEFAULT_INDEX"] == "https://pip.example/simple"
    assert pip_settings.deciding(variables) != pip_settings.deciding(other)
    assert "PATH" not in pip_settings.deciding(variables)


@pytest.fixture(scope="module")
def environments(tmp_path_factory) -> Path:
    """A cache folder, where an index of packages can be reached."""
    command = [find_uv_bin(), "pip", "compile", "--quiet", "-"]
    variables = pip_settings.environment()
    done = subprocess.run(command, input=PACKAGE, capture_output=True, text=True, env=variables)
    if done.returncode != 0:
        pytest.skip(f"no index of packages can be reached: {done.stderr.strip()[-200:]}")
    return tmp_path_factory.mktemp("environments")


@pytest.mark.slow
def test_containers_have_the_packages_of_their_image(environments, tmp_path):
    with running_plane(tmp_path, image_builder=ImageBuilder(environments / "tminus" / "images")) as plane:
        code, output = plane.run("built.py", timeout_s=120)
        assert code == 0, output
        built, based = (json.loads(line[8:]) for line in output.splitlines() if line.startswith("result: "))
        assert built == {
            "iniconfig": "2.0.0",
            "torch": False,
            "requirements": True,
            "python": platform.python_version(),
            "client": modal.__version__,
        }
        assert f"+ {PACKAGE}" in output  # the client shows what the installation says
        # What the base brings cannot be told: its containers have what this machine has.
        assert based["torch"]
        created = {event.fields["base"]: event.fields for event in plane.events("image_created")}
        assert created[""]["not_run"] == ["RUN apt-get update", "RUN apt-get install -y git"]
        assert [step.rpartition(" ")[2] for step in created[""]["built"]] == [PACKAGE, "/.requirements.txt"]
        [base] = [name for name in created if name]
        assert base.startswith("pytorch/pytorch:")
        assert created[base]["not_run"] == [f"python -m pip install {PACKAGE}"]
        assert max(event.fields["made_in_s"] for event in plane.events("image_ready")) > 0
    with running_plane(tmp_path, image_builder=ImageBuilder(environments / "tminus" / "images")) as plane:
        code, output = plane.run("built.py::in_built")
        assert code == 0, output
        assert {event.fields["made_in_s"] for event in plane.events("image_ready")} == {0.0}


@pytest.mark.slow
def test_a_package_that_is_not_to_be_had_fails_the_build_with_its_reason(environments, tmp_path):
    with running_plane(tmp_path, image_builder=ImageBuilder(environments / "tminus" / "images")) as plane:
        code, output = plane.run("not_to_be_built.py")
        assert code == 1
        assert "Image build for im-" in output
        assert "iniconfig==99.0" in output
        assert plane.plane.containers() == []
        [failed] = plane.events("image_failed")
        assert "all output: " in failed.fields["error"]


@pytest.mark.slow
def test_pip_makes_environments_where_uv_is_absent(environments, monkeypatch):
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    builder = ImageBuilder(environments / "tminus" / "images")
    assert builder.tool.startswith("pip ")
    plan = EnvironmentPlan(
        "", tuple(installs_of("pip install -r /list.txt")), {"/list.txt": PACKAGE.encode()}
    )
    assert builder.ready(plan) is None
    made = builder.build(plan, lambda line: None)
    assert builder.ready(plan) == made
    assert made.client == modal.__version__
    command = [made.executable, "-c", "import iniconfig, modal; print(iniconfig.__file__)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(environments))


@pytest.mark.slow
def test_a_rehearsal_says_which_packages_of_the_image_can_be_installed(environments, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tminus", "rehearse", f"{SCRIPTS / 'built.py'}::in_built", "--build-images",
         "--output", str(tmp_path / "record")],
        env={**os.environ, "XDG_CACHE_HOME": str(environments)}, capture_output=True, text=True,
    )  # fmt: skip
    # It trains nothing: that is said, and no error.
    assert "INCONCLUSIVE" in done.stdout, done.stdout + done.stderr
    document = json.loads((tmp_path / "record" / "rehearsal.json").read_text())
    proven, not_proven, unknown = ("\n".join(document[name]) for name in ("proven", "not_proven", "unknown"))
    assert re.search(rf"packages of the image can be installed: .*uv pip install .*{PACKAGE}", proven)
    assert "a step of the image that was not run: RUN apt-get install -y git" in not_proven
    assert "the image's base pytorch/pytorch:" in not_proven
    assert "what in_based() does: it was never called" in unknown
