"""The image that a value describes: its base and its build steps, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tminus.script.source import Span
from tminus.script.values import Constructed, Known, Unknown, Value

_PREFIX = "modal.Image."

_PIP = frozenset({"pip_install", "uv_pip_install"})

_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*(.*)$")


@dataclass(frozen=True, slots=True)
class ImageStep:
    """One call that builds an image: the factory that it begins with, or a method on top of it.

    Attributes:
        method: Name of the method.
        args: Positional arguments; what a list that could be read holds stands in it as a list.
        kwargs: Keyword arguments.
        span: The method's name and its arguments.
    """

    method: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    span: Span

    def argument(self, position: int, name: str) -> Value | None:
        """An argument given by position or by name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name)

    @property
    def copies(self) -> bool | None:
        """Whether local files become part of the image; None where ``copy`` cannot be read."""
        given = self.kwargs.get("copy")
        if given is None:
            return False
        return bool(given.value) if isinstance(given, Known) else None


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that a step installs.

    Attributes:
        name: Its normalized name.
        specifier: What follows the name: ``==2.13.0``, ``>=5,<6``, a marker, or an address; may be empty.
        span: Where it is written.
    """

    name: str
    specifier: str
    span: Span

    @property
    def version(self) -> str | None:
        """The version that it is pinned to; None without ``==``."""
        found = re.match(r"===?\s*([^\s,;*]+)(?:\s*(;|$))", self.specifier)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image as it is built.

    Attributes:
        steps: The calls in order; the first is the factory.
    """

    steps: tuple[ImageStep, ...]

    @property
    def base(self) -> ImageStep:
        """The call that the image begins with."""
        return self.steps[0]

    @property
    def python_version(self) -> Value | None:
        """``python_version=`` or ``add_python=`` of the base; None where it gives none."""
        given = self.base.kwargs.get("python_version", self.base.kwargs.get("add_python"))
        if given is None and self.base.method in ("debian_slim", "micromamba"):
            return self.base.argument(0, "python_version")
        return given

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every package that ``pip_install`` and ``uv_pip_install`` name, in order."""
        found: list[Requirement] = []
        for step in self.steps:
            if step.method in _PIP:
                for argument in step.args:
                    found += _requirements(argument)
        return tuple(found)

    @property
    def environment(self) -> dict[str, Value]:
        """Variables that ``.env`` steps set, the last of a name."""
        variables: dict[str, Value] = {}
        for step in self.steps:
            given = step.argument(0, "vars") if step.method == "env" else None
            if isinstance(given, Known) and isinstance(given.value, dict):
                for name, value in given.value.items():
                    held = isinstance(value, Known | Unknown)
                    variables[str(name)] = value if held else Known(value, given.span, (), given.assumed)
        return variables


def image_steps(value: Value | Constructed | None) -> list[ImageStep]:
    """The steps of an image in order, its factory first; empty if it is no image that can be read."""
    made = value.value if isinstance(value, Known) else value
    steps: list[ImageStep] = []
    while isinstance(made, Constructed):
        if made.span is None:
            return []
        steps.append(ImageStep(made.name.rpartition(".")[2], made.args, made.kwargs, made.span))
        if made.receiver is None:
            break
        made = made.receiver
    if not isinstance(made, Constructed) or not made.name.startswith(_PREFIX):
        return []
    return steps[::-1]


def image_build(value: Value | Constructed | None) -> ImageBuild | None:
    """The image that a value describes; None if it cannot be read."""
    steps = image_steps(value)
    return ImageBuild(tuple(steps)) if steps else None


def _requirements(argument: Value) -> list[Requirement]:
    if not isinstance(argument, Known):
        return []
    texts = argument.value if isinstance(argument.value, list | tuple) else [argument.value]
    spans = {leaf.value: leaf.span for leaf in argument.leaves if isinstance(leaf.value, str)}
    found = []
    for text in texts:
        match = _REQUIREMENT.match(text) if isinstance(text, str) else None
        if match:
            name = re.sub(r"[-_.]+", "-", match[1]).lower()
            found.append(Requirement(name, match[3], spans.get(text, argument.span)))
    return found
