"""TM404: an invalid or clashing mount path."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Mount, Script, Span, mounts_of

_FORBIDDEN = ("/", "/root", "/tmp")


@rule("TM404", "mount-path", Severity.ERROR)
def mount_path(script: Script, facts: Facts) -> Iterator[Report]:
    """Mount each volume at one absolute path of its own.

    ## What it does
    Checks the keys of `volumes=` as the client does: absolute, without `..`, not `/`, `/root` or `/tmp`; each
    volume at one path, each path with one volume.

    ## Why is this bad?
    The client refuses such a mount with an `InvalidError` when the script is imported or the app is loaded,
    so nothing runs. Two volumes at one path are not refused: a Python dict keeps the last of equal keys, and
    the first volume is not mounted at all.

    ## Example
    ```python
    cache = modal.Volume.from_name("cache", create_if_missing=True)

    @app.function(volumes={"data": volume, "/root": cache})
    def train(): ...
    ```

    ## Use instead
    ```python
    cache = modal.Volume.from_name("cache", create_if_missing=True)

    @app.function(volumes={"/data": volume, "/root/.cache": cache})
    def train(): ...
    ```

    ## Fix safety
    No fix: other paths in the script have to follow.

    ## Limit and source
    - `volume.mount_path_rules`
    - `volume.mounts_per_function`
    """
    seen: set[Span] = set()
    rules, once = facts["volume.mount_path_rules"], facts["volume.mounts_per_function"]
    for function in script.functions:
        mounts = mounts_of(function).table
        for mount in mounts:
            problem = _problem(mount.path)
            if problem and mount.path_span not in seen:
                seen.add(mount.path_span)
                yield Report(
                    span=mount.path_span,
                    message=f'"{mount.path}" {problem}: the client refuses the mount with an InvalidError',
                    source=rules,
                    advice="Mount it at an absolute path such as /data; below /root and /tmp is fine.",
                )
        for first, second in _pairs(mounts):
            if second.path_span in seen:
                continue
            if _same_volume(first, second):
                seen.add(second.path_span)
                yield Report(
                    span=second.path_span,
                    message=(
                        f"{function.name}() mounts one volume at {first.path} and at {second.path}; the "
                        "client refuses the same volume at two paths"
                    ),
                    source=once,
                    advice="Mount it once and use folders of it.",
                )
            elif first.path == second.path and not _may_be_meant(first, second):
                seen.add(second.path_span)
                yield Report(
                    span=second.path_span,
                    message=f"{function.name}() has two volumes at {second.path}: only one of them is there",
                    source=rules,
                    advice="Give each its own path.",
                    severity=Severity.WARNING,
                )


def _problem(path: PurePosixPath) -> str | None:
    canonical = path.as_posix()
    if not canonical.startswith("/"):
        return "is not an absolute path"
    if posixpath.abspath(canonical) != canonical:
        return 'is not a canonical path: it has ".."'
    if canonical in _FORBIDDEN:
        return "is a folder that the container itself needs"
    return None


def _pairs(mounts: Sequence[Mount]) -> Iterator[tuple[Mount, Mount]]:
    for index, second in enumerate(mounts):
        for first in mounts[:index]:
            yield first, second


def _same_volume(first: Mount, second: Mount) -> bool:
    if first.volume is None or second.volume is None or first.path == second.path:
        return False
    if first.condition or second.condition:
        return False
    plain = first.volume.name == second.volume.name == "modal.Volume.from_name"
    elsewhere = "environment_name" in {*first.volume.kwargs, *second.volume.kwargs}
    if first.volume is second.volume:
        return plain
    return plain and first.name is not None and first.name == second.name and not elsewhere


def _may_be_meant(first: Mount, second: Mount) -> bool:
    """Whether two mounts at one path need not be two volumes: the app's own and a function's, say."""
    if first.condition or second.condition:
        return True
    return first.volume is second.volume or (first.name is not None and first.name == second.name)
