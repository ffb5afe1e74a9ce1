"""The forms in which the service describes a function."""

from __future__ import annotations

from collections.abc import Mapping

from modal_proto import api_pb2

from tminus.controlplane.model import Message


def function_data(definition: Message) -> Message:
    """The definition as FunctionData: its fields of the same name, and itself as the only choice of GPU."""
    data = api_pb2.FunctionData()
    same = {field.name: field for field in api_pb2.Function.DESCRIPTOR.fields}
    for field in api_pb2.FunctionData.DESCRIPTOR.fields:
        source = same.get(field.name)
        if source is None or source.message_type is not field.message_type:
            continue
        value = getattr(definition, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(data, field.name).MergeFrom(value)
        elif field.is_repeated:
            getattr(data, field.name).extend(value)
        elif field.message_type is not None:
            if definition.HasField(field.name):
                getattr(data, field.name).CopyFrom(value)
        else:
            setattr(data, field.name, value)
    data.ranked_functions.add(rank=0, function=definition)
    return data


def method_metadata(metadata: Message, definitions: Mapping[str, Message]) -> None:
    """Describe the methods of a class in the metadata of its service function."""
    for name, method in definitions.items():
        metadata.method_handle_metadata[name].CopyFrom(
            api_pb2.FunctionHandleMetadata(
                function_name=method.function_name,
                function_type=method.function_type,
                is_method=True,
                use_method_name=name,
                function_schema=method.function_schema,
                supported_input_formats=method.supported_input_formats,
                supported_output_formats=method.supported_output_formats,
                app_id=metadata.app_id,
            )
        )
