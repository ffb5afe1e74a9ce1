"""Volumes: committed trees, the private view that a container has of one, commit and reload."""

from tminus.controlplane.volumes.open_files import has_open_files
from tminus.controlplane.volumes.store import Volume, VolumeStore
from tminus.controlplane.volumes.tree import Entry, scan
from tminus.controlplane.volumes.view import CommitResult, VolumeView

__all__ = ["CommitResult", "Entry", "Volume", "VolumeStore", "VolumeView", "has_open_files", "scan"]
