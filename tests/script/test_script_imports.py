"""Names that several imports of a file bind."""

from __future__ import annotations

import ast
from pathlib import Path

from tminus.script import Script
from tminus.script.source import Source

TEXT = """
from modal import App, Image

image = Image.debian_slim()

with image.imports():
    from PIL import Image


def edit(path):
    return Image.open(path)


def build():
    from modal import Image

    def inner():
        return Image.micromamba()

    return inner()


from torch import nn


def plain():
    from jax import nn

    return nn.relu


print(nn.Linear)
"""


def test_a_name_means_what_was_bound_where_it_stands() -> None:
    script = Script.parse(Source(Path("script.py"), TEXT))
    found = {
        script.evaluator.dotted_name(node)
        for node in ast.walk(script.tree)
        if isinstance(node, ast.Attribute)
    }
    assert {
        "modal.Image.debian_slim",
        "PIL.Image.open",
        "modal.Image.micromamba",
        "jax.nn.relu",
        "torch.nn.Linear",
    } <= found
    assert script.evaluator.imports_from("modal")
