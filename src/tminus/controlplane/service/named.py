"""What objects with names have in common: how they are made, and limits that they break."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.model import Message
from tminus.controlplane.store.named import FullError, LimitError, NamedRecord, NamedStore, TooLargeError

CREATES = frozenset(
    {
        api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING,
        api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
        api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS,
    }
)
"""The ways to ask for an object by name that make it where there is none."""


def find_or_create(
    store: NamedStore, request: Message, environment: str, what: str
) -> tuple[NamedRecord, bool]:
    """The object that a ``…GetOrCreate`` request names, and whether it was made for it.

    Raises:
        GRPCError: It is there and should not be, or the other way round.
    """
    name, creation = request.deployment_name, request.object_creation_type
    if creation == api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL:
        return store.create("", environment), True
    record = store.by_name(name, environment)
    if record is None:
        if creation not in CREATES:
            raise GRPCError(Status.NOT_FOUND, f"{what} '{name}' not found in environment '{environment}'")
        return store.create(name, environment), True
    if creation == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
        raise GRPCError(Status.ALREADY_EXISTS, f"{what} '{name}' already exists")
    return record, False


@contextmanager
def limits() -> Iterator[None]:
    """Answer a broken limit as the platform does.

    The client reads the text of one that is too large: in front of the platform stands what answers 413.
    """
    try:
        yield
    except TooLargeError as error:
        raise GRPCError(Status.INVALID_ARGUMENT, f"Received :status = '413': {error}") from error
    except FullError as error:
        raise GRPCError(Status.RESOURCE_EXHAUSTED, str(error)) from error
    except LimitError as error:
        raise GRPCError(Status.INVALID_ARGUMENT, str(error)) from error
