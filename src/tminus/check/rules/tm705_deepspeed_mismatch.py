"""TM705: a configuration of DeepSpeed that contradicts the Trainer's arguments."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Fact, Facts
from tminus.script import Known, Script, Value
from tminus.script.deepspeed import DeepSpeedUse, deepspeed_uses
from tminus.script.trainer_configs import number

# Key of DeepSpeed <-> argument of the Trainer that it has to equal, and the argument's default: what
# HfTrainerDeepSpeedConfig compares (transformers/integrations/deepspeed.py). None where releases differ.
_SAME: tuple[tuple[str, str, float | None], ...] = (
    ("train_micro_batch_size_per_gpu", "per_device_train_batch_size", 8),
    ("gradient_accumulation_steps", "gradient_accumulation_steps", 1),
    ("gradient_clipping", "max_grad_norm", 1.0),
    ("optimizer.params.lr", "learning_rate", 5e-5),
    ("optimizer.params.eps", "adam_epsilon", 1e-8),
    ("optimizer.params.weight_decay", "weight_decay", 0.0),
    ("scheduler.params.warmup_max_lr", "learning_rate", 5e-5),
    ("bf16.enabled", "bf16", None),
    ("fp16.enabled", "fp16", None),
)
_BATCH = frozenset({"train_micro_batch_size_per_gpu", "train_batch_size"})


@rule("TM705", "deepspeed-mismatch", Severity.ERROR)
def deepspeed_mismatch(script: Script, facts: Facts) -> Iterator[Report]:
    """Let DeepSpeed take the Trainer's values.

    ## What it does
    Compares a configuration of DeepSpeed (a dict, or a JSON file that the script writes, brings along or has
    beside it) with the arguments of the Trainer that gets it: batch sizes, accumulation, learning rate,
    weight decay, gradient clipping and precision. Also finds ZeRO stage 3 together with a `device_map`.
    Values that are `"auto"` or cannot be read are left out.

    ## Why is this bad?
    The Trainer refuses the configuration with a `ValueError`, after the model has been downloaded and loaded
    on every rank.

    ## Example
    ```python
    arguments = TrainingArguments(
        "out",
        per_device_train_batch_size=4,
        deepspeed={"zero_optimization": {"stage": 2}, "train_micro_batch_size_per_gpu": 8},
    )
    ```

    ## Use instead
    ```python
    arguments = TrainingArguments(
        "out",
        per_device_train_batch_size=4,
        deepspeed={"zero_optimization": {"stage": 2}, "train_micro_batch_size_per_gpu": "auto"},
    )
    ```

    ## Fix safety
    No fix: which of the two values is meant is not in the script.

    ## Limit and source
    - `deepspeed.values_match`
    - `deepspeed.zero3_device_map`

    A warning where the file is only taken to be the one that the container has.
    """
    for use in deepspeed_uses(script):
        for key, argument, default in _SAME:
            yield from _compared(use, key, argument, default, facts["deepspeed.values_match"])
        yield from _batch(use, facts["deepspeed.values_match"])
        yield from _device_map(script, use, facts["deepspeed.zero3_device_map"])


def _compared(
    use: DeepSpeedUse, key: str, argument: str, default: float | None, fact: Fact
) -> Iterator[Report]:
    set_there = use.config.get(key)
    here, whence = _argument(use, argument, default)
    if not _is_plain(set_there) or here is None or _finds_batch(use, key):
        return
    assert isinstance(set_there, Known)
    if set_there.value != here:
        yield Report(
            span=set_there.span,
            message=(
                f"{key} is {_shown(set_there.value)}, and {argument} is {_shown(here)}{whence}: the Trainer "
                "refuses values that differ"
            ),
            source=fact,
            advice=f'Set {key} to "auto".',
            severity=None if set_there.assumed is None else Severity.WARNING,
        )


def _batch(use: DeepSpeedUse, fact: Fact) -> Iterator[Report]:
    whole = use.config.get("train_batch_size")
    micro, _ = _argument(use, "per_device_train_batch_size", 8)
    accumulation, _ = _argument(use, "gradient_accumulation_steps", 1)
    if not _is_plain(whole) or _finds_batch(use, "train_batch_size"):
        return
    assert isinstance(whole, Known)
    if not isinstance(micro, int) or not isinstance(accumulation, int) or not isinstance(whole.value, int):
        return
    if micro * accumulation and whole.value % (micro * accumulation):
        yield Report(
            span=whole.span,
            message=(
                f"train_batch_size is {whole.value}, which no number of GPUs gives: a step has {micro} rows "
                f"× {accumulation} for each of them"
            ),
            source=fact,
            advice='Set train_batch_size to "auto".',
            severity=None if whole.assumed is None else Severity.WARNING,
        )


def _device_map(script: Script, use: DeepSpeedUse, fact: Fact) -> Iterator[Report]:
    stage = use.config.get("zero_optimization.stage")
    if use.call is None or use.call.configured or not isinstance(stage, Known) or stage.value != 3:
        return
    for call in script.library_calls:
        given = call.made.kwargs.get("device_map")
        # Loaded before the arguments are made, a model does not know of the stage yet.
        if (
            call.made.name.endswith(".from_pretrained")
            and isinstance(given, Known)
            and given.value is not None
            and call.scope is use.call.scope
            and call.span > use.call.span
        ):
            yield Report(
                span=given.span,
                message="a device_map with ZeRO stage 3 is a ValueError: DeepSpeed places the weights itself",
                source=fact,
                advice="Leave device_map out.",
            )


def _argument(use: DeepSpeedUse, name: str, default: float | None) -> tuple[object, str]:
    """What the Trainer is given, or takes by itself, with words that say so; None where it is not known."""
    given = use.arguments.get(name)
    if given is None:
        return (default, ", its default") if use.whole and default is not None else (None, "")
    if not isinstance(given, Known) or given.assumed is not None or given.others:
        return None, ""
    # On a command line, and in YAML, `2e-5` is a text.
    read = number(given) if isinstance(given.value, str) else given
    return (read.value, "") if isinstance(read, Known) else (None, "")


def _is_plain(value: Value | None) -> bool:
    """Whether a value is a number or a flag, and no "auto"."""
    return isinstance(value, Known) and isinstance(value.value, bool | int | float)


def _finds_batch(use: DeepSpeedUse, key: str) -> bool:
    """Whether the Trainer looks for a batch size by itself: then those of the configuration do not matter."""
    return key in _BATCH and "auto_find_batch_size" in use.arguments


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
