"""Which rules run: codes and prefixes of codes, the more specific one deciding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class UnknownCodeError(Exception):
    """A code that no rule has and that begins none; the message names the nearest."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules that are asked for.

    Attributes:
        select: Codes or prefixes, such as ``TM101`` or ``TM1``, of the rules to run.
        ignore: Those of the rules not to run. Where both speak of a rule the longer prefix decides, and
            `ignore` where they are the same.
    """

    select: tuple[str, ...] = ("TM",)
    ignore: tuple[str, ...] = ()

    def takes(self, code: str) -> bool:
        """Whether the rule of that code runs."""
        return _longest(self.select, code) > _longest(self.ignore, code)

    def without(self, prefixes: Iterable[str]) -> Selection:
        """This selection less the rules of some more codes or prefixes, however they were selected."""
        dropped = tuple(prefixes)
        if not dropped:
            return self
        kept = tuple(one for one in self.select if not one.startswith(dropped))
        return Selection(kept, (*self.ignore, *dropped))


EVERYTHING = Selection()


def _longest(prefixes: Iterable[str], code: str) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=0)


def known_prefix(text: str, codes: Iterable[str]) -> str:
    """A code or prefix in capitals, when it stands for at least one rule.

    Raises:
        UnknownCodeError: No rule's code begins with it.
    """
    prefix, codes = text.strip().upper(), tuple(codes)
    if prefix and any(code.startswith(prefix) for code in codes):
        return prefix
    raise UnknownCodeError(f"no rule {text!r}{nearest(prefix, codes)}")


def nearest(text: str, names: Iterable[str]) -> str:
    """``; did you mean a or b?`` with the names most like a mistyped one, or nothing."""
    import difflib

    near = difflib.get_close_matches(text, list(names), n=2, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
