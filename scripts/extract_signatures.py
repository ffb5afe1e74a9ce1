"""Read the signatures of released packages into ``src/tminus/facts/data/api/signatures.json``.

    python scripts/extract_signatures.py [--cache DIR] [--only PACKAGE ...] [--output FILE]

Downloads the wheel of each release with ``pip download --no-deps``, reads its source with `ast` (nothing is
installed or imported), and writes for each callable the releases in which it had each parameter. A wheel is
deleted once it is read; ``--cache`` names a folder that keeps what was read, so that a later run goes on.

Which releases: of a package with large wheels the first of every minor, and the newest; of one with small
wheels every release, but every tenth of a minor with more than eight. A parameter that one of the others
brought or removed is dated to the next one that was read.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from signature_packages import PACKAGES, RENAMES, Package
from signature_source import read_wheel

from tminus.durable import write_text
from tminus.facts.versions import version_key

OUTPUT = Path(__file__).parents[1] / "src/tminus/facts/data/api/signatures.json"


def releases(package: Package) -> list[str]:
    """The releases to read, oldest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", package.name, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    numbers = [one for one in json.loads(answer)["versions"] if re.fullmatch(r"\d+(\.\d+)*", one)]
    numbers = sorted(
        (one for one in numbers if version_key(one) >= version_key(package.oldest)), key=version_key
    )
    minors: dict[tuple[str, ...], list[str]] = {}
    for one in numbers:
        minors.setdefault(tuple(one.split(".")[:2]), []).append(one)
    chosen: list[str] = []
    for minor in minors.values():
        if not package.every_release:
            chosen.append(minor[0])
        elif len(minor) <= 8:
            chosen += minor
        else:  # a release a day, as modal had before 1.0: every tenth, and the last
            chosen += [*minor[:-1:10], minor[-1]]
    if numbers[-1] not in chosen:
        chosen.append(numbers[-1])
    return chosen


def read_release(package: Package, version: str, cache: Path) -> dict[str, Any] | None:
    """Download a release, read it, delete it; what was read is kept in `cache`."""
    kept = cache / f"{package.name}-{version}.json"
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
        command += ["--only-binary=:all:", "--ignore-requires-python", "--disable-pip-version-check"]
        command += ["--dest", folder, f"{package.name}=={version}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if not wheels:
            print(f"{package.name} {version}: no wheel: {answer.stderr.strip()[-200:]}", file=sys.stderr)
            return None
        data = read_wheel(wheels[0], package)
    kept.write_text(json.dumps(data), encoding="utf-8")
    return data


def lifetime(present: Sequence[bool], versions: Sequence[str]) -> list[str | None]:
    """First release with it and first without, None at either end of what was read.

    What went and came back counts as there from its first to its last release.
    """
    first = present.index(True)
    last = len(present) - 1 - present[::-1].index(True)
    return [versions[first] if first else None, versions[last + 1] if last + 1 < len(versions) else None]


def combine(package: Package, read: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The histories of a package from what each of its releases holds."""
    versions = list(read)
    callables: dict[str, Any] = {}
    for name in sorted({one for data in read.values() for one in data["signatures"]}):
        each = [data["signatures"].get(name) for data in read.values()]
        there = [one is not None for one in each]
        # A parameter is dated by the releases that have the callable: one that comes with it was not added.
        holding = [version for version, one in zip(versions, each, strict=True) if one is not None]
        signatures = [one for one in each if one is not None]
        names = sorted({parameter for one in signatures for parameter in one["parameters"]})
        entry: dict[str, Any] = {
            "parameters": {
                parameter: lifetime([parameter in one["parameters"] for one in signatures], holding)
                for parameter in names
            }
        }
        owner, _, last = name.rpartition(".")
        if any(owner in data["owners"] for data in read.values()):
            # A function can be there before its public name is, as modal.clustered was, and a method can
            # become an assignment whose keywords are not read, as modal.Function.map did.
            public = [last in data["owners"].get(owner, []) for data in read.values()]
            there = [one and other for one, other in zip(there, public, strict=True)]
        if any(there) and lifetime(there, versions) != [None, None]:
            entry["lifetime"] = lifetime(there, versions)
        if any(one["open"] for one in signatures):
            entry["open"] = lifetime([one["open"] for one in signatures], holding)
        parents = sorted({parent for one in signatures for parent in one["inherits"]})
        if parents:
            entry["inherits"] = {
                parent: lifetime([parent in one["inherits"] for one in signatures], holding)
                for parent in parents
            }
        renames = {old: new for one in signatures for old, new in one["renames"].items()}
        renames |= {old: new for old, new in RENAMES.get(name, {}).items() if new}
        if renames:
            entry["renames"] = renames
        # Of the newest release alone: what was optional once is told by none of the others.
        newest = each[-1]
        if newest is not None and newest.get("required") and entry.get("lifetime", [None])[-1] is None:
            entry["required"] = newest["required"]
        callables[name] = entry
    attributes: dict[str, Any] = {}
    for owner in sorted({one for data in read.values() for one in data["owners"]}):
        lists = [data["owners"].get(owner, []) for data in read.values()]
        attributes[owner] = {
            name: lifetime([name in one for one in lists], versions)
            for name in sorted({name for one in lists for name in one})
        }
    return {"releases": versions, "callables": callables, "attributes": attributes}


def main() -> None:
    """Read every package and write the data file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps what was read, to go on after a break")
    parser.add_argument("--only", nargs="*", help="packages to read; the file is not written")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = options.cache or Path(folder)
        cache.mkdir(parents=True, exist_ok=True)
        data: dict[str, Any] = {"read_on": date.today().isoformat(), "releases": {}}
        data |= {"callables": {}, "attributes": {}}
        for package in PACKAGES:
            if options.only and package.name not in options.only:
                continue
            versions = releases(package)
            with ThreadPoolExecutor(3) as pool:
                answers = list(pool.map(lambda one, p=package: read_release(p, one, cache), versions))
            read = {version: one for version, one in zip(versions, answers, strict=True) if one is not None}
            found = combine(package, read)
            print(
                f"{package.name}: {len(read)} releases, {len(found['callables'])} callables", file=sys.stderr
            )
            data["releases"][package.name] = found["releases"]
            data["callables"] |= found["callables"]
            data["attributes"] |= found["attributes"]
        if not options.only:
            lines = json.dumps(data, indent=None, sort_keys=True, separators=(",", ":"))
            # One callable a line keeps a change readable.
            write_text(options.output, re.sub(r"(?<=\}),(?=\"(?:[a-z]+)[.\"])", ",\n", lines) + "\n")


if __name__ == "__main__":
    main()
