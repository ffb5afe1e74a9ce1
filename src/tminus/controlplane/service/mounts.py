"""Mounts: local files that the client sends along."""

from __future__ import annotations

import asyncio
import hashlib
import re

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.model import Message, MountRecord
from tminus.controlplane.service.base import Caller, ServiceBase

_STANDALONE = re.compile(r"python-build-standalone\.\d+\.(\d+\.\d+)")


class Mounts(ServiceBase):
    """Uploading files by content, and naming sets of them."""

    async def MountBatchedCheckExistence(self, request: Message, caller: Caller) -> Message:
        """Hashes whose content is still to be sent."""
        missing = [h for h in request.sha256_hex_hashes if not self.state.blobs.has_content(h)]
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    async def MountPutFile(self, request: Message, caller: Caller) -> Message:
        """Keep content; without content, say whether it is here."""
        blobs = self.state.blobs
        kind = request.WhichOneof("data_oneof")
        try:
            if kind == "data":
                await asyncio.to_thread(blobs.add_content, request.sha256_hex, request.data)
            elif kind == "data_blob_id" and not blobs.has_content(request.sha256_hex):
                await asyncio.to_thread(blobs.adopt_blob, request.sha256_hex, request.data_blob_id)
        except (ValueError, FileNotFoundError) as error:
            raise GRPCError(Status.INVALID_ARGUMENT, str(error)) from error
        return api_pb2.MountPutFileResponse(exists=blobs.has_content(request.sha256_hex))

    async def MountGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Make a mount of files, or find one by name.

        Modal's own mounts (the client, standalone Pythons) are empty here: containers use this machine's. The
        version of a Python is kept in its id.
        """
        files = {f.filename: (f.sha256_hex, f.mode if f.HasField("mode") else 0o644) for f in request.files}
        missing = [name for name, (sha256, _) in files.items() if not self.state.blobs.has_content(sha256)]
        if missing:
            raise GRPCError(Status.FAILED_PRECONDITION, f"the content of {missing[0]} was not uploaded")
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        python = _STANDALONE.match(request.deployment_name)
        mount = MountRecord(f"mo-{f'python-{python[1]}-' if python else ''}{digest[:22]}", files, digest)
        if mount.id not in self.state.mounts:
            self.state.mounts[mount.id] = mount
            self.state.store.images.save_mount(mount)
        metadata = api_pb2.MountHandleMetadata(content_checksum_sha256_hex=digest)
        return api_pb2.MountGetOrCreateResponse(mount_id=mount.id, handle_metadata=metadata)
