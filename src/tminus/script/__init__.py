"""Reading a user's training script without importing or running it.

`Script.read` gives what a file says. A value is `Known` or `Unknown`; an `Unknown` that is a `OneOf`, and a
`Known` with `others`, can be several. `possible(value)` gives every value that can be read, each an
`Alternative` with `value` (a `Known`) and `condition` (words; empty without one); `certain(value)` says that
there is no other.

Of a `ModalFunction`: `possible("timeout")` with what ``with_options`` gives at call sites, `gpu_choices()`
(request, value, condition), `may_have("volumes")` where an argument could be hidden in an unread ``**``.
"""

from tminus.script.app import Cluster, GpuChoice, ModalFunction, Override
from tminus.script.script import Script, ScriptError
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

__all__ = [
    "Alternative",
    "Choice",
    "Cluster",
    "Constructed",
    "Edit",
    "GpuChoice",
    "Known",
    "Leaf",
    "ModalFunction",
    "OneOf",
    "Override",
    "Script",
    "ScriptError",
    "Source",
    "Span",
    "TrainingSettings",
    "Unknown",
    "Value",
    "certain",
    "possible",
]
