"""The page on training shows what the program prints, and names every field."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from consoles import File, difference, parts_of, run

from tminus.train import TrainConfig
from tminus.train.config_file import ALIASES

PAGE = (Path(__file__).parents[2] / "docs" / "train.md").read_text(encoding="utf-8")


def test_every_command_prints_what_is_shown(tmp_path: Path) -> None:
    wrong: list[str] = []
    for part in parts_of(PAGE):
        if isinstance(part, File):
            (tmp_path / part.name).write_text(part.content, encoding="utf-8")
            continue
        printed = zip(part, run(part, tmp_path), strict=True)
        wrong += [why for command, text in printed if (why := difference(command, text)) is not None]
    assert not wrong, "\n\n".join(wrong)


def test_every_field_and_alias_is_described() -> None:
    names = [*(field.name for field in fields(TrainConfig)), *ALIASES]
    assert not [name for name in names if f"`{name}`" not in PAGE]
