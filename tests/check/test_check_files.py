"""Which files of a folder are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.check.files import files_of, may_hold_app

FIXTURES = [
    path
    for path in Path(__file__).parent.glob("TM*/*/*.py")
    # It shows a variable that any program can set.
    if path.relative_to(Path(__file__).parent).as_posix() != "TM607/bad/values.py"
]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_no_fixture_with_an_app_is_turned_away(end: bytes) -> None:
    assert len(FIXTURES) > 100
    for path in FIXTURES:
        assert may_hold_app(path.read_bytes().replace(b"\n", end)), path


@pytest.mark.parametrize(
    "text",
    [
        "import os\n",
        "import modal_utils\nx = App()\n",
        '"""Doc.\n\n    import modal\n    app = modal.App()\n    @app.function()\n"""\nimport os\n',
        "# import modal; modal.App()\n",
        "import modal\nprint(modal.__version__)\n",
        "s = 'import modal'\nt = \"modal.App()\"\n",
    ],
)
def test_files_that_cannot_hold_one_are(text: str) -> None:
    assert not may_hold_app(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "import os, modal\napp = modal.App()\n",
        "from modal import (\n    App,\n)\na = App ('x')\n",
        "from common import app\n@app.function(gpu='T4')\ndef f(): ...\n",
        "import modal\nfrom c import s\n@s.cls(gpu='T4')\nclass A: ...\n",
        'x = \'"""\'\nimport modal\nstub = modal.Stub()\ny = \'"""\'\n',
        "x = 'it\\'s'  # don't\nimport modal\nimage = modal.Image.debian_slim()\n",
    ],
)
def test_files_that_can_are_not(text: str) -> None:
    assert may_hold_app(text.encode())


def test_a_named_file_is_taken_whatever_it_holds_and_once(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("x = 1\n")
    app = tmp_path / "app.py"
    app.write_text("import modal\napp = modal.App()\n")
    assert list(files_of([tmp_path])) == [app]
    assert list(files_of([app, tmp_path / "plain.py", tmp_path])) == [app, tmp_path / "plain.py"]
    with pytest.raises(FileNotFoundError, match=r"missing\.py"):
        list(files_of([tmp_path / "missing.py"]))
