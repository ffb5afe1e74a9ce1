"""Images: their definitions are kept and read, not built."""

from __future__ import annotations

import hashlib

from modal_proto import api_pb2

from tminus.controlplane.launch import image_contents
from tminus.controlplane.model import ImageRecord, Message
from tminus.controlplane.service.base import Caller, ServiceBase, found


class Images(ServiceBase):
    """Layers of images."""

    async def ImageGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Keep a layer; it counts as built: containers use this machine's interpreter and packages."""
        definition = request.image
        digest = hashlib.sha256(definition.SerializeToString(deterministic=True)).hexdigest()[:22]
        image_id = f"im-{digest}"
        if image_id not in self.state.images:
            self.state.images[image_id] = ImageRecord(image_id, definition, request.builder_version)
            self.state.store.images.save_image(self.state.images[image_id])
            contents = image_contents(self.state, image_id)
            self.state.events.record(
                "image_created",
                image_id=image_id,
                environment=sorted(contents.environment),
                workdir=contents.workdir,
                files=len(contents.files),
                not_run=contents.not_run,
            )
        return api_pb2.ImageGetOrCreateResponse(
            image_id=image_id,
            result=api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS),
            metadata=_metadata(self.state.images[image_id]),
        )

    async def ImageFromId(self, request: Message, caller: Caller) -> Message:
        """A known layer."""
        image = found(self.state.images.get(request.image_id), f"Image {request.image_id}")
        return api_pb2.ImageFromIdResponse(image_id=image.id, metadata=_metadata(image))


def _metadata(image: ImageRecord) -> Message:
    return api_pb2.ImageMetadata(image_builder_version=image.builder_version)
