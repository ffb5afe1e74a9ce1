"""Reading YAML to values that know their place, as `evaluate` reads Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tminus.script.source import Span
from tminus.script.values import Known, Leaf, Unknown, Value

Place = Callable[[int, int], Span]
"""The span of the characters from one offset of the text up to another."""

UNREAD = "\ue000"
"""Stands in the text for what could not be read; a scalar that holds it is unknown."""

# A training's configuration is a page or two; reading goes at about 100 kB a second.
_MAX_CHARACTERS = 200_000
# Aliases can make a small text stand for any number of nodes.
_MAX_NODES = 5_000


class YamlMissingError(Exception):
    """PyYAML is not installed; the message says how to get it."""


def read_yaml(text: str, place: Place, assumed: str | None = None) -> dict[str, Value] | Unknown:
    """The top-level keys of a YAML text, each with its value; why not, where it cannot be read.

    A value is a scalar, or a list or dict of them; its leaves are its scalars with the keys at which they
    stand.

    Args:
        text: The text.
        place: Where its characters are.
        assumed: Why the values may be others at run time; None where they are what the text says.

    Raises:
        YamlMissingError: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise YamlMissingError(
            f"{place(0, 1).path} is YAML, and PyYAML is not installed: pip install pyyaml"
        ) from error
    if len(text) > _MAX_CHARACTERS:
        return Unknown(f"it is longer than {_MAX_CHARACTERS} characters", place(0, 1))
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            return Unknown("it is no mapping of names to values", place(0, 1))
        # Flattens merge keys too, in place.
        whole = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark.index if error.problem_mark is not None else 0
        return Unknown(f"it is no YAML: {error.problem}", place(at, at + 1))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return Unknown(f"it is no YAML: {error}", place(0, 1))
    values: dict[str, Value] = {}
    for key, node in root.value:
        name = str(key.value)
        start, end = node.start_mark.index, node.end_mark.index
        if end <= start:
            # `key:` alone is null; then the key is the place.
            start, end = key.start_mark.index, key.end_mark.index
        elif not isinstance(node, yaml.ScalarNode):
            # A block ends where the next key begins.
            end = start + len(text[start:end].rstrip())
        values[name] = _value(whole.get(name), node, name, place(start, end), place, assumed)
    return values


def _value(found: Any, node: Any, name: str, span: Span, place: Place, assumed: str | None) -> Value:
    scalars = _scalars(node, name)
    if scalars is None:
        return Unknown("it is too large to read", span)
    if any(UNREAD in str(scalar.value) for _, scalar in scalars):
        return Unknown("it holds what could not be read", span)
    if not isinstance(found, list | dict):
        return Known(found, span, (Leaf(found, span, name),), assumed)
    leaves = tuple(
        Leaf(scalar.value, place(scalar.start_mark.index, scalar.end_mark.index), key)
        for key, scalar in scalars
    )
    return Known(found, span, leaves, assumed)


def _scalars(node: Any, name: str) -> list[tuple[str, Any]] | None:
    """The scalars in a node with the key that each stands at; None where there are too many."""
    pending, found = [(name, node)], []
    while pending:
        key, one = pending.pop()
        if isinstance(one.value, list):
            pending += [
                (str(item[0].value), item[1]) if isinstance(item, tuple) else (key, item)
                for item in reversed(one.value)
            ]
        else:
            found.append((key, one))
        if len(found) + len(pending) > _MAX_NODES:
            return None
    return found
