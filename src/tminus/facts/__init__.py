"""What platforms, GPUs, models and libraries document: dated, sourced data and its typed loader."""

from typing import TYPE_CHECKING

from tminus.facts.standing import Standing, standing
from tminus.lazy import exports

if TYPE_CHECKING:
    from tminus.facts.deprecations import Deprecation, Now
    from tminus.facts.fact import Conflict, Fact
    from tminus.facts.gpus import GpuRequest, GpuType
    from tminus.facts.history import AttributeHistory, Callable, Lifetime, ParameterHistory, Signatures
    from tminus.facts.loader import Facts
    from tminus.facts.models import DatasetShape, ModelShape, WorkspacePlan
else:
    __getattr__ = exports(
        __name__,
        {
            "AttributeHistory": "history",
            "Callable": "history",
            "Conflict": "fact",
            "DatasetShape": "models",
            "Deprecation": "deprecations",
            "Fact": "fact",
            "Facts": "loader",
            "GpuRequest": "gpus",
            "GpuType": "gpus",
            "Lifetime": "history",
            "ModelShape": "models",
            "Now": "deprecations",
            "ParameterHistory": "history",
            "Signatures": "history",
            "WorkspacePlan": "models",
        },
    )

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
