"""TM610: environment or local files read at import, which differ in the container."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.at_import import VariableRead, files_read, variables_read
from tminus.check.finding import Severity
from tminus.check.images import image_of
from tminus.check.rule import Report, rule
from tminus.check.secrets_given import Given, given_to
from tminus.check.tokens import SECRET_NAME
from tminus.facts import Facts
from tminus.script import ModalFunction, Script
from tminus.script.image import Image

_BRINGS_FILES = frozenset(
    {
        "add_local_file", "add_local_dir", "copy_local_file", "copy_local_dir", "run_commands",
        "run_function",
        "dockerfile_commands", "copy_mount", "from_dockerfile",
    }
)  # fmt: skip


@rule("TM610", "read-at-import", Severity.ERROR)
def read_at_import(script: Script, facts: Facts) -> Iterator[Report]:
    """Read the machine's environment and files where only the machine runs.

    ## What it does
    Finds environment variables and relative files that the top of the script reads, where no container gets
    them: not by the image, `env=`, or a secret whose keys are in sight.

    ## Why is this bad?
    Each container imports the script again. `os.environ["X"]` is a `KeyError` there, a file is not found, and
    `os.environ.get("X", default)` silently gives the default: a function that uses the constant runs with
    another value than the one that was set. Arguments of decorators are not affected: they count on the
    machine that starts the run.

    ## Example
    ```python
    EPOCHS = int(os.environ.get("EPOCHS", "1"))

    @app.function()
    def train():
        print(EPOCHS)  # always 1
    ```

    ## Use instead
    ```python
    @app.function()
    def train(epochs: int):
        print(epochs)

    @app.local_entrypoint()
    def main(epochs: int = 1):
        train.remote(epochs)
    ```

    ## Fix safety
    No fix: how the value reaches the function is a decision.

    ## Limit and source
    - `function.imports_the_script`

    A constant with a default is a warning. Reads under a condition (`if modal.is_local():`) are left out.
    """
    functions = [(function, given_to(script, function)) for function in script.functions]
    if not functions:
        return
    fact = facts["function.imports_the_script"]
    for read in variables_read(script):
        lacking = _lacking(script, read, functions)
        if lacking is None:
            continue
        if read.required:
            yield Report(
                span=script.source.span_of(read.node),
                message=(
                    f"{read.name} is read when the script is imported, and the container of {lacking.name}() "
                    "does not have it: a KeyError there before the function starts"
                ),
                source=fact,
                advice=f"Give it by a secret or env=, or read it with .get({read.name!r}).",
            )
            continue
        user = next((one for one, given in functions if _uses(script, one, read, given)), None)
        if user is not None:
            yield Report(
                span=script.source.span_of(read.node),
                message=(
                    f"{read.constant} is read from {read.name} when the script is imported; the container of "
                    f"{user.name}() does not have {read.name} and gets the default"
                ),
                source=fact,
                advice=f"Pass it as an argument, or give the function env={{{read.name!r}: ...}}.",
                severity=Severity.WARNING,
            )
    yield from _files(script, facts)


def _lacking(
    script: Script, read: VariableRead, functions: list[tuple[ModalFunction, Given]]
) -> ModalFunction | None:
    """A function that certainly does not get the variable; None if there is none."""
    lacking = [
        function
        for function, given in functions
        if ((given.closed and read.name not in given.keys) if read.required else given.lacks(read.name))
        and function.argument("serialized") is None
    ]
    if read.required:
        # One container that cannot import the script is enough.
        return next((one for one in lacking if _base_sets_nothing(script, one, read.name)), None)
    # A default that one function does not get may be meant for it.
    return lacking[0] if len(lacking) == len(functions) else None


def _base_sets_nothing(script: Script, function: ModalFunction, name: str) -> bool:
    """Whether the image's base is sure not to set a variable: it is Python alone, or that is a token."""
    image = image_of(script, function)
    return SECRET_NAME.search(name) is not None or (image is not None and image.whole_base)


def _uses(script: Script, function: ModalFunction, read: VariableRead, given: Given) -> bool:
    if read.constant is None or read.name in given.keys:
        return False
    return any(
        isinstance(node, ast.Name) and node.id == read.constant and isinstance(node.ctx, ast.Load)
        for node in script.reachable(function).nodes
    )


def _files(script: Script, facts: Facts) -> Iterator[Report]:
    images = [(function, image_of(script, function)) for function in script.functions]
    if any(image is None or not _holds_no_files(image) for _, image in images):
        return
    # Clients of before sent files by arguments.
    if any(
        "mounts" in (*function.arguments, *(function.app.kwargs if function.app else ()))
        for function, _ in images
    ):
        return
    for path, node in files_read(script):
        yield Report(
            span=script.source.span_of(node),
            message=(
                f"{path} is read when the script is imported; nothing adds it to the container of "
                f"{images[0][0].name}(): a FileNotFoundError there before the function starts"
            ),
            source=facts["function.imports_the_script"],
            advice="Read it in the local entrypoint and pass it on, or add it with add_local_file(...).",
        )


def _holds_no_files(image: Image) -> bool:
    return image.known and not any(step.method in _BRINGS_FILES for step in image.steps)
