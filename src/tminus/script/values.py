"""What reading an expression gives: a value with the places that it came from, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tminus.script.source import Span


@dataclass(frozen=True, slots=True)
class Leaf:
    """A literal that a value was made from, and the place to edit to change it."""

    value: Any
    span: Span
    name: str | None = None
    """The constant, parameter or attribute that this literal defines, if it defines one."""


@dataclass(frozen=True, slots=True)
class Known:
    """A value that could be read.

    Attributes:
        value: A Python literal, a `Constructed` object, or a list, tuple or dict of such.
        span: The expression that was read.
        leaves: Every literal that went into it.
        assumed: Why the value may be another at run time (a default that the environment can override, say);
            None when it is what the script says.
    """

    value: Any
    span: Span
    leaves: tuple[Leaf, ...] = ()
    assumed: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be read without running the script."""

    reason: str
    span: Span


Value = Known | Unknown


@dataclass(frozen=True, slots=True)
class Constructed:
    """An object that the script makes by calling a library, such as ``modal.Volume.from_name("data")``.

    Attributes:
        name: Full dotted name of what is called.
        args: Positional arguments.
        kwargs: Keyword arguments.
        receiver: For a method of such an object, the object.
    """

    name: str
    args: tuple[Value, ...] = ()
    kwargs: dict[str, Value] = field(default_factory=dict)
    receiver: Constructed | None = None
