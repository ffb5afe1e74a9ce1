"""Fixes keep a file's encoding and line ends, and making them twice changes nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tminus.check import Safety, check, fix
from tminus.check.selection import Selection
from tminus.cli import main
from tminus.facts import Facts
from tminus.script import Script, Source

FACTS = Facts.bundled()
BAD = sorted(Path(__file__).parent.glob("TM*/bad/*.py"))
CLUSTER = """\
import modal
app = modal.App("é")
@app.function(gpu="H100:8")
@modal.experimental.clustered(size=2)
def f(): ...
"""


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_fix_keeps_byte_order_mark_and_line_ends(tmp_path: Path, mark: bytes, end: str) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(mark + CLUSTER.replace("\n", end).encode())
    main(["check", "--fix-only", str(path)])
    expected = CLUSTER.replace("modal.experimental.clustered", "modal.clustered").replace("\n", end)
    assert path.read_bytes() == mark + expected.encode()


def test_a_fix_keeps_a_declared_encoding(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(b"# coding: latin-1\n" + CLUSTER.encode("latin-1"))
    main(["check", "--fix-only", str(path)])
    expected = CLUSTER.replace("modal.experimental.clustered", "modal.clustered")
    assert path.read_bytes() == b"# coding: latin-1\n" + expected.encode("latin-1")


def test_a_fix_of_several_lines_takes_the_line_ends_of_the_file() -> None:
    from tminus.script import Edit, Span

    path = Path("a.py")
    source = Source(path, "a = 1\r\nb = 2\r\n")
    assert source.edited([Edit(Span(path, 2, 5, 2, 6), "(\n  3\n)")]) == "a = 1\r\nb = (\r\n  3\r\n)\r\n"


@given(
    path=st.sampled_from(BAD),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
    safeties=st.sampled_from([(Safety.SAFE,), tuple(Safety)]),
    blank=st.integers(0, 3),
    last=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_fixing_twice_changes_nothing_more(
    path: Path, end: str, encoding: str, safeties: tuple[Safety, ...], blank: int, last: bool
) -> None:
    text = "\n" * blank + path.read_text(encoding="utf-8")
    text = (text if last else text.rstrip("\n")).replace("\n", end)
    script = Script.parse(Source(path, text, encoding))
    once = fix(script, FACTS, safeties)
    ast.parse(once.after.text)
    assert once.after.encoding == encoding
    ends = [line[len(line.rstrip("\r\n")) :] for line in once.after.lines]
    assert set(ends[:-1]) <= {end}
    twice = fix(Script.parse(once.after), FACTS, safeties)
    assert twice.mended == ()
    assert twice.after == once.after


def test_a_fix_is_made_only_for_rules_that_run() -> None:
    script = Script.parse(Source(Path("a.py"), CLUSTER))
    assert fix(script, FACTS, selection=Selection(("TM1",))).mended == ()
    (mended,) = fix(script, FACTS, selection=Selection(("TM203",))).mended
    assert mended.code == "TM203"
    assert "TM203" not in [one.code for one in check(script, FACTS, Selection(("TM1",)))]
