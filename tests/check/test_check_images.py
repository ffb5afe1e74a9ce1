"""Reading images that are built in steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.check.images import image_of
from tminus.script import Script, Source

APP = "\napp = modal.App('x', image=image)\n@app.function()\ndef train(): ...\n"


def steps(text: str) -> tuple[list[str], bool] | None:
    script = Script.parse(Source(Path("train.py"), f"import modal\n{text}{APP}"))
    image = image_of(script, script.functions[0])
    if image is None or image.base is None:
        return None
    return [image.base.method, *(step.method for step in image.steps)], image.complete


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image = modal.Image.debian_slim().env({})", (["debian_slim", "env"], True)),
        (
            "image = modal.Image.debian_slim()\nimage = image.env({})\nimage = (\n    image\n    .cmd([])\n)",
            (["debian_slim", "env", "cmd"], True),
        ),
        (
            "base = modal.Image.debian_slim()\nif input():\n    base = base.env({})\nimage = base.cmd([])",
            (["debian_slim", "env", "cmd"], False),
        ),
        ("image = modal.Image.debian_slim().pipe(more).cmd([])", (["debian_slim", "pipe", "cmd"], False)),
        ("from common import image\nimage = image.env({})", None),
        ("image = make()", None),
        (
            "def make():\n    return modal.Image.debian_slim().env({})\nimage = make().cmd([])",
            (["debian_slim", "env", "cmd"], True),
        ),
        (
            "base = modal.Image.debian_slim()\nimage = base.env({}) if input() else base",
            (["debian_slim", "env"], False),
        ),
    ],
)
def test_steps_in_order(text: str, expected: tuple[list[str], bool] | None) -> None:
    assert steps(text) == expected


def test_steps_of_a_loop_are_not_counted_on() -> None:
    read = steps("image = modal.Image.debian_slim()\nfor n in 'ab':\n    image = image.env({n: n})")
    assert read is None or read[1] is False
