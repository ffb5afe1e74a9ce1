"""Reading what image steps install."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.check.distributions import Distributions
from tminus.check.library_versions import library_version
from tminus.check.packages import installed_by, packages_of, release
from tminus.script import Script, Source
from tminus.script.image import all_images


@pytest.mark.parametrize(
    ("command", "requirements", "whole"),
    [
        ("pip install torch==2.9.1 'trl>=1' --index-url https://x", ["torch==2.9.1", "trl>=1"], True),
        ("python -m pip install -U peft && echo done", ["peft"], True),
        ("uv pip install --system --compile-bytecode wandb", ["wandb"], True),
        ("pip install -r requirements.txt", [], False),
        ("cd /x && pip install -e .", [], False),
        ("apt-get update && apt-get install -y git", [], True),
        ("bash setup.sh", [], False),
        ("echo 'unclosed", [], False),
    ],
)
def test_commands_that_install(command: str, requirements: list[str], whole: bool) -> None:
    assert installed_by(command) == (requirements, whole)


def read(chain: str) -> tuple[Script, dict[str, str | None], bool]:
    script = Script.parse(Source(Path("train.py"), f"import modal\nimage = {chain}\n"))
    (image,) = all_images(script)
    packages = packages_of(script, image)
    return script, {one.name: one.version for one in packages.found}, packages.whole


def test_every_way_of_naming_packages() -> None:
    _, found, whole = read(
        'modal.Image.debian_slim().pip_install(["torch==2.9.1+cu128", "Flash_Attn"], *("trl",))'
        '.pip_install("peft[x]==0.21.2")'
        '.uv_pip_install("git+https://github.com/me/my.package.git@v1")'
        '.run_commands("pip install rich==15.0.0")'
    )
    assert found == {
        "torch": "2.9.1+cu128",
        "flash-attn": None,
        "trl": None,
        "peft": "0.21.2",
        "my-package": None,
        "rich": "15.0.0",
    }
    assert whole


@pytest.mark.parametrize(
    "step",
    ['pip_install_from_requirements("r.txt")', "uv_sync()", "pip_install(*names())", "run_function(build)"],
)
def test_what_is_not_in_sight_is_not_claimed(step: str) -> None:
    assert not read(f"modal.Image.debian_slim().{step}")[2]


def test_releases_compare_by_their_numbers() -> None:
    assert release("2.10.0") > release("2.9.1+cu128")
    assert release("2.9.0rc1") == (2, 9, 0)


def test_what_comes_with_what() -> None:
    table = Distributions.bundled()
    assert {"peft", "datasets", "numpy", "torch"} <= (table.installed_with(["trl", "bitsandbytes"]) or set())
    assert table.installed_with(["a-package-nobody-knows"]) is None
    assert table.providers("sklearn") == {"scikit-learn"}
    assert "opencv-python" in table.providers("cv2")


@pytest.mark.parametrize(
    ("asked", "version", "certain"),
    [
        ("trl==0.9.6", "0.9.6", True),
        ("trl", "1.2.0", True),
        ("trl<1", "0.12.0", True),
        ("trl~=0.9.0", "0.9.6", True),
        ("trl>=0.9,!=1.2.0", "1.0.0", True),
        ("trl @ git+https://github.com/huggingface/trl", "1.2.0", False),
        ("torch", "1.2.0", False),
    ],
)
def test_the_release_that_an_installer_would_choose(asked: str, version: str, certain: bool) -> None:
    text = (
        "import modal\napp = modal.App('x')\n"
        f"@app.function(image=modal.Image.debian_slim().pip_install({asked!r}))\ndef train(): ...\n"
    )
    releases = ("0.9.4", "0.9.6", "0.12.0", "1.0.0", "1.2.0")
    chosen = library_version(Script.parse(Source(Path("train.py"), text)), "trl", releases)
    assert (chosen.version, chosen.certain) == (version, certain)
