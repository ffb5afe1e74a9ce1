"""TM410: a file that another container has written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Known, ModalFunction, Script, Span, mounts_of
from tminus.script.walk import Placed

_WRITES = {"torch.save": 1, "numpy.save": 0, "joblib.dump": 1}
_READS = {
    "torch.load": 0,
    "numpy.load": 0,
    "joblib.load": 0,
    "datasets.load_from_disk": 0,
    "pandas.read_csv": 0,
}
_WRITING_METHODS = frozenset(
    {"save_pretrained", "save_model", "save_to_disk", "to_csv", "to_json", "to_parquet"}
)


@rule("TM410", "file-of-another-container", Severity.WARNING)
def file_of_another_container(script: Script, facts: Facts) -> Iterator[Report]:
    """Pass files from function to function on a volume.

    ## What it does
    Finds a path that one Modal function writes and another reads, outside the volumes of both.

    ## Why is this bad?
    Every function runs in containers of its own. The file is not there, or is an old one where a container
    happens to be used again.

    ## Example
    ```python
    @app.function()
    def prepare():
        load_dataset("tatsu-lab/alpaca").save_to_disk("/tmp/rows")

    @app.function(gpu="H100")
    def train():
        rows = load_from_disk("/tmp/rows")
    ```

    ## Use instead
    ```python
    @app.function(volumes={"/data": volume})
    def prepare():
        load_dataset("tatsu-lab/alpaca").save_to_disk("/data/rows")

    @app.function(gpu="H100", volumes={"/data": volume})
    def train():
        rows = load_from_disk("/data/rows")
    ```

    ## Fix safety
    No fix: a volume has to be mounted in both functions.

    ## Limit and source
    - `volume.commit_shows_to_others`: Files reach other containers through volumes.
    """
    functions = [one for one in script.functions if one.kind == "function" and one.here]
    if len(functions) < 2:
        return
    files = {id(one.node): _files(script, one) for one in functions}
    called = {name for one in functions for name in _called_locally(script, one)}
    for reader in functions:
        written_here, read = files[id(reader.node)]
        for path, span in read.items():
            if path in written_here or reader.name in called:
                continue
            writer = next(
                (one for one in functions if one is not reader and path in files[id(one.node)][0]), None
            )
            if writer is not None and writer.name not in called:
                yield Report(
                    span=span,
                    message=(
                        f"{reader.name}() reads {path}, which {writer.name}() writes in a container of "
                        "its own: it is not there"
                    ),
                    source=facts["volume.commit_shows_to_others"],
                    advice="Mount the same volume in both functions, and use a path under it.",
                )


def _files(script: Script, function: ModalFunction) -> tuple[set[str], dict[str, Span]]:
    """Absolute paths outside its volumes that a function writes, and those that it reads."""
    mounts = mounts_of(function)
    written: set[str] = set()
    read: dict[str, Span] = {}
    if not mounts.complete:
        return written, read
    for one in script.reachable(function).placed:
        for path, span, writes in _file(script, one):
            if not path.is_absolute() or mounts.holding(path) is not None:
                continue
            if writes:
                written.add(str(path))
            else:
                read.setdefault(str(path), span)
    return written, read


def _file(script: Script, one: Placed) -> Iterator[tuple[PurePosixPath, Span, bool]]:
    node = one.node
    if not isinstance(node, ast.Call):
        return
    name = script.evaluator.dotted_name(node.func) or ""
    argument: ast.expr | None = None
    writes = False
    if name == "open" and node.args:
        mode = script.evaluate(node.args[1], one.scope) if len(node.args) > 1 else None
        text = mode.value if isinstance(mode, Known) and isinstance(mode.value, str) else "r"
        argument, writes = node.args[0], any(letter in text for letter in "wax")
    elif name in _WRITES and len(node.args) > _WRITES[name]:
        argument, writes = node.args[_WRITES[name]], True
    elif name in _READS and node.args:
        argument = node.args[0]
    elif isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr in _WRITING_METHODS:
            argument, writes = node.args[0], True
        elif node.func.attr == "from_pretrained":
            argument = node.args[0]
    if argument is None:
        return
    value = script.evaluate(argument, one.scope)
    if isinstance(value, Known) and not value.assumed and isinstance(value.value, str | PurePosixPath):
        yield PurePosixPath(value.value), value.span, writes


def _called_locally(script: Script, function: ModalFunction) -> Iterator[str]:
    """Modal functions that a function calls in its own container."""
    for one in script.reachable(function).placed:
        match one.node:
            case (
                ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="local"))
                | ast.Call(func=ast.Name(id=name))
            ):
                yield name
