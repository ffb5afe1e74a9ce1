"""What is made when it is first used: a command that checks one file must not pay for what it never needs."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # `typing` takes longer to load than some answers
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping
    from typing import Any, AnyStr


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """A regular expression that is compiled when it is first used.

    Compiling takes longer than most scripts take to search, and few of the patterns meet a given script.
    A pattern that is wrong raises `re.error` at that first use.
    """
    stand_in: Any = _Pattern(text, flags)
    return stand_in  # type: ignore[no-any-return]


class _Pattern:
    """Stands for a compiled pattern, and passes on to it what it is asked for."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        import re

        # Kept under its name, so that the second use costs no more than that of a compiled pattern. What was
        # compiled for one method `re` finds again for the next.
        value = self.__dict__[name] = getattr(re.compile(self._text, self._flags), name)
        return value


def exports(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package whose names come from its modules when they are asked for.

    Args:
        package: The package's name.
        homes: Each name, and the module below the package that defines it.
    """

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{package}.{home}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
