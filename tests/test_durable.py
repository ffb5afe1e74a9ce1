"""Replacing files: what stays, and that nothing is half there."""

from __future__ import annotations

from pathlib import Path

from tminus.durable import write_text


def test_mode_links_and_line_ends_stay(tmp_path: Path) -> None:
    target = tmp_path / "script.py"
    target.write_bytes(b"a = 1\r\n")
    target.chmod(0o754)
    link = tmp_path / "link.py"
    link.symlink_to(target)
    write_text(link, "a = 2\r\n")
    assert link.is_symlink()
    assert target.read_bytes() == b"a = 2\r\n"
    assert target.stat().st_mode & 0o777 == 0o754
    assert {path.name for path in tmp_path.iterdir()} == {"link.py", "script.py"}
