"""Reading a user's training script without importing or running it.

`Script.read` gives what a file says. A value is `Known` or `Unknown`; an `Unknown` that is a `OneOf`, and a
`Known` with `others`, can be several. `possible(value)` gives every value that can be read, each an
`Alternative` with `value` (a `Known`) and `condition` (words; empty without one); `certain(value)` says that
there is no other.

Of a `ModalFunction`: `possible("timeout")` with what ``with_options`` gives at call sites, `gpu_choices()`
(request, value, condition), `may_have("volumes")` where an argument could be hidden in an unread ``**``.

`read_image(script, node, scope, line)` gives an image's `base` and `steps` (`image_steps(value)` those of a
value); `mounts_of(function)` what is mounted where (`.table`, `.complete`, `.holding(path)`).

`Script.commands` gives every command and in-process launch of ranks (`Started`: `programs`, `launches` with
process counts, `within`, `outcome.checked`, `outcome.captured`); `Script.reachable(function)` what runs in a
function's container (`Reach`: `definitions`, `placed`, `commands`, `calls`, `outside`);
`Script.trains(function)` why it counts as training (`Training`), or None.
"""

from typing import TYPE_CHECKING

from tminus.lazy import exports

if TYPE_CHECKING:
    from tminus.script.app import Cluster, GpuChoice, ModalFunction, Override
    from tminus.script.commands import Started
    from tminus.script.image import Image, ImageStep, image_steps, read_image
    from tminus.script.launch import EVERY_GPU, Launch
    from tminus.script.mounts import Mount, Mounts, mounts_of
    from tminus.script.outcome import Outcome
    from tminus.script.reach import Reach, Training
    from tminus.script.script import Script, ScriptError
    from tminus.script.shell import Program
    from tminus.script.source import Edit, Source, Span
    from tminus.script.training import TrainingSettings
    from tminus.script.values import (
        Alternative,
        Choice,
        Constructed,
        Known,
        Leaf,
        OneOf,
        Unknown,
        Value,
        certain,
        possible,
    )
else:
    __getattr__ = exports(
        __name__,
        {
            "Alternative": "values",
            "Choice": "values",
            "Cluster": "app",
            "Constructed": "values",
            "EVERY_GPU": "launch",
            "Edit": "source",
            "GpuChoice": "app",
            "Image": "image",
            "ImageStep": "image",
            "Known": "values",
            "Launch": "launch",
            "Leaf": "values",
            "ModalFunction": "app",
            "Mount": "mounts",
            "Mounts": "mounts",
            "OneOf": "values",
            "Outcome": "outcome",
            "Override": "app",
            "Program": "shell",
            "Reach": "reach",
            "Script": "script",
            "ScriptError": "script",
            "Source": "source",
            "Span": "source",
            "Started": "commands",
            "Training": "reach",
            "TrainingSettings": "training",
            "Unknown": "values",
            "Value": "values",
            "certain": "values",
            "image_steps": "image",
            "read_image": "image",
            "mounts_of": "mounts",
            "possible": "values",
        },
    )

__all__ = [
    "EVERY_GPU",
    "Alternative",
    "Choice",
    "Cluster",
    "Constructed",
    "Edit",
    "GpuChoice",
    "Image",
    "ImageStep",
    "Known",
    "Launch",
    "Leaf",
    "ModalFunction",
    "Mount",
    "Mounts",
    "OneOf",
    "Outcome",
    "Override",
    "Program",
    "Reach",
    "Script",
    "ScriptError",
    "Source",
    "Span",
    "Started",
    "Training",
    "TrainingSettings",
    "Unknown",
    "Value",
    "certain",
    "image_steps",
    "mounts_of",
    "possible",
    "read_image",
]
