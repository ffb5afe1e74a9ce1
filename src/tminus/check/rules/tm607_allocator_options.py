"""TM607: allocator options that torch refuses, or that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tminus.check.environment import Setting, settings_of
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Fact, Facts
from tminus.script import Known, Script

_NAMES = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
_SWITCHES = frozenset(
    {
        "expandable_segments", "release_lock_on_cudamalloc", "pinned_use_cuda_host_register",
        "pinned_use_background_threads", "throw_on_cudamalloc_oom", "graph_capture_record_stream_reuse",
    }
)  # fmt: skip
_BACKENDS = frozenset({"native", "cudaMallocAsync"})

# Lines between two settings that are for the same process; further apart they may be for two functions.
_SAME_PLACE = 2


@rule("TM607", "allocator-options", Severity.ERROR)
def allocator_options(script: Script, facts: Facts) -> Iterator[Report]:
    """Give the CUDA allocator options that torch accepts.

    ## What it does
    Reads the value of `PYTORCH_ALLOC_CONF` and `PYTORCH_CUDA_ALLOC_CONF`, wherever the script sets them.

    ## Why is this bad?
    Torch parses the value when CUDA is first used and raises an error for what it cannot read: the job ends
    after the image is built, the GPUs are assigned and the model is downloaded. Options that contradict each
    other run, with one of them silently without effect.

    ## Example
    ```python
    image = modal.Image.debian_slim().env({"PYTORCH_ALLOC_CONF": "expandable_segments=True"})
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().env({"PYTORCH_ALLOC_CONF": "expandable_segments:True"})
    ```

    ## Fix safety
    No fix: what was meant is a guess.

    ## Limit and source
    - `torch.alloc_conf_options`
    - `torch.max_split_size_mb_min`
    """
    values: dict[str, tuple[str, Setting]] = {}
    for setting in settings_of(script, frozenset(_NAMES)):
        if not (isinstance(setting.value, Known) and isinstance(setting.value.value, str)):
            continue
        text = setting.value.value
        values.setdefault(setting.name, (text, setting))
        for severity, problem, fact in _problems(text, facts):
            yield Report(
                span=setting.value.span,
                message=f'{setting.name}="{text}": {problem}',
                source=fact,
                advice='The form is "option:value,option:value", such as "expandable_segments:True".',
                severity=severity,
            )
    if len(values) == 2 and len({text for text, _ in values.values()}) == 2:
        text, setting = values[_NAMES[0]]
        if abs(setting.span.line - values[_NAMES[1]][1].span.line) > _SAME_PLACE:
            return
        yield Report(
            span=setting.span,
            message=(
                f'{_NAMES[0]}="{text}" and {_NAMES[1]}="{values[_NAMES[1]][0]}" contradict each other: torch '
                "takes one of them"
            ),
            source=facts["torch.alloc_conf_options"],
            advice="Give both the same value, or set only the one that the pinned torch reads.",
            severity=Severity.WARNING,
        )


def _problems(text: str, facts: Facts) -> Iterator[tuple[Severity, str, Fact]]:
    options = facts["torch.alloc_conf_options"]
    given: dict[str, str] = {}
    for part in re.split(r",(?![^\[]*\])", text):
        if not part.strip():
            continue
        key, colon, value = (piece.strip() for piece in part.partition(":"))
        if not colon:
            what = '"=" where torch wants ":"' if "=" in part else "has no value"
            yield Severity.ERROR, f"{part.strip()!r} {what}; torch raises an error", options
            continue
        if key not in options.value:
            yield Severity.WARNING, f"{key!r} is no option that torch documents", options
        if key in given and given[key] != value:
            yield Severity.WARNING, f"{key} is given as {given[key]} and as {value}", options
        given[key] = value
        if key in _SWITCHES and value not in ("True", "False"):
            yield Severity.ERROR, f"{key} takes True or False; torch raises an error for {value!r}", options
        yield from _numbers(key, value, facts)
    backend = given.get("backend")
    if backend is not None and backend not in _BACKENDS:
        yield Severity.WARNING, f"{backend!r} is no allocator; there are {' and '.join(_BACKENDS)}", options
    if backend == "cudaMallocAsync" and given.get("expandable_segments") == "True":
        yield Severity.WARNING, "expandable_segments has no effect with backend:cudaMallocAsync", options


def _numbers(key: str, value: str, facts: Facts) -> Iterator[tuple[Severity, str, Fact]]:
    options, least = facts["torch.alloc_conf_options"], facts["torch.max_split_size_mb_min"]
    try:
        number = float(value)
    except ValueError:
        return
    if key == "max_split_size_mb" and number < least.value:
        yield (
            Severity.ERROR,
            f"max_split_size_mb must be at least {least.value}; torch raises an error",
            least,
        )
    if key == "garbage_collection_threshold" and not 0 < number < 1:
        yield (
            Severity.ERROR,
            "garbage_collection_threshold lies between 0 and 1; torch raises an error",
            options,
        )
