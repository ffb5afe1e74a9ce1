"""TM702: steps or an interval computed without epochs or for another number of GPUs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tminus.check.arithmetic import GPU_COUNT, STEPS, Term, assignments, terms
from tminus.check.containers import allocations, possible_counts
from tminus.check.finding import Severity
from tminus.check.parallel import every_request_read, fits, runs_several
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Known, Script, TrainingSettings, Value
from tminus.script.scopes import Scope

# A number of steps by its name; one of a validation, a warm-up or an interval says nothing of the epochs.
_ALL_STEPS = pattern(
    r"(?i)^_*(total|max|num|n|train|training|optimizer|num_train\w*|total_train\w*)?_?steps$"
)
_EPOCHS = pattern(r"(?i)epoch")
_BATCH = pattern(r"(?i)batch")


@rule("TM702", "steps-arithmetic", Severity.WARNING)
def steps_arithmetic(script: Script, facts: Facts) -> Iterator[Report]:
    """Count optimizer steps with the epochs and with the GPUs that really train.

    ## What it does
    Finds a number of steps, or an interval, that is a number of rows divided by a batch, where the script
    trains for several epochs that the product leaves out, or where the batch is multiplied by a number of
    GPUs that no container of the script can have.

    ## Why is this bad?
    A save interval derived from it fires more or less often than meant: too few checkpoints lose work,
    too many cost time.

    ## Example
    ```python
    ROWS, MICRO_BATCH, ACCUMULATION, NUM_GPUS = 52_000, 4, 5, 10
    TOTAL_STEPS = ROWS // (MICRO_BATCH * ACCUMULATION * NUM_GPUS)

    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        SFTConfig(num_train_epochs=3, save_steps=TOTAL_STEPS // 10)
    ```

    ## Use instead
    ```python
    ROWS, MICRO_BATCH, ACCUMULATION, NUM_GPUS, EPOCHS = 52_000, 4, 5, 8, 3
    TOTAL_STEPS = EPOCHS * ROWS // (MICRO_BATCH * ACCUMULATION * NUM_GPUS)

    @app.function(gpu=f"H100:{NUM_GPUS}", timeout=6 * 3600)
    def train():
        SFTConfig(num_train_epochs=EPOCHS, save_steps=TOTAL_STEPS // 10)
    ```

    ## Fix safety
    No fix: which of the figures is meant is the author's decision.

    ## Limit and source
    - `gpu.<type>.max_per_container`: The GPUs that there can be.
    """
    if not script.functions:
        return
    allocated = allocations(script, facts)
    counts = possible_counts(allocated)
    known = every_request_read(script)
    several = runs_several(script)
    for name, node, scope in assignments(script):
        if not STEPS.search(name) or not _divides_by_a_batch(node, scope):
            continue
        epochs = _epochs(script, node)
        used = list(terms(node, scope))
        problems, factor, limit = [], 1.0, None
        if epochs > 1 and _leaves_epochs_out(script, name, used):
            problems.append(f"leaves out the {epochs:g} epochs")
            factor *= epochs
        wrong = _wrong_world_size(script, used, counts, several) if known else None
        if wrong is not None:
            possible = " or ".join(str(count) for count in sorted(counts))
            problems.append(f"divides by {wrong.count} GPUs ({wrong.name}) where there can be {possible}")
            factor *= wrong.count / min(counts)
            limit = allocated[0].gpu.max_per_container
        if problems:
            consequence = _consequence(script.evaluate(node, scope), factor)
            yield Report(
                span=script.source.span_of(node),
                message=f"{name} {' and '.join(problems)}{consequence}",
                source=limit,
                advice="Multiply by the epochs; divide by micro-batch × accumulation × the GPUs that train.",
            )


def _divides_by_a_batch(node: ast.expr, scope: Scope) -> bool:
    """Whether the expression itself divides by a batch; one that only names such a result does not."""
    return any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Div | ast.FloorDiv)
        and any(term.name and _BATCH.search(term.name) for term in terms(part.right, scope))
        for part in ast.walk(node)
    )


def _epochs(script: Script, node: ast.expr) -> float:
    """Epochs of the trainings that an expression is for; 1 where they differ, or where steps are given.

    An expression in a function is for the trainings of the functions that run it, one of the module for all.
    """
    functions = [one for one in script.functions if any(part is node for part in script.reachable(one).nodes)]
    trainings = [training for one in functions or script.functions for training in script.trainings(one)]
    found = {_epochs_of(training) for training in trainings if training} or {_epochs_of(script.training)}
    return found.pop() if len(found) == 1 else 1


def _epochs_of(training: TrainingSettings) -> float:
    given = training.get("epochs")
    if training.get("max_steps") is not None or not isinstance(given, Known) or given.assumed:
        return 1
    return float(given.value) if isinstance(given.value, int | float) else 1


def _leaves_epochs_out(script: Script, name: str, used: list[Term]) -> bool:
    if not _ALL_STEPS.match(name) or any(term.name and _EPOCHS.search(term.name) for term in used):
        return False
    return not any(_multiplies_by_epochs(node, name) for node, _ in script.expressions())


def _multiplies_by_epochs(node: ast.expr, name: str) -> bool:
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
        return False
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    names |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    # A setting of a dictionary is named by its key.
    keys = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
    return name in names and any(_EPOCHS.search(one) for one in {*names, *map(str, keys)})


@dataclass(frozen=True, slots=True)
class _WorldSize:
    name: str
    count: int


def _wrong_world_size(script: Script, used: list[Term], counts: set[int], several: bool) -> _WorldSize | None:
    for term in used:
        if not (counts and term.name and term.divides and GPU_COUNT.search(term.name)):
            continue
        value = script.evaluate(term.node, term.scope)
        if not isinstance(value, Known) or type(value.value) is not int or value.assumed or value.others:
            continue
        if value.value > 1 and not fits(value.value, counts, several):
            return _WorldSize(term.name, value.value)
    return None


def _consequence(value: Value, factor: float) -> str:
    if isinstance(value, Known) and isinstance(value.value, int | float):
        return f": {value.value:g}, where it should be about {value.value * factor:.0f}"
    return ""
