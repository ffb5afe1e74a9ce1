"""`tminus check` as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / "examples" / "audit"


def tminus(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tminus", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    shutil.copytree(AUDIT, tmp_path / "audit")
    return tmp_path / "audit" / "train_h100x10.py"


def test_json_has_the_documented_shape_and_exit_code_1(audit: Path) -> None:
    done = tminus("check", str(audit), "--format", "json", cwd=audit.parent)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert set(document) == {"findings", "summary"}
    for finding in document["findings"]:
        assert {
            "code", "name", "severity", "path", "line", "column", "end_line", "end_column", "message",
            "source", "fix",
        } <= set(finding)  # fmt: skip
    (over,) = [finding for finding in document["findings"] if finding["code"] == "TM101"]
    assert over["path"] == "train_h100x10.py"
    assert over["source"]["url"] == "https://modal.com/docs/guide/gpu"
    assert over["source"]["as_of"]
    assert over["fix"]["edits"][0]["replacement"] == '"H100:8"'
    assert document["summary"]["errors"] == 2


def test_text_shows_the_source_the_caret_and_the_citation(audit: Path) -> None:
    done = tminus("check", str(audit), cwd=audit.parent)
    assert '81 |     gpu="H100:10",' in done.stdout
    assert "^^^^^^^^^" in done.stdout
    assert "https://modal.com/docs/guide/gpu, as of 2026-" in done.stdout
    assert "\x1b[" not in done.stdout
    assert "\x1b[" in tminus("check", str(audit), FORCE_COLOR="1").stdout
    assert "\x1b[" not in tminus("check", str(audit), FORCE_COLOR="1", NO_COLOR="1").stdout


def test_diff_shows_the_safe_fix_and_changes_nothing(audit: Path) -> None:
    before = audit.read_text()
    done = tminus("check", "--fix", "--diff", str(audit))
    assert done.returncode == 1
    assert "-@modal.experimental.clustered(size=2)\n+@modal.clustered(size=2)" in done.stdout
    assert "H100:8" not in done.stdout
    assert audit.read_text() == before


def test_fix_makes_safe_fixes_and_unsafe_ones_when_asked(audit: Path) -> None:
    tminus("check", "--fix", str(audit))
    text = audit.read_text()
    assert "@modal.clustered(size=2)" in text
    assert 'gpu="H100:10"' in text
    tminus("check", "--fix", "--unsafe-fixes", str(audit))
    text = audit.read_text()
    assert "H100:10" not in text
    assert "NUM_GPUS = 8\n" in text
    compile(text, "audit", "exec")


def test_a_folder_is_searched_and_a_clean_one_exits_0(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("print('no app here')\n")
    (tmp_path / "app.py").write_text("import modal\napp = modal.App('a')\n")
    done = tminus("check", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "Nothing found, 1 file checked.\n")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("missing.py", None, "no such file"),
        ("broken.py", "def f(:\n", "broken.py:1"),
        ("latin.py", b"# \xe9\n", "UTF-8"),
    ],
)
def test_what_cannot_be_checked_exits_2_with_the_reason(
    tmp_path: Path, name: str, text: str | bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    done = tminus("check", str(path))
    assert done.returncode == 2
    assert reason in done.stderr
    assert done.stdout.startswith("TM000 unreadable-file" if text is not None else "")


def test_explain_prints_the_page_and_knows_its_codes() -> None:
    done = tminus("explain", "tm101")
    assert done.returncode == 0
    assert done.stdout.startswith("# TM101 gpu-count-over-limit")
    assert tminus("explain", "TM999").returncode == 2


def test_checking_loads_neither_torch_nor_the_client_nor_rich(audit: Path) -> None:
    program = (
        "import sys; from tminus.cli import main; main(['check', sys.argv[1]]);"
        "print(sorted({'torch', 'transformers', 'modal', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(audit)], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
