"""TM310: sys.exit inside a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Known, Script

_EXITS = frozenset({"sys.exit", "exit", "quit", "os._exit"})


@rule("TM310", "exit-in-function", Severity.WARNING)
def exit_in_function(script: Script, facts: Facts) -> Iterator[Report]:
    """Return, or raise an error that says what is wrong.

    ## What it does
    Finds `sys.exit`, `exit`, `quit`, `os._exit` and `raise SystemExit` in what a Modal function runs.

    ## Why is this bad?
    The client sends `SystemExit` to the caller as the failure of the call, whatever its code: after
    `sys.exit(0)` a successful training counts as failed and is retried, and the caller's own process ends
    where it waits for the result. `os._exit` ends the container without an answer.

    ## Example
    ```python
    @app.function(gpu="H100")
    def train():
        code = subprocess.call(["torchrun", "train.py"])
        sys.exit(code)
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100")
    def train():
        subprocess.run(["torchrun", "train.py"], check=True)
    ```

    ## Fix safety
    No fix: whether the end is a success is not always in sight.

    ## Limit and source
    - `function.exit_is_failure`
    """
    seen: set[int] = set()
    for function in script.functions:
        for one in script.reachable(function).placed:
            found = _exit(script, one.node)
            if found is None or id(found[0]) in seen or one.within is None:
                continue
            node, name = found
            if one.within.name == "main" and one.within is not function.node:
                continue
            seen.add(id(node))
            yield Report(
                span=script.source.span_of(node),
                message=f"{name}() in {function.name}(): {_consequence(script, node, name)}",
                source=facts["function.exit_is_failure"],
                advice="Return where it is a success; raise an error with a message where it is not.",
            )


def _exit(script: Script, node: ast.AST) -> tuple[ast.Call, str] | None:
    """The call that ends the process, and how a message names it."""
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id="SystemExit")) as call):
            return call, "SystemExit"
        case ast.Call(func=callee):
            name = script.evaluator.dotted_name(callee)
            if name in _EXITS and not (name in ("exit", "quit") and script.module.lookup(name)):
                return node, name or ""
    return None


def _consequence(script: Script, node: ast.Call, name: str) -> str:
    if name == "os._exit":
        return "the container ends without an answer, as if it had crashed"
    code = script.evaluate(node.args[0]) if node.args else None
    if code is None or (isinstance(code, Known) and code.value in (0, None)):
        return "the call counts as failed although its code says success"
    return "the caller gets a SystemExit instead of an error that says what is wrong"
