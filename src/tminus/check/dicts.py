"""Reading the dicts that a script writes out, entry by entry with the expressions behind them."""

from __future__ import annotations

import ast
from typing import NamedTuple

from tminus.script import Known, Script, Value
from tminus.script.scopes import Scope


class Entry(NamedTuple):
    """An entry of a dict: the expressions of its key and value, and the scope that both are read in."""

    key: ast.expr | str
    value: ast.expr
    scope: Scope


def entries_of(script: Script, node: ast.expr, scope: Scope, into: list[Entry]) -> bool:
    """Collect the entries of a dict expression, through names, unpacking and ``|``.

    Returns:
        Whether every entry is among them; False where a part of the dict is not in sight.
    """
    match node:
        case ast.Dict(keys=keys, values=values):
            whole = True
            for key, value in zip(keys, values, strict=True):
                if key is None:
                    whole &= entries_of(script, value, scope, into)
                else:
                    into.append(Entry(key, value, scope))
            return whole
        case ast.Name(id=name):
            found = scope.lookup(name)
            if found is not None and len(found[1]) == 1 and found[1][0] is not None:
                # What is assigned later to single keys cannot be seen here.
                return entries_of(script, found[1][0], found[0], into) and not _changed(script, name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            whole = entries_of(script, left, scope, into)
            return entries_of(script, right, scope, into) and whole
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            whole = True
            for keyword in keywords:
                if keyword.arg is None:
                    whole &= entries_of(script, keyword.value, scope, into)
                else:
                    into.append(Entry(keyword.arg, keyword.value, scope))
            return whole
    return False


def read_entries(
    script: Script, node: ast.expr, scope: Scope, into: dict[str, tuple[Value, ast.expr]]
) -> bool:
    """Collect a dict's entries by the text of their keys; whether all keys were read."""
    entries: list[Entry] = []
    whole = entries_of(script, node, scope, entries)
    for entry in entries:
        name: object = entry.key
        if isinstance(entry.key, ast.expr):
            value = script.evaluate(entry.key, entry.scope)
            name = value.value if isinstance(value, Known) else None
        if isinstance(name, str):
            into[name] = (script.evaluate(entry.value, entry.scope), entry.value)
        else:
            whole = False
    return whole


def _changed(script: Script, name: str) -> bool:
    """Whether a dict of that name is changed after it was made."""
    for node in (one.node for one in script.placed):
        match node:
            case ast.Subscript(value=ast.Name(id=changed), ctx=ast.Store()) if changed == name:
                return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id=changed), attr="update" | "setdefault")):
                if changed == name:
                    return True
    return False
