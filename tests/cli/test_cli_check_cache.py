"""What `tminus check` keeps of a run, and when it is not used again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tminus.check.cache import Cache, day
from tminus.cli import main

FIXTURES = Path(__file__).parents[1] / "check"

CLEAN = """\
import modal

app = modal.App("hello")


@app.function(timeout=600)
def hello():
    print("hello")
"""

USES_SIBLING = """\
import modal
from settings import GPU

app = modal.App("hello")


@app.function(gpu=GPU, timeout=600)
def hello():
    print("hello")
"""

# The modules that a hit loads besides the interpreter's own must hold none of these.
LOADED = """
import sys
from tminus.cli import main
code = main(sys.argv[1:])
print(code, *sys.modules, file=sys.stderr)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TMINUS_CACHE_DIR", raising=False)
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file and wait until it counts as settled: what was written during a check is not kept."""
    path.write_text(text)
    time.sleep(0.03)


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.name not in (".gitignore", "CACHEDIR.TAG"))


def check(*arguments: str) -> int:
    return main(["check", *arguments])


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The codes that a check prints."""
    check(*arguments, "--format", "concise")
    lines = capsys.readouterr().out.splitlines()
    return [word for line in lines for word in line.split() if word.startswith("TM")]


def two(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What two rules find in train.py: one of the script's values, one of the words beside it."""
    return found(capsys, "train.py", "--select", "TM101,TM902")


@pytest.fixture
def from_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every check that is not answered from the cache fail."""

    def fail(*_: object) -> None:
        raise AssertionError("it was checked anew")

    monkeypatch.setattr("tminus.check.batch.check_file", fail)


def test_a_second_run_gives_the_same_and_checks_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    shutil.copy(FIXTURES / "TM101/bad/constant.py", project / "bad.py")
    write(project / "clean.py", CLEAN)
    outputs = []
    for form in ("text", "json", "sarif"):
        codes = [check("bad.py", "clean.py", "--format", form)]
        first = capsys.readouterr().out
        codes.append(check("--no-cache", "bad.py", "clean.py", "--format", form))
        assert capsys.readouterr().out == first
        assert codes == [1, 1]
        outputs.append(first)
    request.getfixturevalue("from_cache")
    for form, first in zip(("text", "json", "sarif"), outputs, strict=True):
        assert check("bad.py", "clean.py", "--format", form) == 1
        assert capsys.readouterr().out == first
    assert check("clean.py") == 0
    assert capsys.readouterr().out == "Nothing found, 1 file checked.\n"


def test_every_fixture_comes_back_as_it_was_found(
    project: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    paths = [str(path) for path in sorted(FIXTURES.glob("TM*/bad/*.py"))[::4]]
    check("--jobs", "1", "--format", "json", "--cache-dir", "kept", *paths)
    first = capsys.readouterr().out
    assert len(entries(project / "kept")) == len(paths)
    request.getfixturevalue("from_cache")
    check("--jobs", "1", "--format", "json", "--cache-dir", "kept", *paths)
    assert capsys.readouterr().out == first


def test_a_hit_loads_neither_rules_nor_parser(project: Path) -> None:
    write(project / "clean.py", CLEAN)
    assert check("clean.py") == 0
    command = [sys.executable, "-c", LOADED, "check", "clean.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    code, *loaded = done.stderr.split()
    assert (code, done.stdout) == ("0", "Nothing found, 1 file checked.\n")
    unneeded = {"argparse", "dataclasses", "hashlib", "json", "pathlib", "tminus.facts", "tminus.script"}
    assert unneeded & set(loaded) == set()


def test_a_changed_sibling_is_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project / "settings.py", 'GPU = "H100:8"\n')
    write(project / "train.py", USES_SIBLING)
    assert two(capsys) == []
    assert two(capsys) == []
    write(project / "settings.py", 'GPU = "H100:9"\n')
    assert two(capsys) == ["TM101"]
    (project / "settings.py").unlink()
    assert two(capsys) == []
    (project / "settings").mkdir()
    write(project / "settings" / "__init__.py", 'GPU = "H100:10"\n')
    assert two(capsys) == ["TM101"]


def test_words_beside_the_script_are_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(FIXTURES / "TM201/good/whole_hosts.py", project / "train.py")
    time.sleep(0.03)
    assert two(capsys) == []
    write(project / "README.md", "It runs on 12 GPUs.\n")
    assert two(capsys) == []
    write(project / "README.md", "`train.py` runs on 12 GPUs of two hosts.\n")
    assert two(capsys) == ["TM902"]
    assert two(capsys) == ["TM902"]


def test_the_script_its_pins_and_the_configuration_are_seen(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project / "train.py", CLEAN.replace("timeout=600", 'gpu="H100:9", timeout=600'))
    assert found(capsys, "train.py") == ["TM101"]
    write(project / "pyproject.toml", '[tool.tminus]\nignore = ["TM101"]\n')
    assert found(capsys, "train.py") == []
    write(project / "pyproject.toml", '[tool.tminus.per-file-ignores]\n"other.py" = ["TM101"]\n')
    assert found(capsys, "train.py") == ["TM101"]
    write(project / "train.py", CLEAN)
    assert found(capsys, "train.py") == []
    assert check("train.py") == 0
    write(project / "pyproject.toml", '[tool.tminus]\nformat = "json"\n')
    capsys.readouterr()
    assert check("train.py") == 0
    assert check("train.py") == 0
    assert capsys.readouterr().out.count('"summary"') == 2


def test_rules_that_are_asked_for_are_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project / "train.py", CLEAN.replace("timeout=600", 'gpu="H100:9", timeout=600'))
    assert found(capsys, "train.py", "--select", "TM2") == []
    assert found(capsys, "train.py") == ["TM101"]
    assert found(capsys, "train.py", "--ignore", "TM101") == []


def test_the_age_of_a_fact_is_seen(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project / "train.py", CLEAN.replace("timeout=600", 'gpu="H100:9", timeout=600'))

    def printed() -> str:
        # Each in a process of its own: a process counts the age of facts as of one day.
        command = [sys.executable, "-m", "tminus", "check", "train.py"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795500000")
    assert day() == "2026-11-24"
    assert "Found 1 error; 1 file checked." in printed()
    assert "Found 1 error; 1 file checked." in printed()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1827000000")
    assert "Found 1 warning; 1 file checked." in printed()


def test_a_broken_entry_is_ignored_and_written_anew(
    project: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    Cache(str(project / ".tminus_cache"), str(project)).make()
    write(project / "train.py", CLEAN.replace("timeout=600", 'gpu="H100:9", timeout=600'))
    assert found(capsys, "train.py") == ["TM101"]
    (entry,) = entries(project / ".tminus_cache")
    whole = entry.read_bytes()
    for broken in (b"", b"\xff\xfe\n", whole[: len(whole) // 2], whole.replace(b"H100:9", b"H100:7")):
        entry.write_bytes(broken)
        assert found(capsys, "train.py") == ["TM101"]
        assert entry.read_bytes() == whole
    request.getfixturevalue("from_cache")
    assert found(capsys, "train.py") == ["TM101"]


def test_the_folder_says_what_it_is_and_can_be_elsewhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project / "clean.py", CLEAN)
    check("clean.py")
    folder = project / ".tminus_cache"
    assert (folder / ".gitignore").read_text() == "*\n"
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    check("--cache-dir", "given", "clean.py")
    monkeypatch.setenv("TMINUS_CACHE_DIR", str(project / "named"))
    check("clean.py")
    assert [len(entries(project / name)) for name in ("given", "named", ".tminus_cache")] == [1, 1, 1]


@pytest.mark.parametrize("flags", [["--no-cache"], ["--diff"], ["--fix"], ["--plan"]])
def test_some_runs_keep_nothing(project: Path, flags: list[str]) -> None:
    write(project / "clean.py", CLEAN)
    check(*flags, "clean.py")
    assert not (project / ".tminus_cache").exists()


def test_what_changes_during_the_check_is_not_kept(project: Path) -> None:
    (project / "clean.py").write_text(CLEAN)
    later = time.time() + 5
    os.utime(project / "clean.py", (later, later))
    assert check("clean.py") == 0
    assert entries(project / ".tminus_cache") == []
