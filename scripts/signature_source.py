"""Reading signatures from the source in a wheel, with `ast`: nothing is imported."""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signature_packages import Package


class Wheel:
    """The Python source of a wheel, searched by definition."""

    def __init__(self, path: Path, package: str) -> None:
        with zipfile.ZipFile(path) as archive:
            self.files = {
                name: archive.read(name).decode("utf-8", "replace")
                for name in archive.namelist()
                if name.startswith(f"{package}/") and name.endswith(".py") and "/models/" not in name
            }
        self.package = package
        self._trees: dict[str, ast.Module] = {}

    def tree(self, name: str) -> ast.Module:
        """A file, parsed once."""
        if name not in self._trees:
            self._trees[name] = ast.parse(self.files[name])
        return self._trees[name]

    def find(self, name: str, kinds: tuple[type[ast.stmt], ...]) -> tuple[str, Any] | None:
        """The definition of that name at the top of a file: file and node.

        The largest where there are several: a smaller one is a re-export that warns, or a stand-in for a
        dependency that is missing.
        """
        pattern = re.compile(rf"^(?:\s*)(?:class|def|async def) {re.escape(name)}\b", re.MULTILINE)
        found: list[tuple[int, str, Any]] = []
        for path, text in self.files.items():
            if not pattern.search(text):
                continue
            found += [
                ((node.end_lineno or 0) - node.lineno, path, node)
                for node in _top_level(self.tree(path).body)
                if isinstance(node, kinds) and getattr(node, "name", "") == name
            ]
        if not found:
            return None
        _, path, node = max(found, key=lambda one: one[:2])
        return path, node


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _top_level(node.body)
            yield from _top_level(node.orelse)


@dataclass
class Signature:
    """The keywords that a callable takes in one release.

    Attributes:
        parameters: Names of its parameters.
        open: Whether it takes any keyword.
        inherits: Callables of other packages whose parameters it takes as well.
        renames: Old name to new name, as decorators of the package say.
        required: Parameters without a default, in their order; those that only a keyword can give last.
    """

    parameters: set[str] = field(default_factory=set)
    open: bool = False
    inherits: set[str] = field(default_factory=set)
    renames: dict[str, str] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SKIPPED = frozenset({"self", "cls", "_warn_parentheses_missing"})


def function_signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    """The keywords of a function, and those that a renaming decorator still takes."""
    arguments = node.args
    names = {one.arg for one in (*arguments.args, *arguments.kwonlyargs)} - _SKIPPED
    signature = Signature(names, arguments.kwarg is not None, required=_required(arguments))
    for decorator in node.decorator_list:
        old, new = _renamed_by(decorator)
        if old:
            signature.parameters.add(old)
        if old and new:
            signature.renames[old] = new
    return signature


def _required(arguments: ast.arguments) -> list[str]:
    """Parameters without a default. None of a function that takes any positional ones: they may be there."""
    if arguments.vararg is not None:
        return []
    positional = [*arguments.posonlyargs, *arguments.args]
    bare = positional[: len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    names = [one.arg for one in bare] + [one.arg for one, default in keywords if default is None]
    return [name for name in names if name not in _SKIPPED]


def _renamed_by(decorator: ast.expr) -> tuple[str, str]:
    """Old and new name of a parameter that a decorator still takes, empty where it says none.

    ``deprecate_kwarg(old, version, new)`` and ``deprecate_kwarg(old, new_name=)`` of transformers,
    ``renamed_parameter(date, old, new)`` of modal.
    """
    if not isinstance(decorator, ast.Call):
        return "", ""
    words = {one.arg: one.value for one in decorator.keywords if one.arg}
    given = [one.value if isinstance(one, ast.Constant) else None for one in decorator.args]
    match _name(decorator.func).rpartition(".")[2]:
        case "deprecate_kwarg":
            new = words.get("new_name")
            names = [given[0] if given else None, new.value if isinstance(new, ast.Constant) else None]
            if names[1] is None and len(given) > 2:
                names[1] = given[2]
        case "renamed_parameter" if len(given) > 2:
            names = given[1:3]
        case _:
            names = [None, None]
    old, replacement = (one if isinstance(one, str) else "" for one in names)
    return old, replacement


def class_signature(wheel: Wheel, node: ast.ClassDef, foreign: Mapping[str, str]) -> Signature:
    """The keywords of a class: its ``__init__``, or the fields of a dataclass with those of its bases.

    Args:
        wheel: Where bases are searched.
        node: The class.
        foreign: Name of a base in another package to the callable that it is.
    """
    for statement in node.body:
        if isinstance(statement, _DEFINITIONS) and statement.name == "__init__":
            signature = function_signature(statement)
            if not (signature.open and statement.args.vararg and len(signature.parameters) == 0):
                return signature
    signature = Signature()
    for base in node.bases:
        name = _name(base)
        if name in foreign:
            signature.inherits.add(foreign[name])
        elif name and name != node.name and (found := wheel.find(name.rpartition(".")[2], (ast.ClassDef,))):
            parent = class_signature(wheel, found[1], foreign)
            signature.parameters |= parent.parameters
            signature.inherits |= parent.inherits
            signature.open = signature.open or parent.open
    if any(
        _name(one.func if isinstance(one, ast.Call) else one) == "dataclass" for one in node.decorator_list
    ):
        signature.parameters |= _fields(node)
    return signature


def _fields(node: ast.ClassDef) -> set[str]:
    names = set()
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        annotation = ast.unparse(statement.annotation)
        value = statement.value
        no_init = (
            isinstance(value, ast.Call)
            and _name(value.func).endswith("field")
            and any(
                one.arg == "init" and isinstance(one.value, ast.Constant) and one.value.value is False
                for one in value.keywords
            )
        )
        if not no_init and "ClassVar" not in annotation and "KW_ONLY" not in annotation:
            names.add(statement.target.id)
    return names


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def class_members(wheel: Wheel, node: ast.ClassDef) -> dict[str, Signature | None]:
    """Public attributes of a class and its bases; with a signature where one is a method."""
    members: dict[str, Signature | None] = {}
    for base in node.bases:
        name = _name(base).rpartition(".")[2]
        if name and (found := wheel.find(name, (ast.ClassDef,))):
            members |= class_members(wheel, found[1])
    for statement in node.body:
        if isinstance(statement, _DEFINITIONS):
            decorators = {_name(one) for one in statement.decorator_list if not isinstance(one, ast.Call)}
            plain = not any(one.endswith(("property", "setter")) for one in decorators)
            if statement.name == "__init__":
                members["__init__"] = function_signature(statement)
            elif not statement.name.startswith("_"):
                members[statement.name] = function_signature(statement) if plain else None
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                    owner, _, name = _name(inner).rpartition(".")
                    if owner == "self" and not name.startswith("_"):
                        members.setdefault(name, None)
        elif isinstance(statement, ast.AnnAssign | ast.Assign):
            targets = [statement.target] if isinstance(statement, ast.AnnAssign) else statement.targets
            for target in targets:
                if isinstance(target, ast.Name) and not target.id.startswith("_"):
                    members.setdefault(target.id, None)
    if any(
        _name(one.func if isinstance(one, ast.Call) else one) == "dataclass" for one in node.decorator_list
    ):
        members.setdefault("__init__", Signature(_fields(node)))
    return members


def module_members(wheel: Wheel, path: str) -> dict[str, Signature | None] | None:
    """Public names of a module: what it defines and imports, and the modules beside an ``__init__.py``."""
    if path not in wheel.files:
        return None
    members: dict[str, Signature | None] = {}
    for statement in _top_level(wheel.tree(path).body):
        if isinstance(statement, _DEFINITIONS):
            members[statement.name] = function_signature(statement)
        elif isinstance(statement, ast.ClassDef):
            members[statement.name] = class_signature(wheel, statement, {})
        elif isinstance(statement, ast.ImportFrom):
            members |= {one.asname or one.name: None for one in statement.names}
        elif isinstance(statement, ast.Assign):
            members |= {one.id: None for one in statement.targets if isinstance(one, ast.Name)}
    if path.endswith("/__init__.py"):
        folder = path.removesuffix("__init__.py")
        for name in wheel.files:
            if name.startswith(folder):
                members.setdefault(name[len(folder) :].partition("/")[0].removesuffix(".py"), None)
    return {name: signature for name, signature in members.items() if not name.startswith("_")}


def read_wheel(path: Path, package: Package) -> dict[str, Any]:
    """Everything that is wanted of a wheel, as plain data."""
    wheel = Wheel(path, package.name)
    foreign = {"TrainingArguments": "transformers.TrainingArguments", "Trainer": "transformers.Trainer"}
    foreign = {} if package.name == "transformers" else foreign
    signatures: dict[str, Signature] = {}
    owners: dict[str, list[str]] = {}
    for public, wanted in package.classes.items():
        name, _, method = wanted.partition(".")
        found = wheel.find(name, (ast.ClassDef,))
        if found is None:
            continue
        if method:
            member = class_members(wheel, found[1]).get(method)
            if member is not None:
                signatures[public] = member
        else:
            signatures[public] = class_signature(wheel, found[1], foreign)
    for public, wanted in package.functions.items():
        found = wheel.find(wanted, _DEFINITIONS) or wheel.find(wanted.lstrip("_"), _DEFINITIONS)
        if found is not None:
            signatures[public] = function_signature(found[1])
    for public, wanted in package.owners.items():
        if wanted.endswith(".py"):
            members = module_members(wheel, wanted)
        else:
            found = wheel.find(wanted, (ast.ClassDef,)) or wheel.find(wanted.lstrip("_"), (ast.ClassDef,))
            members = class_members(wheel, found[1]) if found else None
        if members is None:
            continue
        owners[public] = sorted(name for name in members if name != "__init__")
        for name, signature in members.items():
            if signature is not None:
                signatures.setdefault(public if name == "__init__" else f"{public}.{name}", signature)
    return {
        "signatures": {
            name: {
                "parameters": sorted(one.parameters),
                "open": one.open,
                "inherits": sorted(one.inherits),
                "renames": one.renames,
                "required": one.required,
            }
            for name, one in signatures.items()
        },
        "owners": owners,
    }
