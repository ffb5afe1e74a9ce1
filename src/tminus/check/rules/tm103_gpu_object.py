"""TM103: GPU objects, which the client has no more."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.client_version import client_version
from tminus.check.dead import dead_lines
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.modal_names import uses_of_modal
from tminus.check.rule import Report, rule
from tminus.facts import Fact, Facts
from tminus.script import Edit, Known, Script
from tminus.script.scopes import Scope

_MODULE = "modal.gpu."
_NAMES = {"A10G": "A10", "Any": ""}


@rule("TM103", "gpu-object", Severity.ERROR)
def gpu_object(script: Script, facts: Facts) -> Iterator[Report]:
    """Name GPUs with a string.

    ## What it does
    Finds `modal.gpu.H100(count=8)` and its like, but in code that asks first which client it has and in
    branches that are never taken.

    ## Why is this bad?
    `modal.gpu` is gone: the script fails with an `AttributeError` when it is imported. With an older client
    that the project pins it is a deprecation warning.

    ## Example
    ```python
    @app.function(gpu=modal.gpu.A100(count=4, size="80GB"))
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="A100-80GB:4")
    def train(): ...
    ```

    ## Fix safety
    Safe: the string asks for the same. `Any()` has no counterpart and is left.

    ## Limit and source
    - `deprecation.gpu_objects`
    - `gpu.passed_as`
    """
    entry = next(one for one in facts.deprecations if one.id == "gpu_objects")
    removed = entry.removed_in or ""
    fact = Fact("deprecation.gpu_objects", removed, "release of modal", entry.source, entry.as_of)
    gone = _release(client_version(script, facts)) >= _release(removed)
    for use in uses_of_modal(script):
        name = use.name
        if not name.startswith(_MODULE) or use.node.lineno in dead_lines(script):
            continue
        node: ast.expr = use.call or use.node
        text = _as_text(script, node, name.removeprefix(_MODULE), use.scope)
        span = script.source.span_of(node)
        yield Report(
            span=span,
            message=(
                f"{name} is gone since modal {removed}: the line raises an AttributeError"
                if gone
                else f"{name} is deprecated since modal {entry.deprecated_in} and gone in {removed}"
            ),
            source=fact,
            fix=Fix(f"Write {text}", (Edit(span, text),), Safety.SAFE) if text else None,
            advice='Write the type and the count as a string: gpu="H100:8".',
            severity=None if gone else Severity.WARNING,
        )


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _as_text(script: Script, node: ast.expr, name: str, scope: Scope) -> str | None:
    """The string's source; None where it cannot be told."""
    base = _NAMES.get(name, name.replace("_", "-"))
    if not base or not isinstance(node, ast.Call):
        return None
    count, keywords = "", {keyword.arg: keyword.value for keyword in node.keywords}
    if node.args or not set(keywords) <= {"count", "size", "memory"}:
        return None
    size = keywords.get("size", keywords.get("memory"))
    if size is not None:
        value = script.evaluate(size, scope)
        if not isinstance(value, Known):
            return None
        base += f"-{str(value.value).upper().removesuffix('GB')}GB"
    if "count" in keywords:
        given = keywords["count"]
        if isinstance(given, ast.Constant):
            count = f":{given.value!r}" if given.value != 1 else ""
        else:
            source = script.source.slice(script.source.span_of(given))
            return f'f"{base}:{{{source}}}"' if '"' not in source and "\n" not in source else None
    return f'"{base}{count}"'
