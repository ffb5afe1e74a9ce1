"""Flags, configuration, comments, baseline and stdin of `tminus check`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tminus.cli import main

OVER = """\
import modal

app = modal.App("a")


@app.function(gpu="H100:10", timeout=3600)
def run():
    pass
"""
CLUSTER = """\
import modal

app = modal.App("b")


@app.function(gpu="H100:8", timeout=3600)
@modal.experimental.clustered(size=2)
def run():
    pass
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "over.py").write_text(OVER)
    (tmp_path / "cluster.py").write_text(CLUSTER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def codes(self) -> list[str]:
        return [finding["code"] for finding in json.loads(self.out)["findings"]]


@pytest.fixture
def check(project: Path, capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str) -> Ran:
        code = main(["check", *arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def stdin(text: bytes, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "tminus", "check", "-", *arguments],
        input=text,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )


def test_select_and_ignore_take_prefixes_and_the_longer_one_decides(check) -> None:
    assert "TM203" not in check(".", "--select", "TM1", "--format", "json").codes
    assert check(".", "--select", "TM101", "--format", "json").codes == ["TM101"]
    assert check(".", "--select", "tm1,TM203", "--ignore", "TM1", "--format", "json").codes == ["TM203"]
    both = check(".", "--select", "TM101", "--ignore", "TM1", "--format", "json")
    assert both.codes == ["TM101"]


def test_an_unknown_code_exits_2_with_the_nearest(check) -> None:
    done = check(".", "--select", "TM1011")
    assert (done.code, done.out) == (2, "")
    assert "TM1011" in done.err
    assert "did you mean" in done.err
    assert "TM101" in done.err.partition("did you mean")[2]


def test_severity_is_the_least_that_is_shown(check) -> None:
    shown = json.loads(check(".", "--severity", "error", "--format", "json").out)["findings"]
    assert {finding["severity"] for finding in shown} == {"error"}
    assert check("cluster.py", "--select", "TM203", "--severity", "error").code == 0


def test_exit_zero_and_output_file(check, project: Path) -> None:
    done = check("over.py", "--exit-zero", "--output-file", "found.json", "--format", "json")
    assert (done.code, done.out) == (0, "")
    assert json.loads((project / "found.json").read_text())["summary"]["errors"] == 1


def test_color_always_and_never(check) -> None:
    assert "\x1b[" in check("over.py", "--color", "always").out
    assert "\x1b[" not in check("over.py", "--color", "never").out


def test_concise_has_a_line_a_finding(check) -> None:
    first = check("over.py", "--select", "TM101", "--format", "concise").out.splitlines()[0]
    assert first.startswith('over.py:6:19: TM101 [*] error: gpu="H100:10" asks for 10 GPUs')


def test_configuration_has_the_names_of_the_flags_and_flags_win(check, project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.tminus]\nselect = ["TM101"]\nformat = "json"\n')
    assert check(".").codes == ["TM101"]
    assert check(".", "--select", "TM203").codes == ["TM203"]
    (project / "pyproject.toml").write_text(
        '[tool.tminus]\nformat = "json"\nselect = ["TM101", "TM203"]\n'
        'per-file-ignores = { "over.py" = ["TM1"] }\n'
    )
    assert check(".").codes == ["TM203"]
    (project / "pyproject.toml").write_text(
        '[tool.tminus]\nformat = "json"\nselect = ["TM101", "TM203"]\nexclude = ["clus*"]\n'
    )
    assert check(".").codes == ["TM101"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('selct = ["TM1"]', "selct: no such key; did you mean select"),
        ('select = ["TM999"]', "select: no rule 'TM999'"),
        ('select = "TM1"', "select: a list of strings is expected"),
        ('severity = "fatal"', "severity: one of error, warning, info is expected, not 'fatal'"),
        ("fix = 1", "fix: true or false is expected, not 1"),
        ('per-file-ignores = { "a.py" = ["NOPE"] }', "per-file-ignores: no rule 'NOPE'"),
        ("select = [", "no TOML"),
    ],
)
def test_a_wrong_configuration_exits_2_and_names_the_key(check, project: Path, line: str, said: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.tminus]\n{line}\n")
    done = check(".")
    assert done.code == 2
    assert said in done.err
    assert "pyproject.toml" in done.err


def test_a_project_without_the_table_has_no_configuration(check, project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["tminus"]\n')
    assert check("over.py", "--select", "TM101").code == 1


def test_a_comment_silences_its_line_and_an_idle_one_is_found_and_removed(check, project: Path) -> None:
    script = project / "over.py"
    script.write_text(OVER.replace("3600)", "3600)  # tminus: ignore[TM101] agreed with Modal"))
    assert check("over.py", "--select", "TM0,TM101", "--format", "json").codes == []
    script.write_text(
        OVER.replace('"H100:10", timeout=3600)', '"H100:8", timeout=3600)  # tminus: ignore[TM101]')
    )
    assert check("over.py", "--select", "TM0,TM101", "--format", "json").codes == ["TM001"]
    # The rule did not run: nothing is known about the comment.
    assert check("over.py", "--select", "TM0", "--format", "json").codes == []
    check("over.py", "--select", "TM0,TM101", "--fix")
    assert script.read_text() == OVER.replace("H100:10", "H100:8")


def test_a_baseline_keeps_known_findings_silent_when_lines_move(check, project: Path) -> None:
    assert check(".", "--write-baseline").code == 0
    baseline = project / "tminus-baseline.json"
    entries = json.loads(baseline.read_text())["findings"]
    assert {"rule": "TM101", "path": "over.py", "symbol": "run", "text": '"H100:10"'} in entries
    assert "line" not in baseline.read_text()
    known = check(".", "--baseline", str(baseline))
    assert (known.code, known.err) == (0, "")
    script = project / "over.py"
    script.write_text("# one\n# two\n" + OVER + OVER.partition("\n\n\n")[2].replace("def run", "def more"))
    new = check(".", "--baseline", str(baseline), "--select", "TM101", "--format", "json")
    assert new.codes == ["TM101"]
    assert json.loads(new.out)["findings"][0]["line"] == 11


def test_stale_entries_are_reported_and_leave_with_the_next_baseline(check, project: Path) -> None:
    check(".", "--write-baseline")
    (project / "over.py").write_text(OVER.replace(":10", ":8"))
    done = check(".", "--baseline", "tminus-baseline.json")
    assert done.code == 0
    assert 'found no longer: TM101 in over.py, run(): "H100:10"' in done.err
    # Another file alone says nothing about the entry.
    assert "TM101" not in check("cluster.py", "--baseline", "tminus-baseline.json").err
    check("cluster.py", "--write-baseline")
    assert "TM101" in (project / "tminus-baseline.json").read_text()
    check("over.py", "--write-baseline")
    assert "TM101" not in (project / "tminus-baseline.json").read_text()
    assert "TM203" in (project / "tminus-baseline.json").read_text()


def test_a_baseline_never_holds_a_token(check, project: Path) -> None:
    token = "hf_" + "aB3dE5gH7jK9" * 3
    (project / "token.py").write_text(f'import modal\napp = modal.App("x")\nTOKEN = "{token}"\n')
    assert "TM501" in check("token.py", "--format", "json").codes
    check("token.py", "--write-baseline")
    written = (project / "tminus-baseline.json").read_text()
    assert "TM501" in written
    assert token not in written


def test_a_baseline_that_is_none_exits_2(check, project: Path) -> None:
    assert check(".", "--baseline", "missing.json").code == 2
    (project / "bad.json").write_text("[]")
    done = check(".", "--baseline", "bad.json")
    assert done.code == 2
    assert "bad.json" in done.err


def test_one_broken_file_is_reported_and_the_others_are_checked(check, project: Path) -> None:
    (project / "broken.py").write_text("import modal\napp = modal.App(\n")
    done = check(".", "--select", "TM101", "--format", "json")
    assert done.code == 2
    assert done.codes == ["TM000", "TM101"]
    assert "broken.py:2" in done.err


def test_stdin_is_checked_under_its_name(project: Path) -> None:
    done = stdin(OVER.encode(), "--stdin-filename", "sub/train.py", "--format", "concise", cwd=project)
    assert done.returncode == 1
    assert done.stdout.decode().startswith("sub/train.py:6:19: TM101")
    shown = stdin(OVER.encode(), "--select", "TM101", cwd=project).stdout.decode()
    assert '6 | @app.function(gpu="H100:10", timeout=3600)' in shown


def test_stdin_is_fixed_to_stdout_with_the_rest_on_stderr(project: Path) -> None:
    text = b"\xef\xbb\xbf" + CLUSTER.replace("\n", "\r\n").encode()
    done = stdin(text, "--fix", "--select", "TM2", cwd=project)
    assert done.stdout == text.replace(b"modal.experimental.clustered", b"modal.clustered")
    assert b"1 file checked" in done.stderr


def test_stdin_is_checked_alone(check) -> None:
    assert check("-", "over.py").code == 2


def test_fix_only_reports_nothing_that_is_left(check, project: Path) -> None:
    done = check(".", "--fix-only", "--show-fixes")
    assert (done.code, done.out) == (0, "")
    assert "× TM203: " in done.err
    assert "@modal.clustered(size=2)" in (project / "cluster.py").read_text()
    assert (project / "over.py").read_text() == OVER


def test_a_run_in_several_processes_says_the_same(check, project: Path) -> None:
    for number in range(30):
        (project / f"more{number:02}.py").write_text(OVER)
    assert (
        check(".", "--jobs", "2", "--format", "json").out == check(".", "--jobs", "1", "--format", "json").out
    )


def test_folders_are_not_searched_where_packages_lie(check, project: Path) -> None:
    for folder in (".venv/lib", "node_modules", "src"):
        (project / folder).mkdir(parents=True)
        (project / folder / "app.py").write_text(OVER)
    paths = json.loads(check(".", "--select", "TM101", "--format", "json").out)["findings"]
    assert [one["path"] for one in paths] == ["over.py", "src/app.py"]


def test_checking_never_runs_the_script(check, project: Path) -> None:
    (project / "writes.py").write_text(
        "import pathlib, modal\napp = modal.App('x')\npathlib.Path('made').write_text('x')\n"
        "@app.function(timeout=len(open('made2', 'w').name))\ndef f(): ...\n"
    )
    check("writes.py", "--fix", "--unsafe-fixes")
    assert not (project / "made").exists()
    assert not (project / "made2").exists()
