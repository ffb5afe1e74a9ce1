"""Which torch a script's functions run with."""

from __future__ import annotations

from tminus.check.images import image_of
from tminus.check.packages import packages_of, release
from tminus.lazy import pattern
from tminus.script import Known, Script
from tminus.script.image import Image

_TAG = pattern(r"^pytorch/pytorch:(\d+\.\d+\.\d+)")


def torch_version(script: Script, image: Image) -> tuple[int, ...] | None:
    """The torch release that an image pins, itself or by its base; None if none can be read."""
    pinned = packages_of(script, image)
    if pinned.get("torch") is not None:
        return pinned.version("torch")
    if image.base is None or image.base.method != "from_registry" or not image.base.node.args:
        return None
    tag = script.evaluate(image.base.node.args[0], image.base.scope)
    match = _TAG.match(tag.value) if isinstance(tag, Known) and isinstance(tag.value, str) else None
    return release(match[1]) if match else None


def only_torch_version(script: Script) -> tuple[int, ...] | None:
    """The torch release of the script, if all its functions that have one agree and none is unknown."""
    versions: set[tuple[int, ...] | None] = set()
    for function in script.functions:
        image = image_of(script, function)
        if image is None:
            return None
        has_torch = packages_of(script, image).get("torch") is not None
        version = torch_version(script, image)
        if version is not None or has_torch:
            versions.add(version)
    return versions.pop() if len(versions) == 1 else None
