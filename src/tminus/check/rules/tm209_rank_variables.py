"""TM209: a process group without a launcher, or with rank variables set by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.environment import required_variable
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import words_of
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Known, ModalFunction, Reach, Script

_RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_LAUNCHES = pattern(
    r"(?i)spawn|torchrun|elastic|launch|multiprocess|\bprocess\b|\bray\b|popen|subprocess|os\.exec|mpi|file://|tcp://"
)


@rule("TM209", "rank-variables-without-launcher", Severity.WARNING)
def rank_variables_without_launcher(script: Script, facts: Facts) -> Iterator[Report]:
    """Let a launcher set the rank variables.

    ## What it does
    Finds `init_process_group` and reads of `RANK`, `WORLD_SIZE` and their like in a Modal function that no
    launcher runs, and a `WORLD_SIZE` that is set by hand for more processes than are started.

    ## Why is this bad?
    The platform sets none of these variables, in a cluster neither. `init_process_group` then fails with
    "environment variable RANK expected"; with a `WORLD_SIZE` above the number of processes it waits until the
    timeout for ranks that never come, with all GPUs paid for.

    ## Example
    ```python
    @app.function(gpu="H100:8", timeout=3600)
    def train():
        dist.init_process_group("nccl")
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8", timeout=3600)
    def train():
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Fix safety
    No fix: the training has to move to what the launcher starts.

    ## Limit and source
    - `cluster.rank_variables_set`
    """
    fact = facts["cluster.rank_variables_set"]
    for function in script.functions:
        reach = script.reachable(function)
        if not function.here or reach.commands or reach.outside:
            continue
        text = "\n".join(words_of(script, reach.placed))
        if _LAUNCHES.search(text):
            continue
        written = _written(script, reach)
        world = written.get("WORLD_SIZE")
        for one in reach.placed:
            node = one.node
            if _starts_group(script, node) and not written and not _given(function):
                yield Report(
                    span=script.source.span_of(node),
                    message=(
                        f"{function.name}() starts a process group, and nothing sets RANK, WORLD_SIZE and "
                        "MASTER_ADDR: it fails at once"
                    ),
                    source=fact,
                    advice="Start the ranks with torchrun; it sets them.",
                )
            elif _starts_group(script, node) and isinstance(world, int) and world > 1 and function.nodes == 1:
                yield Report(
                    span=script.source.span_of(node),
                    message=(
                        f"WORLD_SIZE is set to {world} by hand in {function.name}(), which is one process: "
                        "the process group waits for ranks that nobody starts"
                    ),
                    source=fact,
                    advice="Start the ranks with torchrun; it sets the variables.",
                )
            elif (name := _read(script, node)) and name not in written and not _given(function):
                yield Report(
                    span=script.source.span_of(node),
                    message=f"{function.name}() reads {name}, which nothing sets there: a KeyError",
                    source=fact,
                    advice="Start the ranks with torchrun; it sets them.",
                )


def _starts_group(script: Script, node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = script.evaluator.dotted_name(node.func) or ""
    given = {keyword.arg for keyword in node.keywords}
    return name.endswith("distributed.init_process_group") and not given & {
        "init_method",
        "store",
        "rank",
        None,
    }


def _read(script: Script, node: ast.AST) -> str | None:
    name = required_variable(script, node)
    return name if name in _RANKS else None


def _written(script: Script, reach: Reach) -> dict[str, object]:
    """Rank variables that the function itself sets, with their values as numbers where they can be read."""
    found: dict[str, object] = {}
    for one in reach.placed:
        match one.node:
            case ast.Assign(
                targets=[ast.Subscript(value=owner, slice=ast.Constant(value=str(name)))], value=value
            ):
                if script.evaluator.dotted_name(owner) == "os.environ" and name in _RANKS:
                    read = script.evaluate(value, one.scope)
                    number = str(read.value) if isinstance(read, Known) else ""
                    found[name] = int(number) if number.isdigit() else None
            case ast.Call(func=ast.Attribute(value=owner, attr="update" | "setdefault" | "putenv")):
                if script.evaluator.dotted_name(owner) in ("os.environ", "os"):
                    found["*"] = None
    return found


def _given(function: ModalFunction) -> bool:
    """Whether the image, a secret or env= can set variables that are not in sight here."""
    return function.may_have("env") or any(
        name in str(value) for value in function.arguments.values() for name in ("MASTER_ADDR", "WORLD_SIZE")
    )
