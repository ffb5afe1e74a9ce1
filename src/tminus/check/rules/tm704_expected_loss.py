"""TM704: checkpoints so far apart that an interruption costs a large part of the training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.steps import ARGUMENTS, number, optimizer_steps
from tminus.facts import Facts
from tminus.script import Known, ModalFunction, Script, Span
from tminus.script.training import LibraryCall

_DEFAULT_SAVE_STEPS = 500

# What an interruption may cost, as a share of the whole training: from here on it is said, and warned of.
_SAID, _WARNED = 0.10, 0.25
# A shorter run is started again.
_SHORT_S = 3600
# What is lost of a shorter one is a few hours at most: information.
_WORTH_S = 6 * 3600


@rule("TM704", "expected-loss", Severity.WARNING)
def expected_loss(script: Script, facts: Facts) -> Iterator[Report]:
    """Save so often that an interruption costs little.

    ## What it does
    Divides the save interval of a training that may take more than an hour by all of its steps, where both
    can be read: `save_steps` by `max_steps` or by rows, epochs and batch, or one by the epochs with
    `save_strategy="epoch"`. An interruption loses half an interval on average. More than a tenth of the
    training is said, a quarter and more is warned of.

    ## Why is this bad?
    Functions with GPUs are always preemptible, and start again with what was saved: the lost steps are paid
    twice.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/run", max_steps=800, save_steps=400)
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/run", max_steps=800, save_steps=40, save_total_limit=3)
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Fix safety
    No fix: what a checkpoint costs is not in the script. `tminus plan` weighs it against the loss.

    ## Limit and source
    - `function.preemption_same_input`
    """
    told: set[Span] = set()
    for function in script.functions:
        if (
            not function.gpu_choices()
            or not _takes(function, _SHORT_S)
            or not script.trains_for_real(function)
        ):
            continue
        for call in script.reachable(function).calls:
            if call.made.name not in ARGUMENTS or "**" in call.made.kwargs:
                continue
            interval = _interval(script, facts, function, call)
            if interval is None or interval.share / 2 <= _SAID or interval.span in told:
                continue
            told.add(interval.span)
            loss = min(interval.share, 1.0) / 2
            yield Report(
                span=interval.span,
                message=(
                    f"{function.name}() saves {interval.words}: an interruption loses {loss:.0%} of the "
                    f"training on average, and up to {2 * loss:.0%}"
                ),
                source=facts["function.preemption_same_input"],
                advice="Save about twenty times, and keep the last few: save_steps=, save_total_limit=3.",
                severity=None if loss >= _WARNED and _takes(function, _WORTH_S) else Severity.INFO,
            )


class _Interval(NamedTuple):
    """A save interval: its share of the training, in words, and where it is given."""

    share: float
    words: str
    span: Span


def _takes(function: ModalFunction, seconds: float) -> bool:
    """Whether every timeout that a function may have is longer than that."""
    timeouts = [one.value.value for one in function.possible("timeout")]
    return bool(timeouts) and all(isinstance(one, int | float) and one > seconds for one in timeouts)


def _interval(script: Script, facts: Facts, function: ModalFunction, call: LibraryCall) -> _Interval | None:
    given = call.made.kwargs
    strategy = given.get("save_strategy")
    if strategy is not None and not isinstance(strategy, Known):
        return None
    kind = strategy.value if isinstance(strategy, Known) else "steps"
    if kind == "epoch":
        epochs = number(call, "num_train_epochs")
        # With a number of steps, the epochs are not what it trains.
        if not epochs or "max_steps" in given or strategy is None:
            return None
        return _Interval(1 / epochs, f"once an epoch, {epochs:g} in all", strategy.span)
    every = number(call, "save_steps") if "save_steps" in given else _DEFAULT_SAVE_STEPS
    if kind != "steps" or not every:
        return None
    span = given["save_steps"].span if "save_steps" in given else call.span
    if every < 1:
        return _Interval(every, f"every {every:.0%} of the steps", span)
    total = number(call, "max_steps")
    if "max_steps" not in given:
        steps = optimizer_steps(script, facts, function, call)
        total = steps.count if steps is not None else None
    # An interval that never comes is TM405's.
    if not total or total < 0 or every > total:
        return None
    return _Interval(every / total, f"every {every:g} of {total:.0f} steps", span)
