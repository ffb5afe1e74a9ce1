"""Definitions of images, and the lists of files of mounts, in the database."""

from __future__ import annotations

import json

from modal_proto import api_pb2

from tminus.controlplane.model import ImageRecord, MountRecord
from tminus.controlplane.store.database import Database


class ImageStore:
    """Layers of images and mounts. Both are named by their content: a row never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def images(self) -> list[ImageRecord]:
        """Every known layer."""
        return [
            ImageRecord(row["id"], api_pb2.Image.FromString(row["definition"]), row["builder_version"])
            for row in self._database.rows("SELECT * FROM images")
        ]

    def save_image(self, image: ImageRecord) -> None:
        """Keep a layer."""
        self._database.save(
            "images",
            id=image.id,
            definition=image.definition.SerializeToString(),
            builder_version=image.builder_version,
        )

    def mounts(self) -> list[MountRecord]:
        """Every known mount."""
        return [
            MountRecord(
                row["id"],
                {name: (sha256, mode) for name, (sha256, mode) in json.loads(row["files"]).items()},
                row["checksum"],
            )
            for row in self._database.rows("SELECT * FROM mounts")
        ]

    def save_mount(self, mount: MountRecord) -> None:
        """Keep a mount."""
        self._database.save("mounts", id=mount.id, files=json.dumps(mount.files), checksum=mount.checksum)
