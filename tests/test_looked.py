"""What an answer rests on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import tminus
from tminus.looked import Looks, look, recording, remembered

PACKAGE = Path(tminus.__file__).parent

# Ways to look at the disk, and the modules that use them for a script's sake without saying so themselves.
LOOKS = (
    ".is_file(",
    ".is_dir(",
    ".exists(",
    ".glob(",
    ".read_bytes(",
    ".read_text(",
    "Source.read(",
    "os.listdir(",
)
SAID_ELSEWHERE = {
    "script/configured.py": "named_files.py found the file",
    "script/modules.py": "`rests_on` says it for all",
    "script/script.py": "batch.py says it of the script",
    "script/source.py": "whoever reads says it",
    "check/places.py": "the finding came from that file",
}
NOT_OF_A_SCRIPT = ("baseline", "batch", "cache", "codes", "config", "distributions", "files")


def later() -> int:
    return time.time_ns() + 10**9


def test_every_module_that_looks_at_the_disk_says_so() -> None:
    for folder in ("script", "check"):
        for path in (PACKAGE / folder).rglob("*.py"):
            code = (
                path.read_text(encoding="utf-8").rpartition('"""')[2]
                if path.parent.name == "rules"
                else path.read_text()
            )
            if not any(way in code for way in LOOKS) or path.stem in NOT_OF_A_SCRIPT:
                continue
            name = path.relative_to(PACKAGE).as_posix()
            assert name in SAID_ELSEWHERE or "from tminus.looked import" in code or "look(" in code, name


@pytest.mark.parametrize("change", ["text", "gone", "made", "names"])
def test_a_change_unsettles(tmp_path: Path, change: str) -> None:
    file, missing = tmp_path / "a.py", tmp_path / "missing.py"
    file.write_text("x = 1\n")
    with recording() as looks:
        look(file, within=True)
        look(missing)
        look(tmp_path, within=True)
    assert looks.settled(later())
    if change == "text":
        file.write_text("x = 22\n")
    elif change == "gone":
        file.unlink()
    elif change == "made":
        missing.write_text("")
    else:
        (tmp_path / "other").mkdir()
    assert not looks.settled(later())


def test_what_was_changed_just_now_is_not_settled(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    with recording() as looks:
        look(file)
    assert not looks.settled(time.time_ns())
    os.utime(file, (0, 0))
    assert not Looks.settled(looks, time.time_ns())


def test_what_is_remembered_is_said_again(tmp_path: Path) -> None:
    calls = []

    @remembered
    def size(path: Path) -> int:
        calls.append(path)
        look(path, within=True)
        return path.stat().st_size

    file = tmp_path / "a"
    file.write_text("abc")
    assert size(file) == 3
    with recording() as looks:
        assert size(file) == 3
    assert calls == [file]
    assert looks.within == {str(file)}
