"""TM608: local files added before later build steps."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.branches import exclusive
from tminus.check.calls import add_keyword, keyword_of, passes_everything_visibly
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Known, Script
from tminus.script.image import ImageStep, chain_of

_ADDING = frozenset({"add_local_file", "add_local_dir", "add_local_python_source"})

# Every one of these makes a layer on top of the image so far.
_BUILDING = frozenset(
    {
        "pip_install", "uv_pip_install", "uv_sync", "run_commands", "apt_install", "run_function", "env",
        "workdir",
        "pip_install_from_requirements", "pip_install_from_pyproject", "pip_install_private_repos",
        "poetry_install_from_file", "dockerfile_commands", "micromamba_install", "entrypoint", "cmd", "shell",
    }
)  # fmt: skip
# Without arguments these do nothing.
_NOTHING_WHEN_EMPTY = frozenset(
    {"pip_install", "uv_pip_install", "run_commands", "apt_install", "dockerfile_commands"}
)


@rule("TM608", "local-files-before-build-steps", Severity.ERROR)
def local_files_before_build_steps(script: Script, facts: Facts) -> Iterator[Report]:
    """Add local files last, or copy them into the image.

    ## What it does
    Finds `add_local_file`, `add_local_dir` and `add_local_python_source` without `copy=True` that are
    followed by a step that builds a layer.

    ## Why is this bad?
    Such files are mounted when a container starts; a later build step could not see them. The client refuses
    the image with an `InvalidError` when the app is loaded, so nothing runs.

    ## Example
    ```python
    image = modal.Image.debian_slim().add_local_dir("src", "/root/src").pip_install("torch==2.13.0")
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().pip_install("torch==2.13.0").add_local_dir("src", "/root/src")
    ```
    Where the step needs the files: `add_local_dir("src", "/root/src", copy=True)`.

    ## Fix safety
    Safe: the files become part of the image, at the same path. A change of theirs then builds the later
    layers again; to move the call to the end is better where no step needs the files.

    ## Limit and source
    - `image.add_local_last`
    """
    seen: set[int] = set()
    for node, scope in script.expressions():
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _BUILDING | _ADDING
        ):
            continue
        base, steps, _ = chain_of(script, node, scope, node.lineno)
        if base is None and not any(step.method in _ADDING for step in steps):
            continue
        for index, step in enumerate(steps):
            after = (other for other in steps[index + 1 :] if not exclusive(script, step.node, other.node))
            later = next((other for other in after if _builds(script, other)), None)
            if step.method not in _ADDING or later is None or id(step.node) in seen:
                continue
            if not passes_everything_visibly(step.node) or _copies(script, step) is not False:
                continue
            seen.add(id(step.node))
            yield Report(
                span=step.span,
                message=(
                    f"{step.method}(...) comes before {later.method}(...): files that are mounted at start "
                    "cannot come before a build step, the client refuses the image when the app is loaded"
                ),
                source=facts["image.add_local_last"],
                fix=_fix(script, step),
                advice=f"Move {step.method}(...) to the end of the image, or give it copy=True.",
            )


def _builds(script: Script, step: ImageStep) -> bool:
    if step.method in _NOTHING_WHEN_EMPTY and not (step.node.args or step.node.keywords):
        return False
    return step.method in _BUILDING or (step.method in _ADDING and _copies(script, step) is True)


def _copies(script: Script, step: ImageStep) -> bool | None:
    given = step.keyword("copy")
    if given is None:
        return False
    value = script.evaluate(given, step.scope)
    return bool(value.value) if isinstance(value, Known) else None


def _fix(script: Script, step: ImageStep) -> Fix | None:
    given = keyword_of(step.node, "copy")
    if given is not None:
        edit: Edit | None = Edit(script.source.span_of(given.value), "True")
    else:
        edit = add_keyword(script, step.node, "copy=True")
    return Fix("Copy the files into the image", (edit,), Safety.SAFE) if edit else None
