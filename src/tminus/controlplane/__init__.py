"""A local Modal: the service that the real client talks to, its containers, volumes and limits."""

from tminus.controlplane.access import client_environment
from tminus.controlplane.events import Event
from tminus.controlplane.image_builder import ImageBuilder
from tminus.controlplane.model import ContainerRecord
from tminus.controlplane.plane import ControlPlane
from tminus.controlplane.sandbox import Bind, Interpreter, Isolation
from tminus.controlplane.store import StoreError
from tminus.controlplane.volumes import VolumeStore

__all__ = [
    "Bind",
    "ContainerRecord",
    "ControlPlane",
    "Event",
    "ImageBuilder",
    "Interpreter",
    "Isolation",
    "StoreError",
    "VolumeStore",
    "client_environment",
]
