"""What an option changes in the user's script, at the literals that define its values."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from tminus.check.fixes import replace_gpu_count
from tminus.facts import GpuRequest
from tminus.plan.machines import training_function
from tminus.plan.options import Option
from tminus.plan.settings import Settings
from tminus.script import Edit, Known, Script

_FLAGS = {
    "micro_batch": "per_device_train_batch_size",
    "gradient_accumulation": "gradient_accumulation_steps",
}


@dataclass(frozen=True, slots=True)
class ScriptEdit:
    """An option as changes of a script.

    Attributes:
        script: The script as it is.
        edits: The changes.
        left: What has to be changed by hand, in words.
    """

    script: Script
    edits: tuple[Edit, ...]
    left: tuple[str, ...]

    @property
    def text(self) -> str:
        """The script with the changes made."""
        return self.script.source.edited(self.edits)

    def diff(self, name: str) -> str:
        """The changes as a unified diff; empty without any.

        Args:
            name: What the file is called in it.
        """
        after = self.text.splitlines(keepends=True)
        before = self.script.source.text.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"))


def edit_for(script: Script, option: Option) -> ScriptEdit:
    """The changes that make a script ask for an option: its GPUs, and the split of its batch.

    A literal in another module, a value that several places define, or one that the script leaves to a
    default is said in `ScriptEdit.left` and not touched; so are clusters and methods, which need more than
    another number.

    Raises:
        PlanError: The script asks for no GPU in a way that can be read.
    """
    edits: list[Edit] = []
    left: list[str] = []
    settings = Settings(script)
    function, request = training_function(settings)
    value = function.gpu_requests()[0][1]
    if f"{request}" != option.gpu:
        made = _gpu_edits(script, value, option)
        edits += made
        if not made:
            left.append(f'gpu="{option.gpu}" in the decorator of {function.name}()')
    if (function.nodes or 1) != option.hardware.nodes:
        left.append(
            f"@modal.clustered(size={option.hardware.nodes}) on {function.name}(), and torchrun in every "
            "container"
        )
    if option.intended not in ("", option.fitted.job.method):
        left.append(f"the method: {option.fitted.job.method} instead of {option.intended}")
    split = option.estimate.split
    numbers = {"micro_batch": split.micro_batch, "gradient_accumulation": split.accumulation}
    if isinstance(script.training.get("global_batch"), Known):
        del numbers["gradient_accumulation"]  # the trainer works it out
    for name, wanted in numbers.items():
        edit, hint = _number_edit(script, name, wanted)
        edits += [edit] if edit is not None else []
        left += [hint] if hint is not None else []
    return ScriptEdit(script, tuple(edits), tuple(left))


def _gpu_edits(script: Script, value: Known, option: Option) -> list[Edit]:
    request = option.hardware
    wanted = option.gpu
    whole = [leaf for leaf in value.leaves if isinstance(leaf.value, str) and leaf.value == value.value]
    if len(value.leaves) == 1 and len(whole) == 1:
        span = whole[0].span
        return [Edit(span, f'"{wanted}"')] if span.path == script.path else []
    if not isinstance(value.value, str):
        return []
    # f"H100:{GPUS}": the type stays, and the count changes where it is defined.
    kind, _, _ = value.value.partition(":")
    asked = GpuRequest.parse(value.value)
    if kind.upper() != request.gpu.name.upper():
        return []
    made = replace_gpu_count(script.source, value, asked, request.gpus_per_node)
    return [edit for edit in made if edit.span.path == script.path]


def _number_edit(script: Script, name: str, wanted: int) -> tuple[Edit | None, str | None]:
    # The edit of a number, or what to do by hand; neither where it is right already.
    value = script.training.get(name)
    written = f"{_FLAGS[name]}={wanted}"
    if not isinstance(value, Known) or value.assumed is not None:
        default = 1 if name == "gradient_accumulation" else None
        return None, None if wanted == default else f"{written} (the script does not set it)"
    if value.value == wanted:
        return None, None
    numbers = [leaf for leaf in value.leaves if type(leaf.value) is int]
    if len(numbers) != 1 or numbers[0].value != value.value or numbers[0].span.path != script.path:
        return None, f"{written} (it is not one number in the script)"
    return Edit(numbers[0].span, str(wanted)), None
