"""What reading an expression gives: a value with the places that it came from, or the reason why not."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tminus.script.source import Span

if TYPE_CHECKING:
    from tminus.script.scopes import Scope


@dataclass(frozen=True, slots=True)
class Leaf:
    """A literal that a value was made from, and the place to edit to change it."""

    value: Any
    span: Span
    name: str | None = None
    """The constant, parameter or attribute that this literal defines, if it defines one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A test that decides which value there is: its text in the script, and whether it holds."""

    test: str
    holds: bool = True

    def __str__(self) -> str:
        return f"{'if' if self.holds else 'unless'} {self.test}"


@dataclass(frozen=True, slots=True)
class Alternative:
    """A value that an expression can have, and what has to hold for it.

    Attributes:
        value: The value.
        choices: Tests that decide for it; none where it is what the script says without a condition.
    """

    value: Known
    choices: tuple[Choice, ...] = ()

    @property
    def condition(self) -> str:
        """The choices in words, such as ``if FAST and unless args.debug``; empty without any."""
        return " and ".join(map(str, self.choices))


@dataclass(frozen=True, slots=True)
class Known:
    """A value that could be read.

    Attributes:
        value: A Python literal, a `Constructed` object, or a list, tuple or dict of such. Values of a dict
            that could not be read, or that can be several, are in it as `Unknown`.
        span: The expression that was read.
        leaves: Every literal that went into it.
        assumed: Why the value may be another at run time (a default that the environment can override, say);
            None when it is what the script says.
        others: Values that it has instead when what was assumed does not hold.
    """

    value: Any
    span: Span
    leaves: tuple[Leaf, ...] = ()
    assumed: str | None = None
    others: tuple[Alternative, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be read without running the script."""

    reason: str
    span: Span


@dataclass(frozen=True, slots=True)
class OneOf(Unknown):
    """One of several values; which one is only known when the script runs.

    Attributes:
        alternatives: The values that could be read, each with its condition.
        complete: Whether there is no other value than these.
    """

    alternatives: tuple[Alternative, ...] = ()
    complete: bool = True


Value = Known | Unknown


def possible(value: Value | None) -> tuple[Alternative, ...]:
    """Every value that can be read of an expression, with its condition; empty where there is none."""
    match value:
        case Known(others=others):
            return (Alternative(value), *others)
        case OneOf(alternatives=alternatives):
            return alternatives
    return ()


def certain(value: Value | None) -> bool:
    """Whether `possible` gives every value that there can be, but for what the environment overrides."""
    return isinstance(value, Known) or (isinstance(value, OneOf) and value.complete)


@dataclass(frozen=True, slots=True)
class Constructed:
    """An object that the script makes by calling a library, such as ``modal.Volume.from_name("data")``.

    Attributes:
        name: Full dotted name of what is called.
        args: Positional arguments.
        kwargs: Keyword arguments. ``**`` stands for unpacked ones that could not be read.
        receiver: For a method of such an object, the object.
        span: The call; for a method of an object, from the method's name on.
        node: The call in the script.
        scope: The scope of that call.
    """

    name: str
    args: tuple[Value, ...] = ()
    kwargs: dict[str, Value] = field(default_factory=dict)
    receiver: Constructed | None = None
    span: Span | None = field(default=None, compare=False)
    node: ast.Call | None = field(default=None, compare=False, repr=False)
    scope: Scope | None = field(default=None, compare=False, repr=False)
