"""The service as one caller sees it: authorisation, dispatch, and an answer to what is not served."""

from __future__ import annotations

import asyncio
import hmac
import inspect
import traceback
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from grpclib import GRPCError, Status
from grpclib.const import Handler
from modal_proto.api_grpc import ModalClientBase

from tminus.controlplane.events import EventLog
from tminus.controlplane.rpc_errors import RpcErrors
from tminus.controlplane.service import Service
from tminus.controlplane.service.base import Caller
from tminus.controlplane.service.unserved import reason

Credentials = tuple[str, str]


class Endpoint:
    """Modal's whole service for one caller, as grpclib serves it.

    Args:
        service: What is served.
        events: Where calls that are not served, and errors of this code, are recorded.
        caller: Who asks on this endpoint.
        credentials: Token id and secret that every request must carry; None on a container's own socket.
        rpc_errors: Which calls fail on their way.
    """

    def __init__(
        self,
        service: Service,
        events: EventLog,
        caller: Caller,
        credentials: Credentials | None,
        rpc_errors: RpcErrors | None = None,
    ) -> None:
        self._service = service
        self._events = events
        self._caller = caller
        self._credentials = credentials
        self._rpc_errors = rpc_errors

    def __mapping__(self) -> dict[str, Handler]:
        """Every call of the definition; grpclib asks for this."""
        mapping = {}
        for path, handler in definition().items():
            name = path.rpartition("/")[2]
            mapping[path] = Handler(
                self._answer(name, handler), handler.cardinality, handler.request_type, handler.reply_type
            )
        return mapping

    def _answer(self, name: str, handler: Handler) -> Callable[[Any], Awaitable[None]]:
        method: Any = getattr(self._service, name, None)
        answers = self._service.answers

        async def answer(stream: Any) -> None:
            self._authorize(stream.metadata)
            if method is None or handler.cardinality.client_streaming:
                self._refuse_unserved(name)
            request = await stream.recv_message()
            self._fail_by_chance(name)
            try:
                if inspect.isasyncgenfunction(method):
                    async for message in method(request, self._caller):
                        answers.sent(name, message)
                        await stream.send_message(message)
                else:
                    message = await method(request, self._caller)
                    answers.sent(name, message)
                    await stream.send_message(message)
                answers.ended(name)
            except asyncio.CancelledError:
                # Who follows a stream leaves it when enough came; what came was answered all the same.
                if answers.has_sent(name):
                    answers.ended(name)
                raise
            except GRPCError as error:
                answers.refused(name, error.status.name)
                raise
            except (ConnectionError, OSError):
                raise
            except Exception as error:
                self._events.record("control_plane_error", call=name, error=traceback.format_exc())
                raise GRPCError(
                    Status.INTERNAL, f"the local control plane failed in {name}: {error!r}"
                ) from error

        return answer

    def _authorize(self, metadata: Any) -> None:
        if self._credentials is None:
            return
        given = (metadata.get("x-modal-token-id", ""), metadata.get("x-modal-token-secret", ""))
        if not all(
            hmac.compare_digest(str(a).encode(), b.encode())
            for a, b in zip(given, self._credentials, strict=True)
        ):
            raise GRPCError(Status.UNAUTHENTICATED, "this control plane asks for the token of its own run")

    def _fail_by_chance(self, name: str) -> None:
        status = self._rpc_errors.draw() if self._rpc_errors is not None else None
        if status is not None:
            task_id = self._caller.container.task_id if self._caller.container is not None else ""
            self._events.record("call_failed", task_id, call=name, status=status.name)
            raise GRPCError(status, f"{name} failed on its way: an error that the rehearsal made")

    def _refuse_unserved(self, name: str) -> None:
        task_id = self._caller.container.task_id if self._caller.container is not None else ""
        self._events.record("call_unserved", task_id, call=name)
        raise GRPCError(
            Status.UNIMPLEMENTED,
            f"the local control plane does not serve {name}: "
            f"{reason(name) or 'what needs it cannot be rehearsed'}",
        )


@cache
def definition() -> dict[str, Handler]:
    """Every call of Modal's service by path, as the installed client's own package defines it."""

    async def unserved(self: object, stream: object) -> None:
        raise NotImplementedError

    names: frozenset[str] = ModalClientBase.__abstractmethods__
    complete = type("Definition", (ModalClientBase,), dict.fromkeys(names, unserved))
    mapping: dict[str, Handler] = complete().__mapping__()
    return mapping


def served_calls() -> list[str]:
    """Names of the calls that are served."""
    return sorted(name for path in definition() if hasattr(Service, name := path.rpartition("/")[2]))
