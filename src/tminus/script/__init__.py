"""Reading a user's training script without importing or running it."""

from tminus.script.app import Cluster, ModalFunction
from tminus.script.script import Script, ScriptError
from tminus.script.source import Edit, Source, Span
from tminus.script.training import TrainingSettings
from tminus.script.values import Constructed, Known, Leaf, Unknown, Value

__all__ = [
    "Cluster",
    "Constructed",
    "Edit",
    "Known",
    "Leaf",
    "ModalFunction",
    "Script",
    "ScriptError",
    "Source",
    "Span",
    "TrainingSettings",
    "Unknown",
    "Value",
]
