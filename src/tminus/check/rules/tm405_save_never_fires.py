"""TM405: a save interval longer than the training."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.steps import ARGUMENTS, Steps, number, optimizer_steps
from tminus.facts import Facts
from tminus.script import Known, Program, Script, Span, Value
from tminus.script.scopes import Scope
from tminus.script.training import LibraryCall

_SAVE = frozenset(
    {
        "save_steps", "save_every", "save_interval", "checkpointing_steps", "checkpoint_every",
        "ckpt_interval", "checkpoint_interval", "save_freq", "save_every_n_steps", "ckpt_every", "save_iters",
    }
)  # fmt: skip
_LAST = frozenset(
    {
        "max_steps", "max_train_steps", "num_steps", "total_steps", "max_iters", "train_iters",
        "num_iterations", "train_steps",
        "num_train_steps", "n_steps", "max_iterations", "iterations", "num_training_steps",
    }
)  # fmt: skip


@rule("TM405", "save-never-fires", Severity.WARNING)
def save_never_fires(script: Script, facts: Facts) -> Iterator[Report]:
    """Save more often than once a training.

    ## What it does
    Compares the save interval with the number of steps where both stand together: in one call, in one
    configuration class or file, among the constants of the module, or in one command. Where a trainer is
    given epochs, the steps are computed from the rows of a known data set or of a slice such as
    `train[:1000]`, the batch, the accumulation and the GPUs.

    ## Why is this bad?
    The first checkpoint would come after the last step. An interruption loses everything up to it; trainers
    without a save at the end leave nothing at all.

    ## Example
    ```python
    SFTConfig(output_dir="/data/run", max_steps=600, save_steps=1000)
    ```

    ## Use instead
    ```python
    SFTConfig(output_dir="/data/run", max_steps=600, save_steps=60)
    ```

    ## Fix safety
    No fix: how often to save depends on how long a step takes.

    ## Limit and source
    - `function.preemption_same_input`
    """
    seen: set[Span] = set()
    for place, values in _groups(script):
        saves = [(name, value) for name, value in values.items() if name in _SAVE]
        lasts = [(name, value) for name, value in values.items() if name in _LAST]
        if len(saves) != 1 or len(lasts) != 1:
            continue
        (save_name, (save, save_span)), (last_name, (last, _)) = saves[0], lasts[0]
        span = save_span or place
        if not (0 < last < save) or span in seen:
            continue
        seen.add(span)
        yield Report(
            span=span,
            message=(
                f"{save_name} is {save:g} and {last_name} {last:g}: no checkpoint is saved before the "
                "last step"
            ),
            source=facts["function.preemption_same_input"],
            advice=f"Save about ten times a training: {save_name}={max(1, int(last) // 10)}.",
        )
    for call, every, steps in _computed(script, facts):
        span = call.made.kwargs["save_steps"].span
        if every > steps.count and span not in seen:
            seen.add(span)
            yield Report(
                span=span,
                message=(
                    f"save_steps is {every:g} and the training has about {steps.count} steps ({steps.of}): "
                    "no checkpoint is saved before the last step"
                ),
                source=facts["function.preemption_same_input"],
                advice=f"Save about ten times a training: save_steps={max(1, steps.count // 10)}.",
            )


def _computed(script: Script, facts: Facts) -> Iterator[tuple[LibraryCall, float, Steps]]:
    """Trainer settings with a save interval in steps and a training in epochs, and its steps."""
    for function in script.functions:
        for call in script.reachable(function).calls:
            given = call.made.kwargs
            if call.made.name not in ARGUMENTS or "save_steps" not in given or "max_steps" in given:
                continue
            strategy = given.get("save_strategy")
            if "**" in given or (strategy is not None and _plain(strategy) != "steps"):
                continue
            every, steps = number(call, "save_steps"), optimizer_steps(script, facts, function, call)
            if every is not None and every >= 1 and steps is not None:
                yield call, every, steps


def _plain(value: Value) -> object:
    return value.value if isinstance(value, Known) else None


Values = dict[str, tuple[float, Span | None]]


def _groups(script: Script) -> Iterator[tuple[Span, Values]]:
    """Settings that stand together, by lower-case name."""
    for one in script.placed:
        if isinstance(one.node, ast.Call) and len(one.node.keywords) > 1:
            given = [(keyword.arg or "", keyword.value) for keyword in one.node.keywords]
            if any(name in _SAVE for name, _ in given):
                yield script.source.span_of(one.node), _numbers(script, given, one.scope)
        elif isinstance(one.node, ast.ClassDef):
            fields = [
                (statement.target.id, statement.value)
                for statement in one.node.body
                if isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and statement.value is not None
            ]
            yield script.source.span_of(one.node), _numbers(script, fields, one.scope)
    module = [
        (name, assigned[0])
        for name, assigned in script.module.assigned.items()
        if len(assigned) == 1 and assigned[0] is not None
    ]
    if script.functions and script.tree.body:
        yield script.source.span_of(script.tree.body[0]), _numbers(script, module, script.module)
    for command in script.commands:
        for program in command.programs:
            yield command.span, _options(program)
    for configuration in script.configurations:
        for call in configuration.calls:
            yield call.span, _read(call.made.kwargs)


def _numbers(script: Script, given: list[tuple[str, ast.expr]], scope: Scope) -> Values:
    return _read(
        {
            name: script.evaluate(expression, scope)
            for name, expression in given
            if name.lower() in _SAVE | _LAST
        }
    )


def _read(given: Mapping[str, Value]) -> Values:
    """Those settings that are certain numbers."""
    return {
        name.lower(): (value.value, value.span)
        for name, value in given.items()
        if name.lower() in _SAVE | _LAST
        and isinstance(value, Known)
        and isinstance(value.value, int | float)
        and not isinstance(value.value, bool)
        and value.assumed is None
        and not value.others
    }


def _options(program: Program) -> Values:
    values: Values = {}
    for index, word in enumerate(program.words):
        key, equals, given = word.partition("=")
        name = key.lstrip("-").replace("-", "_").lower().rpartition(".")[2]
        if name in _SAVE | _LAST and (key.startswith("-") or equals):
            text = given if equals else next(iter(program.words[index + 1 : index + 2]), "")
            if text.isdigit():
                values[name] = (int(text), None)
    return values
