"""Functions and classes: defined, bound to parameters and options, looked up."""

from __future__ import annotations

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.model import AppRecord, FunctionRecord, Message, new_id
from tminus.controlplane.service.admission import admit
from tminus.controlplane.service.base import Caller, ServiceBase, found
from tminus.controlplane.service.functiondata import function_data, method_metadata
from tminus.controlplane.variants import bind, binding_key
from tminus.controlplane.web import needs_own_network, write_urls

# From a private network the address of blobs cannot be reached: everything goes inside messages.
OBJECT_BYTES_MAX = 1 << 30


class Functions(ServiceBase):
    """What the client asks to define functions, and to find those of other apps."""

    async def FunctionPrecreate(self, request: Message, caller: Caller) -> Message:
        """Give a function its id before its definition is known.

        A function of a deployed app keeps its id, and goes on as it is until the new deployment is published.
        """
        app = self.app(request.app_id)
        metadata = api_pb2.FunctionHandleMetadata(
            function_name=request.function_name,
            function_type=request.function_type,
            function_schema=request.function_schema,
            supported_input_formats=request.supported_input_formats,
            supported_output_formats=request.supported_output_formats,
            app_id=request.app_id,
        )
        method_metadata(metadata, request.method_definitions)
        existing = request.existing_function_id
        function = FunctionRecord(existing or new_id("fu"), request.app_id, metadata)
        for name, url in (await self.scheduler.web.open(function, request)).items():
            (metadata.method_handle_metadata[name] if name else metadata).web_url = url
        if existing in self.state.functions:
            app.staged[existing] = function
        else:
            self.state.functions[function.id] = function
        return api_pb2.FunctionPrecreateResponse(function_id=function.id, handle_metadata=metadata)

    async def FunctionCreate(self, request: Message, caller: Caller) -> Message:
        """Define a function, or refuse it with the limit that it breaks."""
        data = request.function_data if request.HasField("function_data") else None
        # A list of GPUs is an order of preference: what is rehearsed is the first of them.
        definition = data.ranked_functions[0].function if data is not None else request.function
        for ranked in data.ranked_functions if data is not None else ():
            admit(self.state, ranked.function)
        admit(self.state, definition)
        existing = request.existing_function_id
        function = self.app(request.app_id).staged.get(existing) or self.state.functions.get(existing)
        if function is None:
            metadata = api_pb2.FunctionHandleMetadata(
                function_name=definition.function_name,
                function_type=definition.function_type,
                function_schema=definition.function_schema,
                supported_input_formats=definition.supported_input_formats,
                supported_output_formats=definition.supported_output_formats,
                app_id=request.app_id,
            )
            method_metadata(metadata, definition.method_definitions)
            function = FunctionRecord(new_id("fu"), request.app_id, metadata)
            self.state.functions[function.id] = function
        function.definition = definition
        function.metadata.definition_id = new_id("de")
        function.metadata.class_parameter_info.CopyFrom(definition.class_parameter_info)
        write_urls(function.metadata, definition, await self.scheduler.web.open(function, definition))
        if function.cluster_size or needs_own_network(definition):
            function.metadata.max_object_size_bytes = OBJECT_BYTES_MAX
            function.metadata.max_async_object_size_bytes = OBJECT_BYTES_MAX
        self._record_created(function)
        return api_pb2.FunctionCreateResponse(
            function_id=function.id,
            function=definition,
            handle_metadata=function.metadata,
            function_data=data if data is not None else function_data(definition),
        )

    def _record_created(self, function: FunctionRecord) -> None:
        definition = function.definition
        self.state.events.record(
            "function_created",
            app_id=function.app_id,
            function_id=function.id,
            function=function.name,
            gpus=f"{definition.resources.gpu_config.gpu_type}:{function.gpus}" if function.gpus else "",
            cluster_size=function.cluster_size,
            timeout_s=int(definition.timeout_secs),
            retries=int(definition.retry_policy.retries),
            volumes=[mount.mount_path for mount in definition.volume_mounts],
        )

    async def ClassCreate(self, request: Message, caller: Caller) -> Message:
        """Give a class its id; its methods are those of its service function."""
        class_id = request.existing_class_id or new_id("cs")
        self.state.classes[class_id] = request.app_id
        return api_pb2.ClassCreateResponse(class_id=class_id, handle_metadata=api_pb2.ClassHandleMetadata())

    async def FunctionBindParams(self, request: Message, caller: Caller) -> Message:
        """A variant of a function: with parameters of its class, or with other options."""
        base = self.function(request.function_id)
        key = binding_key(request)
        bound_id = base.bound.get(key)
        if bound_id is None:
            variant = bind(base, request)
            admit(self.state, variant.definition)
            self.state.functions[variant.id] = variant
            base.bound[key] = bound_id = variant.id
        metadata = self.state.functions[bound_id].metadata
        return api_pb2.FunctionBindParamsResponse(bound_function_id=bound_id, handle_metadata=metadata)

    async def FunctionGet(self, request: Message, caller: Caller) -> Message:
        """A function of a deployed app, by name."""
        app = self._deployed(request)
        if request.app_version and request.app_version != app.version:
            raise GRPCError(
                Status.UNIMPLEMENTED,
                f"version {request.app_version} of App '{app.name}' was replaced by {app.version}, which "
                "alone is served here; bring it back: modal app rollback",
            )
        function_id = app.function_ids.get(request.object_tag)
        function = found(
            self.state.functions.get(function_id or ""),
            f"Function '{request.object_tag}' in app '{request.app_name}'",
        )
        return api_pb2.FunctionGetResponse(
            function_id=function.id,
            handle_metadata=function.metadata,
            function=function_data(function.definition),
        )

    async def ClassGet(self, request: Message, caller: Caller) -> Message:
        """A class of a deployed app, by name."""
        app = self._deployed(request)
        class_id = found(
            app.class_ids.get(request.object_tag), f"Class '{request.object_tag}' in app '{request.app_name}'"
        )
        return api_pb2.ClassGetResponse(class_id=class_id, handle_metadata=api_pb2.ClassHandleMetadata())

    async def FunctionGetCurrentStats(self, request: Message, caller: Caller) -> Message:
        """Length of a function's queue and number of its containers."""
        function = self.function(request.function_id)
        return api_pb2.FunctionStats(
            backlog=len(function.queue),
            num_total_tasks=len(function.containers),
            num_running_inputs=sum(len(c.inputs) for c in function.containers),
        )

    async def FunctionUpdateSchedulingParams(self, request: Message, caller: Caller) -> Message:
        """Change a function's autoscaler."""
        function = self.function(request.function_id)
        function.definition.autoscaler_settings.MergeFrom(request.settings)
        self.scheduler.kick(function)
        return api_pb2.FunctionUpdateSchedulingParamsResponse(
            current_settings=function.definition.autoscaler_settings
        )

    async def FunctionGetSchedulingParams(self, request: Message, caller: Caller) -> Message:
        """A function's autoscaler."""
        settings = self.function(request.function_id).definition.autoscaler_settings
        return api_pb2.FunctionGetSchedulingParamsResponse(
            autoscaler_configuration=api_pb2.AutoscalerConfiguration(settings=settings)
        )

    async def FunctionGetById(self, request: Message, caller: Caller) -> Message:
        """A function by id."""
        function = self.function(request.function_id)
        return api_pb2.FunctionGetByIdResponse(
            function=function_data(function.definition), handle_metadata=function.metadata
        )

    def _deployed(self, request: Message) -> AppRecord:
        app = self.deployed_app(request.app_name, request.environment_name)
        return found(app, f"App '{request.app_name}'")
