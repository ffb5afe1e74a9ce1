"""The environment variables that a function's secrets, image and decorator give it."""

from __future__ import annotations

import ast
from typing import NamedTuple

from tminus.check.calls import text_of
from tminus.check.decorators import argument_node, argument_nodes
from tminus.check.dicts import read_entries
from tminus.check.images import environment_of, image_of
from tminus.check.once import once
from tminus.lazy import pattern
from tminus.script import Constructed, Known, ModalFunction, Script, Value
from tminus.script.scopes import Scope

_MAX_DEPTH = 20

# Secrets that are called after a service have its tokens, and variables that begin with its name.
_SERVICE = pattern(
    r"(?i)^(my[-_])?(hf|hugging[-_]?face|wandb|weights[-_]and[-_]biases|openai|anthropic|kaggle|github|aws|s3)\b"
    r"[-_]?(secrets?|tokens?|keys?|api[-_]?keys?|credentials)?$"
)
_OF_A_SERVICE = pattern(r"(?i)^(hf|hugging|wandb|openai|anthropic|kaggle|github|gh|aws|s3)_|token|secret|key")


class Given(NamedTuple):
    """What a function is given as environment.

    Attributes:
        keys: Variables that are certain to be set.
        named: Names of the secrets that come from the workspace (``modal.Secret.from_name``).
        any_secret: Whether there is any secret at all, read or not.
        closed: Whether `keys` is all that a script can count on. An image's base may set more, but no tokens.
        only_services: Whether that is so but for secrets that are called after a service, such as
            ``huggingface-secret``: these have its tokens.
    """

    keys: frozenset[str]
    named: tuple[str, ...]
    any_secret: bool
    closed: bool
    only_services: bool = False

    def lacks(self, name: str) -> bool:
        """Whether a variable that has a default is not among them, as far as names tell."""
        if name in self.keys:
            return False
        return self.closed or (self.only_services and _OF_A_SERVICE.search(name) is None)


@once
def given_to(script: Script, function: ModalFunction) -> Given:
    """The variables of a function: from its image, ``env=``, and the app's and its own secrets."""
    keys: set[str] = set()
    image = image_of(script, function)
    closed = image is not None
    if image is not None:
        variables, whole = environment_of(script, image)
        keys |= set(variables)
        closed &= whole
    env, certain = argument_node(script, function, "env")
    closed &= certain
    if env is not None:
        entries: dict[str, tuple[Value, ast.expr]] = {}
        closed &= read_entries(script, env, function.scope, entries)
        keys |= set(entries)
    nodes, certain = argument_nodes(script, function, "secrets")
    closed &= certain
    secrets: list[_Secret] = []
    for node in nodes:
        secrets += _secrets(script, node, function.scope)
    named: list[str] = []
    only_services = closed
    for node, secret, scope in secrets:
        its_keys, all_keys = _keys_of(script, node, secret, scope)
        keys |= its_keys
        closed &= all_keys
        name = ""
        if secret is not None and secret.name == "modal.Secret.from_name":
            name = text_of(secret.args[0] if secret.args else secret.kwargs.get("name")) or ""
            named.append(name)
        only_services &= all_keys or _SERVICE.search(name) is not None
    return Given(frozenset(keys), tuple(named), bool(secrets) or not certain, closed, only_services)


_Secret = tuple[ast.expr, Constructed | None, Scope]


def _secrets(script: Script, node: ast.expr, scope: Scope, depth: int = 0) -> list[_Secret]:
    """Every secret of a list expression with its call; None for the object where it was not read."""
    if depth > _MAX_DEPTH:
        return [(node, None, scope)]
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [one for item in items for one in _secrets(script, item, scope, depth + 1)]
        case ast.Starred(value=inner):
            return _secrets(script, inner, scope, depth + 1)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [*_secrets(script, left, scope, depth + 1), *_secrets(script, right, scope, depth + 1)]
        case ast.Name(id=name):
            found = scope.lookup(name)
            if found is not None and len(found[1]) == 1 and found[1][0] is not None:
                return _secrets(script, found[1][0], found[0], depth + 1)
        case ast.Call():
            made = script.evaluator.construct(node, scope)
            if made is not None and made.name.startswith("modal.Secret."):
                return [(node, made, scope)]
    return [(node, None, scope)]


def _keys_of(
    script: Script, node: ast.expr, secret: Constructed | None, scope: Scope
) -> tuple[set[str], bool]:
    """Keys that a secret is certain to have, and whether these are all that a script may count on."""
    if secret is None or not isinstance(node, ast.Call):
        return set(), False
    match secret.name:
        case "modal.Secret.from_dict":
            # Its values are often read from the environment; only the keys have to be in sight.
            written = node.args[0] if node.args else next((k.value for k in node.keywords), None)
            entries: dict[str, tuple[Value, ast.expr]] = {}
            if written is not None:
                whole = read_entries(script, written, scope, entries)
                return set(entries), whole
        case "modal.Secret.from_local_environ":
            given = secret.args[0] if secret.args else secret.kwargs.get("env_keys")
            if isinstance(given, Known) and isinstance(given.value, list):
                return {key for key in given.value if isinstance(key, str)}, True
        case "modal.Secret.from_name":
            given = secret.kwargs.get("required_keys")
            if isinstance(given, Known) and isinstance(given.value, list) and given.value:
                return {key for key in given.value if isinstance(key, str)}, True
    return set(), False
