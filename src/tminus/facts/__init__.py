"""What platforms, GPUs, models and libraries document: dated, sourced data and its typed loader."""

from tminus.facts.fact import Fact
from tminus.facts.gpus import GpuRequest, GpuType
from tminus.facts.loader import Facts
from tminus.facts.models import DatasetShape, ModelShape, WorkspacePlan

__all__ = ["DatasetShape", "Fact", "Facts", "GpuRequest", "GpuType", "ModelShape", "WorkspacePlan"]
