"""TM307: a run that ends with the client."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import ModalFunction, Script
from tminus.script.scopes import FunctionNode, Scope
from tminus.script.walk import Placed

_LONG_S = 3600
_WAITS = frozenset({"get", "gather", "get_gather", "from_id", "poll"})


@rule("TM307", "run-not-detached", Severity.WARNING)
def run_not_detached(script: Script, facts: Facts) -> Iterator[Report]:
    """Detach a run that is not waited for.

    ## What it does
    Finds `.spawn()` of a training, or of any function that may run for hours, in a local entrypoint, or in
    `with app.run():` without `detach=True`, whose result is not waited for. A script whose text speaks of
    `--detach` or of `modal deploy` is left alone.

    ## Why is this bad?
    An app that runs under `modal run` or `app.run()` ends with its client, and its functions with it. `spawn`
    returns at once, the client goes on to its end, and the training is stopped seconds after it began.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=6 * 3600)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()

    with app.run():
        train.spawn()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=6 * 3600)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()

    with app.run(detach=True):
        train.spawn()
    ```

    ## Fix safety
    No fix: to wait for the result with `.get()` can be what is meant.

    ## Limit and source
    - `app.stops_with_client`
    """
    if "detach" in script.source.text or "modal deploy" in script.source.text:
        return
    for one in script.placed:
        match one.node:
            case ast.Call(func=ast.Attribute(value=callee, attr="spawn")):
                name = _training_in(script, callee, one.scope)
                where = _client(script, one) if name is not None else None
                if where is not None:
                    yield Report(
                        span=script.source.span_of(one.node),
                        message=(
                            f"{name}.spawn() is not waited for, and {where} ends the app when it returns: "
                            "what it started is stopped with it"
                        ),
                        source=facts["app.stops_with_client"],
                        advice=(
                            "Run it with `modal run --detach` or app.run(detach=True), or wait with .get(); "
                            "a deployed app needs neither."
                        ),
                    )


def _training_in(script: Script, callee: ast.expr, scope: Scope) -> str | None:
    """The training or long function, or the method, that an expression stands for, as a message names it."""
    match callee:
        case ast.Name(id=name):
            lasting = {one.name for one in script.functions if script.trains(one) or _is_long(one)}
            return name if _stands_for(name, scope, lasting) else None
        case ast.Attribute(value=instance, attr=method):
            made = _class_of(instance, scope)
            for function in script.functions:
                if function.kind == "cls" and function.name == made and script.trains(function, method):
                    return f"{made}().{method}"
    return None


def _is_long(function: ModalFunction) -> bool:
    """Whether a function is given hours, whatever its name: it is not meant to end with a script."""
    timeouts = [one.value.value for one in function.possible("timeout")]
    return bool(timeouts) and all(isinstance(one, int | float) and one > _LONG_S for one in timeouts)


def _class_of(instance: ast.expr, scope: Scope) -> str | None:
    """The class of an instance, as in ``Model(size=8)`` and ``Model.with_options(gpu="H100")()``."""
    if isinstance(instance, ast.Name):
        found = scope.lookup(instance.id)
        assigned = found[1] if found is not None else []
        return _class_of(assigned[0], found[0]) if found and len(assigned) == 1 and assigned[0] else None
    while isinstance(instance, ast.Call):
        instance = instance.func
        if isinstance(instance, ast.Attribute) and instance.attr == "with_options":
            instance = instance.value
        if isinstance(instance, ast.Name):
            return instance.id
    return None


def _stands_for(name: str, scope: Scope, training: set[str]) -> bool:
    """Whether a name is that of a training function, or of a variable that can be nothing else."""
    if name in training:
        return True
    found = scope.lookup(name)
    if found is None or not found[1]:
        return False
    return all(assigned is not None and _chooses(assigned, training) for assigned in found[1])


def _chooses(node: ast.expr, training: set[str]) -> bool:
    match node:
        case ast.Name(id=name):
            return name in training
        case ast.IfExp(body=body, orelse=orelse):
            return _chooses(body, training) and _chooses(orelse, training)
        case ast.Call(func=ast.Attribute(value=inner, attr="with_options")):
            return _chooses(inner, training)
        case ast.Subscript(value=ast.Dict(values=values)):
            return all(_chooses(value, training) for value in values)
    return False


def _client(script: Script, one: Placed) -> str | None:
    """What runs a call in the client and ends the app after it; None if that is not certain."""
    node: ast.AST | None = one.node
    entry = None
    while node is not None:
        if isinstance(node, ast.With):
            for item in node.items:
                match item.context_expr:
                    case ast.Call(func=ast.Attribute(attr="run"), keywords=[]):
                        entry = "app.run()"
        if isinstance(node, FunctionNode):
            if _waits(node):
                return None
            if entry is None and any(_is_entrypoint(decorator) for decorator in node.decorator_list):
                entry = "the local entrypoint"
            return entry
        node = script.parents.get(id(node))
    return None if _waits(script.tree) else entry


def _is_entrypoint(node: ast.expr) -> bool:
    inner = node.func if isinstance(node, ast.Call) else node
    return isinstance(inner, ast.Attribute) and inner.attr == "local_entrypoint"


def _waits(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Attribute) and inner.attr in _WAITS for inner in ast.walk(node))
