"""Volumes: made, listed, read and written by the client; committed and reloaded by containers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.containers import Container, Interruption
from tminus.controlplane.model import Message
from tminus.controlplane.sandbox import Isolation
from tminus.controlplane.sandbox.detect import Mode
from tminus.controlplane.service.base import Caller, ServiceBase, found, of_container
from tminus.controlplane.service.paging import newest_first
from tminus.controlplane.service.volumefiles import (
    BLOCK_BYTES,
    add_files,
    assemble,
    copy_paths,
    entries,
    remove_path,
)
from tminus.controlplane.volumes import Volume, VolumeView, has_open_files

OPEN_FILES = "there are open files preventing the operation"
_CREATES = {
    api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
    api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL,
}


class Volumes(ServiceBase):
    """Volumes of either version; both are kept alike."""

    async def VolumeGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Find a volume by name, or make one."""
        name = request.deployment_name
        environment = self.environment(request.environment_name).name
        volume = self.state.volumes.by_name(name, environment)
        if (
            volume is not None
            and request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS
        ):
            raise GRPCError(Status.ALREADY_EXISTS, f"Volume '{name}' already exists")
        if volume is None:
            if request.object_creation_type not in _CREATES:
                raise GRPCError(Status.NOT_FOUND, f"Volume '{name}' not found in environment '{environment}'")
            version = request.version or api_pb2.VOLUME_FS_VERSION_V1
            volume = self.state.volumes.create(name, version, environment)
            self.state.events.record("volume_created", volume=name, volume_id=volume.id)
        return api_pb2.VolumeGetOrCreateResponse(
            volume_id=volume.id, version=volume.version, metadata=_metadata(volume)
        )

    async def VolumeGetById(self, request: Message, caller: Caller) -> Message:
        """A volume by id."""
        volume = self._volume(request)
        return api_pb2.VolumeGetByIdResponse(volume_id=volume.id, metadata=_metadata(volume))

    async def VolumeList(self, request: Message, caller: Caller) -> Message:
        """Named volumes."""
        environment = self.environment(request.environment_name).name
        response = api_pb2.VolumeListResponse(environment_name=environment)
        named = [v for v in self.state.volumes if v.name and v.environment == environment]
        for volume in newest_first(named, request.pagination):
            response.items.add(
                label=volume.name,
                volume_id=volume.id,
                created_at=volume.created_s,
                metadata=_metadata(volume),
            )
        return response

    async def VolumeRename(self, request: Message, caller: Caller) -> Message:
        """Give a volume another name; containers find it by its id."""
        volume = self._volume(request)
        if self.state.volumes.by_name(request.name, volume.environment) is not None:
            raise GRPCError(Status.ALREADY_EXISTS, f"Volume '{request.name}' already exists")
        self.state.volumes.rename(volume, request.name)
        return Empty()

    async def VolumeDelete(self, request: Message, caller: Caller) -> Message:
        """Remove a volume with its files."""
        volume = self._volume(request)
        await asyncio.to_thread(self.state.volumes.delete, volume)
        return Empty()

    async def VolumeHeartbeat(self, request: Message, caller: Caller) -> Message:
        """An ephemeral volume is still in use."""
        self.state.housekeeping.heard_of(self._volume(request).id)
        return Empty()

    async def VolumeCommit(self, request: Message, caller: Caller) -> Message:
        """Publish a container's changes, then bring in what others committed, unless files are open.

        The client is told not to reload by itself: with open files, a log say, its reload would fail, and the
        commit with it, which the documentation says of a reload only.
        """
        container = of_container(caller)
        view = self._view(container, request.volume_id)
        ending = container.draining or container.interruption is not Interruption.NONE or not container.inputs
        try:
            await self.runner.commit(container, view, "exit" if ending else "explicit")
        except OSError as error:
            raise GRPCError(Status.INTERNAL, f"the volume could not be committed: {error}") from error
        if not ending and not await self._open_files(container, view):
            await asyncio.to_thread(view.reload)
        return api_pb2.VolumeCommitResponse(skip_reload=True)

    async def VolumeReload(self, request: Message, caller: Caller) -> Message:
        """Bring what others committed into a container's view."""
        container = of_container(caller)
        view = self._view(container, request.volume_id)
        if await self._open_files(container, view):
            self.state.events.record("volume_reload_refused", container.task_id, volume=view.volume.name)
            raise GRPCError(Status.FAILED_PRECONDITION, OPEN_FILES)
        changed = await asyncio.to_thread(view.reload)
        self.state.events.record(
            "volume_reloaded", container.task_id, volume=view.volume.name, changed=changed
        )
        return Empty()

    async def _open_files(self, container: Container, view: VolumeView) -> bool:
        process = container.process
        if process is None:
            return False
        prefixes = _visible_at(view, self.state.settings.isolation)
        return await asyncio.to_thread(lambda: has_open_files(process.pids(), prefixes))

    def _view(self, container: Container, volume_id: str) -> VolumeView:
        volume = found(self.state.volumes.get(volume_id), f"Volume {volume_id}")
        view = container.views.get(volume_id)
        if view is None:
            raise GRPCError(Status.NOT_FOUND, f"Volume '{volume.name}' is not mounted in this container")
        return view

    def _volume(self, request: Message) -> Volume:
        return found(self.state.volumes.get(request.volume_id), f"Volume {request.volume_id}")

    async def VolumeListFiles(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """Committed files below a path."""
        volume = self._volume(request)
        found_entries = await asyncio.to_thread(entries, volume.committed, request.path, request.recursive)
        yield api_pb2.VolumeListFilesResponse(entries=found_entries)

    async def VolumeListFiles2(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """The same for volumes of the second version."""
        volume = self._volume(request)
        found_entries = await asyncio.to_thread(entries, volume.committed, request.path, request.recursive)
        yield api_pb2.VolumeListFiles2Response(entries=found_entries)

    async def VolumeGetFile2(self, request: Message, caller: Caller) -> Message:
        """Addresses of a committed file's pieces."""
        volume = self._volume(request)
        path = volume.tree(volume.generation) / request.path.lstrip("/")
        if not path.is_file():
            raise GRPCError(Status.NOT_FOUND, f"no such file: {request.path}")
        size = path.stat().st_size
        end = min(size, request.start + request.len) if request.len else size
        starts = range(request.start, end, BLOCK_BYTES)
        urls = [self.state.blobs.range_url(path, s, min(BLOCK_BYTES, end - s)) for s in starts]
        return api_pb2.VolumeGetFile2Response(
            get_urls=urls, size=size, start=request.start, len=end - request.start
        )

    async def VolumePutFiles(self, request: Message, caller: Caller) -> Message:
        """Commit uploaded files."""
        volume = self._volume(request)
        files = {f.filename: (f.sha256_hex, f.mode if f.HasField("mode") else 0o644) for f in request.files}
        await self._put(volume, files, overwrite=not request.disallow_overwrite_existing_files)
        return Empty()

    async def VolumePutFiles2(self, request: Message, caller: Caller) -> Message:
        """Commit files block by block: first asked with hashes, then again with what the uploads answered."""
        volume = self._volume(request)
        missing, files = await asyncio.to_thread(assemble, request.files, self.state.blobs)
        if not missing:
            await self._put(volume, files, overwrite=not request.disallow_overwrite_existing_files)
        return api_pb2.VolumePutFiles2Response(missing_blocks=missing)

    async def _put(self, volume: Volume, files: dict[str, tuple[str, int]], *, overwrite: bool) -> None:
        try:
            await asyncio.to_thread(add_files, volume, files, self.state.blobs, overwrite=overwrite)
        except FileExistsError as error:
            raise GRPCError(Status.ALREADY_EXISTS, str(error)) from error
        self.state.events.record("volume_uploaded", volume=volume.name, files=len(files))

    async def VolumeRemoveFile(self, request: Message, caller: Caller) -> Message:
        """Remove a committed file or folder."""
        await self._remove(request)
        return Empty()

    async def VolumeRemoveFile2(self, request: Message, caller: Caller) -> Message:
        """The same for volumes of the second version."""
        await self._remove(request)
        return Empty()

    async def VolumeCopyFiles(self, request: Message, caller: Caller) -> Message:
        """Copy committed files within a volume."""
        await self._copy_files(request)
        return Empty()

    async def VolumeCopyFiles2(self, request: Message, caller: Caller) -> Message:
        """The same for volumes of the second version."""
        await self._copy_files(request)
        return Empty()

    async def _copy_files(self, request: Message) -> None:
        sources, target = list(request.src_paths), request.dst_path
        with _file_errors():
            await asyncio.to_thread(
                copy_paths, self._volume(request), sources, target, recursive=request.recursive
            )

    async def _remove(self, request: Message) -> None:
        with _file_errors():
            await asyncio.to_thread(
                remove_path, self._volume(request), request.path, recursive=request.recursive
            )


@contextmanager
def _file_errors() -> Iterator[None]:
    """Answer what is wrong with a path as the platform does."""
    try:
        yield
    except FileNotFoundError as error:
        raise GRPCError(Status.NOT_FOUND, str(error)) from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise GRPCError(Status.INVALID_ARGUMENT, str(error)) from error


def _visible_at(view: VolumeView, isolation: Isolation) -> list[str]:
    return [view.mount_path] if isolation.mode is Mode.BUBBLEWRAP else [str(view.folder)]


def _metadata(volume: Volume) -> Message:
    metadata = api_pb2.VolumeMetadata(version=volume.version, name=volume.name)
    metadata.creation_info.created_at = volume.created_s
    return metadata
