"""Every string that a script gives `gpu=`, with the literal to edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tminus.check.finding import Fix, Safety
from tminus.script import Edit, Known, Leaf, ModalFunction, Script, Span


@dataclass(frozen=True, slots=True)
class GpuString:
    """A string given to `gpu=`.

    Attributes:
        function: The function.
        text: The string as it comes out.
        value: The value that it was read from.
        leaf: The literal that is the whole string; None where it is put together.
        condition: When it is that one, in words; empty without a condition.
    """

    function: ModalFunction
    text: str
    value: Known
    leaf: Leaf | None
    condition: str

    @property
    def type_name(self) -> str:
        """The part before the colon, in upper case."""
        return self.text.partition(":")[0].upper()

    @property
    def count(self) -> str:
        """The part after the colon; empty without one."""
        return self.text.partition(":")[2]

    @property
    def when(self) -> str:
        """The condition in brackets, for a message."""
        return f" ({self.condition})" if self.condition else ""

    @property
    def written_type(self) -> str:
        """The part before the colon, as written."""
        return self.text.partition(":")[0]

    @property
    def span(self) -> Span:
        """The literal, or else the expression."""
        return self.leaf.span if self.leaf else self.value.span


def gpu_strings(script: Script) -> Iterator[GpuString]:
    """Every string that a function's `gpu=` can be, each place once."""
    seen = set()
    for function in script.functions:
        for alternative in function.possible("gpu"):
            known = alternative.value
            items = known.value if isinstance(known.value, list) else [known.value]
            for item in items:
                if not isinstance(item, str) or not item:
                    continue
                leaves = [leaf for leaf in known.leaves if leaf.value == item]
                leaf = leaves[0] if len(leaves) == 1 else None
                key = (item, leaf.span if leaf else known.span)
                if key not in seen:
                    seen.add(key)
                    yield GpuString(function, item, known, leaf, alternative.condition)


def rewritten(
    script: Script, one: GpuString, old: str, new: str, title: str, safety: Safety = Safety.UNSAFE
) -> Fix | None:
    """A fix that puts `new` for `old` in the literal, quotes as they are; None without a literal."""
    if one.leaf is None:
        return None
    written = script.source.slice(one.leaf.span).replace(old, new, 1)
    return Fix(title, (Edit(one.leaf.span, written),), safety)
