"""Images: their definitions are kept and read; their packages are installed where that was asked for."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from modal_proto import api_pb2

from tminus.controlplane.image_builder import ImageBuildError
from tminus.controlplane.images import ImageContents, sent_along
from tminus.controlplane.launch import environment_plan, image_contents, interpreter_of
from tminus.controlplane.model import ImageRecord, Message
from tminus.controlplane.runner import ContainerRunner
from tminus.controlplane.sandbox import Interpreter
from tminus.controlplane.scheduler import Scheduler
from tminus.controlplane.service.base import Caller, ServiceBase, found
from tminus.controlplane.state import PlaneState
from tminus.controlplane.waiting import Changed

_JOIN_S = 55.0


@dataclass(slots=True, eq=False)
class Build:
    """The making of one image's packages.

    Attributes:
        lines: Output so far.
        result: What came of it; None while it goes on.
    """

    lines: list[str] = field(default_factory=list)
    result: Message | None = None
    changed: Changed = field(default_factory=Changed)
    task: asyncio.Task[None] | None = None


class Images(ServiceBase):
    """Layers of images."""

    def __init__(self, state: PlaneState, scheduler: Scheduler, runner: ContainerRunner) -> None:
        super().__init__(state, scheduler, runner)
        self._builds: dict[str, Build] = {}

    async def ImageGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Keep a layer.

        It counts as built at once, unless its packages are to be made and are not there yet: then the client
        waits for that with `ImageJoinStreaming`.
        """
        definition = request.image
        digest = hashlib.sha256(definition.SerializeToString(deterministic=True)).hexdigest()[:22]
        image_id = f"im-{digest}"
        contents = await self._keep(image_id, definition, request.builder_version)
        response = api_pb2.ImageGetOrCreateResponse(
            image_id=image_id, metadata=_metadata(self.state.images[image_id])
        )
        builder, plan = self.state.settings.image_builder, environment_plan(self.state, contents)
        interpreter = await asyncio.to_thread(builder.ready, plan) if builder and plan else None
        if plan is None or interpreter is not None:
            response.result.status = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
            if interpreter is not None:
                self._note_ready(image_id, interpreter, 0.0)
            return response
        build = self._builds.get(image_id)
        if build is None or build.result is not None:
            self._builds[image_id] = build = Build()
            build.task = asyncio.create_task(self._build(image_id, contents, build))
        return response

    async def ImageJoinStreaming(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """Output of a build, and its result once it is there."""
        image = found(self.state.images.get(request.image_id), f"Image {request.image_id}")
        build = found(self._builds.get(request.image_id), f"A build of image {request.image_id}")
        position = int(request.last_entry_id or 0)
        deadline = asyncio.get_running_loop().time() + min(request.timeout, _JOIN_S)
        while True:
            for line in build.lines[position:]:
                position += 1
                response = api_pb2.ImageJoinStreamingResponse(entry_id=str(position))
                response.task_logs.add(data=f"{line}\n", file_descriptor=api_pb2.FILE_DESCRIPTOR_STDOUT)
                yield response
            if build.result is not None:
                yield api_pb2.ImageJoinStreamingResponse(result=build.result, metadata=_metadata(image))
                return
            if not await build.changed.wait(deadline - asyncio.get_running_loop().time()):
                return

    async def ImageFromId(self, request: Message, caller: Caller) -> Message:
        """A known layer."""
        image = found(self.state.images.get(request.image_id), f"Image {request.image_id}")
        return api_pb2.ImageFromIdResponse(image_id=image.id, metadata=_metadata(image))

    async def _keep(self, image_id: str, definition: Message, builder_version: str) -> ImageContents:
        """Note a layer, with what is honoured of its image and what is not."""
        if image_id in self.state.images:
            return image_contents(self.state, image_id)
        for file in definition.context_files:
            sha256, _ = sent_along(definition)[file.filename]
            await asyncio.to_thread(self.state.blobs.add_content, sha256, file.data)
        self.state.images[image_id] = ImageRecord(image_id, definition, builder_version)
        self.state.store.images.save_image(self.state.images[image_id])
        contents = image_contents(self.state, image_id)
        built = environment_plan(self.state, contents) is not None
        self.state.events.record(
            "image_created",
            image_id=image_id,
            environment=sorted(contents.environment),
            workdir=contents.workdir,
            files=len(contents.files),
            base=contents.base,
            python=contents.python,
            built=[install.text for install in contents.installs] if built else [],
            not_run=[*([] if built else [install.text for install in contents.installs]), *contents.not_run],
        )
        return contents

    async def _build(self, image_id: str, contents: ImageContents, build: Build) -> None:
        loop = asyncio.get_running_loop()

        def add(line: str) -> None:
            build.lines.append(line)
            build.changed.notify()

        def say(line: str) -> None:
            loop.call_soon_threadsafe(add, line)

        result = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)
        started_s = loop.time()
        try:
            interpreter = await asyncio.to_thread(interpreter_of, self.state, contents, say)
            self._note_ready(image_id, interpreter, loop.time() - started_s)
        except (ImageBuildError, OSError) as error:
            result.status = api_pb2.GenericResult.GENERIC_STATUS_FAILURE
            result.exception = str(error)
            self.state.events.record("image_failed", image_id=image_id, error=str(error))
        build.result = result
        build.changed.notify()

    def _note_ready(self, image_id: str, interpreter: Interpreter, made_in_s: float) -> None:
        """Say that an image's packages are there; 0 s where they had been made before."""
        self.state.events.record(
            "image_ready", image_id=image_id, python=interpreter.python, made_in_s=round(made_in_s, 1)
        )


def _metadata(image: ImageRecord) -> Message:
    return api_pb2.ImageMetadata(image_builder_version=image.builder_version)
