"""Which release of a training library a script runs with, as far as its images say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from tminus.check.images import image_in_project
from tminus.check.packages import Package, packages_of
from tminus.facts.versions import version_key
from tminus.lazy import pattern
from tminus.script import Script

_CONDITION = pattern(r"(===|==|~=|!=|<=|>=|<|>)\s*([0-9][0-9A-Za-z.+!_*-]*)")


class LibraryVersion(NamedTuple):
    """A release to hold a call against.

    Attributes:
        version: The release.
        certain: Whether the images say so: pinned, or without an upper bound (then the newest). False
            where the library comes from somewhere that is not in sight.
        how: In words, for messages.
    """

    version: str
    certain: bool
    how: str


def library_version(script: Script, library: str, releases: tuple[str, ...]) -> LibraryVersion:
    """The release of a library that the script's functions run with.

    Args:
        script: The script.
        library: Name of the distribution, which is that of the module too.
        releases: The releases that are known, oldest first.
    """
    asked: list[Package] = []
    hidden = False
    for function in script.functions:
        image = image_in_project(script, function)
        packages = packages_of(script, image) if image is not None else None
        package = packages.get(library) if packages is not None else None
        if package is not None:
            asked.append(package)
        elif packages is None or not packages.whole:
            hidden = True
    newest = releases[-1]
    if not asked:
        # It comes along with another package, or in a base image.
        how = f"{library} {newest}, the newest that is known"
        return LibraryVersion(newest, False, how)
    versions = {_chosen(package, releases) for package in asked}
    if len(versions) > 1 or None in versions:
        return LibraryVersion(newest, False, f"{library} {newest}, the newest that is known")
    version = versions.pop() or newest
    pinned = asked[0].version is not None
    how = f"{library} {version}, which the image " + ("pins" if pinned else "gets today")
    return LibraryVersion(version, not hidden, how)


def _chosen(package: Package, releases: Iterable[str]) -> str | None:
    """The release that an installer would choose of those that are known; None if it cannot be told."""
    if package.url is not None:
        return None
    if package.version is not None:
        return package.version
    conditions = _CONDITION.findall(package.specifier)
    if package.specifier and not conditions:
        return None
    fitting = [one for one in releases if all(_fits(one, sign, bound) for sign, bound in conditions)]
    return fitting[-1] if fitting else None


def _fits(version: str, sign: str, bound: str) -> bool:
    have, want = version_key(version), version_key(bound.replace(".*", ""))
    match sign:
        case "==" | "===":
            return have[: len(want)] == want if bound.endswith(".*") else have == want
        case "!=":
            return have != want
        case "<":
            return have < want
        case "<=":
            return have <= want
        case ">":
            return have > want
        case ">=":
            return have >= want
        case "~=":
            prefix = tuple(int(part) for part in re.findall(r"\d+", bound))[:-1]
            return have >= want and have[: len(prefix)] == prefix
    return True
