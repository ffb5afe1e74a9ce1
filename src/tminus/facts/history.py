"""In which releases a library's callables, parameters and attributes existed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from tminus.facts.versions import version_key


@dataclass(frozen=True, slots=True)
class Lifetime:
    """From which release on something existed, and from which on it was gone.

    Attributes:
        added_in: First release that has it; None where the oldest release that was read has it already.
        removed_in: First release that has it no more; None where the newest one that was read has it.
    """

    added_in: str | None
    removed_in: str | None

    @property
    def present(self) -> bool:
        """Whether the newest release that was read has it."""
        return self.removed_in is None

    def in_version(self, version: str) -> bool:
        """Whether that release has it.

        Releases older than the oldest that was read count as that one, and newer ones as the newest.
        """
        key = version_key(version)
        if self.added_in is not None and key < version_key(self.added_in):
            return False
        return self.removed_in is None or key < version_key(self.removed_in)


class _History:
    """What has a lifetime, asked for its releases."""

    __slots__ = ()

    lifetime: Lifetime

    @property
    def present(self) -> bool:
        """Whether the newest release has it."""
        return self.lifetime.present

    @property
    def added_in(self) -> str | None:
        """First release that has it; None where the oldest that was read does."""
        return self.lifetime.added_in

    @property
    def removed_in(self) -> str | None:
        """First release without it; None while it is there."""
        return self.lifetime.removed_in


@dataclass(frozen=True, slots=True)
class ParameterHistory(_History):
    """A parameter of a callable, by release.

    Attributes:
        callable: Dotted name, such as ``modal.App.function`` or ``trl.SFTConfig``.
        name: Name of the parameter.
        lifetime: The releases that have it.
        renamed_to: The parameter that took its place, where the library says so.
    """

    callable: str
    name: str
    lifetime: Lifetime
    renamed_to: str | None = None


@dataclass(frozen=True, slots=True)
class AttributeHistory(_History):
    """An attribute of a module or class, such as ``modal.Volume.lookup``, by release."""

    name: str
    lifetime: Lifetime


@dataclass(frozen=True, slots=True)
class Callable:
    """A function, method or class constructor with its parameters of all releases.

    Attributes:
        name: Dotted name by which scripts reach it.
        library: The package that has it.
        lifetime: The releases that have it.
        parameters: Name to lifetime, of every parameter that it ever had.
        renames: Old parameter name to the one that took its place; a dotted name is a parameter of another
            callable.
        open: The releases in which it takes any keyword (``**kwargs``); None if there is none.
        inherits: Callables of other packages whose parameters it takes as well, such as
            ``transformers.TrainingArguments`` for ``trl.SFTConfig``.
        required: Its parameters without a default in the newest release that was read, in their order.
    """

    name: str
    library: str
    lifetime: Lifetime
    parameters: Mapping[str, Lifetime]
    renames: Mapping[str, str]
    open: Lifetime | None = None
    inherits: Mapping[str, Lifetime] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    def parameter(self, name: str) -> ParameterHistory | None:
        """The history of a parameter of its own; None where no release that was read had it."""
        lifetime = self.parameters.get(name)
        return (
            None if lifetime is None else ParameterHistory(self.name, name, lifetime, self.renames.get(name))
        )

    def accepted(self, version: str) -> frozenset[str]:
        """Names of its own parameters in a release; those that it inherits come from another package."""
        return frozenset(name for name, life in self.parameters.items() if life.in_version(version))

    def takes_any_keyword(self, version: str) -> bool:
        """Whether it takes any keyword in that release, so that an unknown name is no error by itself."""
        return self.open is not None and self.open.in_version(version)


@dataclass(frozen=True)
class Signatures:
    """The bundled history of signatures: what ``scripts/extract_signatures.py`` read from the releases.

    Attributes:
        releases: Package to the releases that were read, oldest first.
        read_on: The day on which the releases were read.
    """

    releases: Mapping[str, tuple[str, ...]]
    read_on: date
    _callables: Mapping[str, Any]
    _attributes: Mapping[str, Mapping[str, Any]]

    @staticmethod
    def load(path: Path) -> Signatures:
        """Read the data file."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return Signatures(
            releases={package: tuple(versions) for package, versions in data["releases"].items()},
            read_on=date.fromisoformat(data["read_on"]),
            _callables=data["callables"],
            _attributes=data["attributes"],
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """Dotted names of all callables."""
        return frozenset(self._callables)

    def newest(self, library: str) -> str:
        """The newest release of a package that was read."""
        return self.releases[library][-1]

    def callable(self, name: str) -> Callable | None:
        """A callable by its dotted name; None if it was not read."""
        entry = self._callables.get(name)
        if entry is None:
            return None
        return Callable(
            name=name,
            library=name.partition(".")[0],
            lifetime=Lifetime(*entry.get("lifetime", (None, None))),
            parameters={one: Lifetime(*life) for one, life in entry["parameters"].items()},
            renames=entry.get("renames", {}),
            open=Lifetime(*entry["open"]) if "open" in entry else None,
            inherits={one: Lifetime(*life) for one, life in entry.get("inherits", {}).items()},
            required=tuple(entry.get("required", ())),
        )

    def parameter(self, callable_name: str, name: str) -> ParameterHistory | None:
        """A parameter's releases, its own or inherited; None where there was none, or nothing was read.

        Of several, the one that is still there, or was there longest: a setting that a subclass gave another
        default for a while is the parent's.
        """
        found = self.callable(callable_name)
        if found is None:
            return None
        each = [found.parameter(name), *(self.parameter(parent, name) for parent in found.inherits)]
        known = [one for one in each if one is not None]
        return max(known, key=lambda one: (one.present, one.added_in is None), default=None)

    def accepted(self, callable_name: str, versions: Mapping[str, str]) -> frozenset[str]:
        """Names of all parameters that a callable takes, inherited ones included.

        Args:
            callable_name: Its dotted name.
            versions: Package to release; the newest one of a package that is not named.

        Raises:
            KeyError: The callable was not read.
        """
        found = self.callable(callable_name)
        if found is None:
            raise KeyError(f"no signature of {callable_name!r} is bundled")
        version = versions.get(found.library) or self.newest(found.library)
        names = found.accepted(version)
        for parent, lifetime in found.inherits.items():
            if lifetime.in_version(version):
                names |= self.accepted(parent, versions)
        return names

    def knows(self, owner: str) -> bool:
        """Whether all attributes of that module or class were read, so that a missing one never existed."""
        return owner in self._attributes

    def attribute(self, name: str) -> AttributeHistory | None:
        """An attribute such as ``modal.Volume.lookup``; None where no release that was read had it."""
        owner, _, last = name.rpartition(".")
        lifetime = self._attributes.get(owner, {}).get(last)
        return None if lifetime is None else AttributeHistory(name, Lifetime(*lifetime))

    def attributes(self, owner: str, version: str) -> frozenset[str]:
        """Names of the attributes of a module or class in a release; empty for one that was not read."""
        return frozenset(
            name
            for name, lifetime in self._attributes.get(owner, {}).items()
            if Lifetime(*lifetime).in_version(version)
        )
