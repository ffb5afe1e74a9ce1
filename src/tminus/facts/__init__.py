"""What platforms, GPUs, models and libraries document: dated, sourced data and its typed loader."""

from tminus.facts.deprecations import Deprecation, Now
from tminus.facts.fact import Conflict, Fact
from tminus.facts.gpus import GpuRequest, GpuType
from tminus.facts.history import AttributeHistory, Callable, Lifetime, ParameterHistory, Signatures
from tminus.facts.loader import Facts
from tminus.facts.models import DatasetShape, ModelShape, WorkspacePlan
from tminus.facts.standing import Standing, standing

__all__ = [
    "AttributeHistory",
    "Callable",
    "Conflict",
    "DatasetShape",
    "Deprecation",
    "Fact",
    "Facts",
    "GpuRequest",
    "GpuType",
    "Lifetime",
    "ModelShape",
    "Now",
    "ParameterHistory",
    "Signatures",
    "Standing",
    "WorkspacePlan",
    "standing",
]
