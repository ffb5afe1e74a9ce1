"""TM308: a failed training that looks like a success."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import Run, training_runs
from tminus.check.telling import only_tells, only_told
from tminus.facts import Facts
from tminus.script import Program, Script, Started
from tminus.script.reach import starts_training

_CATCH_ALL = ("Exception", "BaseException", "RuntimeError", "subprocess.CalledProcessError")


@rule("TM308", "failure-swallowed", Severity.WARNING)
def failure_swallowed(script: Script, facts: Facts) -> Iterator[Report]:
    """Let a failed training fail.

    ## What it does
    Finds training commands whose exit code nobody looks at (`subprocess.run` without `check=True`,
    `os.system`, `| tee` without `pipefail`, `|| true`), and training in a `try` whose handler only prints.

    ## Why is this bad?
    The function returns as if all were well: the run looks successful, retries never start, and what follows
    works with a model that was not trained.

    ## Example
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"])
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Fix safety
    No fix: what has to happen after a failure is the script's decision.

    ## Limit and source
    - `function.retries_max`: A retry follows an exception.
    """
    seen: set[int] = set()
    fact = facts["function.retries_max"]
    for run in training_runs(script, trials=True):
        for command in run.reach.commands:
            trains = command is run.training.command or any(starts_training(command))
            why = _lost(script, command) if trains else None
            # A helper that starts several is mended once.
            if why is not None and id(command.starter) not in seen:
                seen.add(id(command.starter))
                yield Report(
                    span=command.span,
                    message=f"{why}: a failed training in {run.function.name}() looks like a success",
                    source=fact,
                    advice="Use check=True, or raise where the exit code is not 0.",
                )
        for handler, given_back in _dropped(run):
            if id(handler) not in seen:
                seen.add(id(handler))
                what = "given back as a value" if given_back else "dropped here"
                yield Report(
                    span=script.source.span_of(handler.type or handler),
                    message=(
                        f"the exception of a failed training in {run.function.name}() is {what}: the "
                        "run looks like a success"
                    ),
                    source=fact,
                    advice="Raise again after what the handler does.",
                    # The caller may look at the value; retries do not.
                    severity=Severity.INFO if given_back and run.function.retries == 0 else None,
                )


def _lost(script: Script, command: Started) -> str | None:
    """How the exit code of a training command is lost; None if it is looked at, or if that is unclear."""
    if command.outcome.checked is False:
        return f"nobody looks at the exit code of {command.callee}"
    if command.outcome.checked and only_told(command.starter, script.parents):
        return f"the exit code of {command.callee} is only printed"
    text = " ".join(word for program in command.programs for word in program.words)
    for program in command.programs:
        if not _trains(program):
            continue
        if program.ignored:
            return "`|| true` hides the exit code"
        if program.piped and "pipefail" not in text:
            return "the exit code is that of the last program of the pipe, which has no `set -o pipefail`"
    return None


def _trains(program: Program) -> bool:
    return any("train" in word.lower() for word in program.words) or program.name in (
        "torchrun",
        "accelerate",
    )


def _dropped(run: Run) -> Iterator[tuple[ast.ExceptHandler, bool]]:
    """Handlers that end a failed training well, and whether they give the caller a value."""
    training = {
        id(command.node)
        for command in run.reach.commands
        if command is run.training.command or any(starts_training(command))
    }
    for one in run.reach.placed:
        if not isinstance(one.node, ast.Try):
            continue
        tried = [inner for statement in one.node.body for inner in ast.walk(statement)]
        if not any(
            id(inner) in training or _is_training_call(inner) or _is_elsewhere(run, inner) for inner in tried
        ):
            continue
        for handler in one.node.handlers:
            if not _catches_all(run.script, handler):
                continue
            if all(map(only_tells, handler.body)):
                yield handler, False
            elif isinstance(handler.body[-1], ast.Return) and not _raises(handler):
                yield handler, True


def _is_elsewhere(run: Run, node: ast.AST) -> bool:
    """Whether a node is the call of another file's training."""
    return (
        run.training.kind == "elsewhere"
        and isinstance(node, ast.Call)
        and run.script.source.span_of(node) == run.training.span
    )


def _raises(node: ast.AST) -> bool:
    return any(
        isinstance(inner, ast.Raise)
        or (isinstance(inner, ast.Attribute) and inner.attr in ("exit", "_exit", "check_returncode"))
        for inner in ast.walk(node)
    )


def _is_training_call(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="train")):
            return "trainer" in name.lower()
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr="fit" | "learn")):
            return True
    return False


def _catches_all(script: Script, handler: ast.ExceptHandler) -> bool:
    return handler.type is None or script.evaluator.dotted_name(handler.type) in _CATCH_ALL
