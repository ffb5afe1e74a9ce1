"""Blobs: contents that do not fit a message."""

from __future__ import annotations

from modal_proto import api_pb2

from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase


class Blobs(ServiceBase):
    """Addresses to upload to and to download from."""

    async def BlobCreate(self, request: Message, caller: Caller) -> Message:
        """Address for a new blob, whatever its size: nothing is uploaded in parts."""
        blob_id, url = self.state.blobs.new_blob()
        return api_pb2.BlobCreateResponse(
            blob_id=blob_id,
            upload_url=url,
            blob_ids=[blob_id],
            upload_urls=api_pb2.UploadUrlList(items=[url]),
        )

    async def BlobGet(self, request: Message, caller: Caller) -> Message:
        """Address of a blob."""
        return api_pb2.BlobGetResponse(download_url=self.state.blobs.download_url(request.blob_id))
