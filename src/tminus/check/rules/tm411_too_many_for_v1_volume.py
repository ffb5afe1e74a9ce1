"""TM411: more files or writers than a version 1 volume is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Known, ModalFunction, Mount, Script, mounts_of
from tminus.script.scopes import Scope

_WRITES = frozenset(
    {"save", "savez", "imwrite", "write_text", "write_bytes", "to_csv", "to_parquet", "save_file"}
)


@rule("TM411", "too-many-for-v1-volume", Severity.WARNING)
def too_many_for_v1_volume(script: Script, facts: Facts) -> Iterator[Report]:
    """Keep within what a version 1 volume is made for, or use version 2.

    ## What it does
    Finds clusters with more containers than may write to a version 1 volume at once, and loops of a known
    length that write one file each to such a volume.

    ## Why is this bad?
    Each container with the volume commits in the background. With more than a few writers commits become slow
    and fail; with very many files, commits, reloads and container starts do, and at the hard limit a write
    raises "No space left on device".

    ## Example
    ```python
    volume = modal.Volume.from_name("runs", create_if_missing=True)

    @app.function(gpu="H100:8", volumes={"/runs": volume})
    @modal.clustered(size=8)
    def train(): ...
    ```

    ## Use instead
    ```python
    volume = modal.Volume.from_name("runs", create_if_missing=True, version=2)

    @app.function(gpu="H100:8", volumes={"/runs": volume})
    @modal.clustered(size=8)
    def train(): ...
    ```
    or let rank 0 alone write, and write shards instead of single files.

    ## Fix safety
    No fix: an existing volume does not change its version; its data has to be copied.

    ## Limit and source
    - `volume.v1_writers_max`
    - `volume.v1_files_max`

    Both are recommendations.
    """
    writers, files = facts["volume.v1_writers_max"], facts["volume.v1_files_max"]
    for function in script.functions:
        mounts = [mount for mount in mounts_of(function).table if _is_version_1(mount)]
        if not mounts:
            continue
        nodes = function.nodes
        if function.cluster is not None and nodes is not None and nodes > writers.value:
            yield Report(
                span=mounts[0].volume_span,
                message=(
                    f"{nodes} containers of {function.name}() have the volume at {mounts[0].path}; for "
                    f"version 1 at most {writers.value} writers at once are recommended"
                ),
                source=writers,
                advice="Make a new volume with version=2, or write from the first container alone.",
            )
        for loop, count in _loops(script, function):
            if count <= files.value:
                continue
            mount = next((one for one in mounts if _writes_below(script, loop, one)), None)
            if mount is not None:
                yield Report(
                    span=script.source.span_of(loop.iter),
                    message=(
                        f"this loop writes {count} files to the volume at {mount.path}; for version 1 at "
                        f"most {files.value} are recommended"
                    ),
                    source=files,
                    advice="Write shards of many rows each, or make a new volume with version=2.",
                )


def _is_version_1(mount: Mount) -> bool:
    made = mount.volume
    if made is None or made.name != "modal.Volume.from_name":
        return False
    version = made.kwargs.get("version")
    return version is None or (isinstance(version, Known) and version.value == 1)


def _loops(script: Script, function: ModalFunction) -> Iterator[tuple[ast.For, int]]:
    scopes = script.scopes
    for node in script.reachable(function).nodes:
        match node:
            case ast.For(iter=ast.Call(func=ast.Name(id="range"), args=[bound])):
                value = script.evaluate(bound, scopes.get(id(bound), script.module))
                if isinstance(value, Known) and type(value.value) is int:
                    yield node, value.value


def _writes_below(script: Script, loop: ast.For, mount: Mount) -> bool:
    """Whether each round of a loop writes a file of its own below a mount."""
    scopes = script.scopes
    for statement in loop.body:
        # What stands under a condition is not written in each round.
        if isinstance(statement, ast.If | ast.Try):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and _writes(node):
                for argument in [*node.args, node.func]:
                    scope = scopes.get(id(argument), script.module)
                    if _own_path(script, argument, scope, loop.target, str(mount.path)):
                        return True
    return False


def _writes(node: ast.Call) -> bool:
    if isinstance(node.func, ast.Name):
        mode = node.args[1] if len(node.args) > 1 else None
        return node.func.id == "open" and isinstance(mode, ast.Constant) and str(mode.value)[:1] in "wx"
    return isinstance(node.func, ast.Attribute) and node.func.attr in _WRITES


def _own_path(script: Script, node: ast.expr, scope: Scope, target: ast.expr, mount: str) -> bool:
    if not isinstance(node, ast.JoinedStr) or not isinstance(target, ast.Name):
        return False
    numbered = any(isinstance(one, ast.Name) and one.id == target.id for one in ast.walk(node))
    first = node.values[0]
    begins = script.evaluate(first.value if isinstance(first, ast.FormattedValue) else first, scope)
    return numbered and isinstance(begins, Known) and f"{begins.value}/".startswith(f"{mount.rstrip('/')}/")
