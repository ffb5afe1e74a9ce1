"""Edits that several rules make."""

from __future__ import annotations

from tminus.check.environment import Setting
from tminus.facts import GpuRequest
from tminus.script import Edit, Known, Source


def replace_gpu_count(source: Source, value: Known, request: GpuRequest, count: int) -> tuple[Edit, ...]:
    """Edits that make a GPU request ask for `count`, at the literal that defines the count.

    That is the constant for ``f"H100:{NUM_GPUS}"`` and the string itself for ``"H100:10"``. Empty when no
    single literal defines it.
    """
    numbers = [leaf for leaf in value.leaves if leaf.value == request.count and type(leaf.value) is int]
    if len(numbers) == 1:
        return (Edit(numbers[0].span, str(count)),)
    suffix = f":{request.count}"
    strings = [
        leaf for leaf in value.leaves
        if isinstance(leaf.value, str) and leaf.value.upper() == f"{request.type_name}{suffix}"
    ]  # fmt: skip
    if len(strings) != 1:
        return ()
    written = source.slice(strings[0].span)
    head, found, tail = written.rpartition(suffix)
    return (Edit(strings[0].span, f"{head}:{count}{tail}"),) if found else ()


def rename_variable(source: Source, setting: Setting, name: str) -> Edit | None:
    """The edit that sets another environment variable instead; None where the name is part of other text."""
    if setting.literal:
        return Edit(setting.span, f'"{name}"')
    return Edit(setting.span, name) if source.slice(setting.span) == setting.name else None
