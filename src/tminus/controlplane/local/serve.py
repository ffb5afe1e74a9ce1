"""A control plane in this process, until it is told to end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tminus.controlplane.image_builder import ImageBuilder
from tminus.controlplane.local.folder import LocalFolder, ServiceRecord
from tminus.controlplane.plane import ControlPlane
from tminus.controlplane.sandbox import NOT_ENFORCED, ControlGroups, Interpreter, Isolation
from tminus.facts import Facts

# Events that the service keeps in memory; the file has them all.
EVENTS_KEPT = 1000
# What works when the service ends has this long to commit its volumes.
END_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How a local service runs.

    Attributes:
        port: Port to listen on; None takes the one of the last time, or any free one.
        isolation: What containers run in; None takes the best that works here.
        interpreter: What runs containers, with its client and packages; None takes the service's own.
        build_images: Whether containers get the packages of their image, not those of the interpreter.
        network: Whether containers share this machine's network, or reach nothing beyond loopback.
        workspace_plan: Plan whose limits hold.
    """

    port: int | None = None
    isolation: Isolation | None = None
    interpreter: Interpreter | None = None
    build_images: bool = False
    network: bool = True
    workspace_plan: str = "team"


def serve(folder: LocalFolder, settings: LocalSettings, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; to be called on the main thread.

    Args:
        folder: Where its state is.
        settings: How it runs.
        say: Takes one line for the user.

    Raises:
        OSError: The port is taken, or another service works in the folder.
        StoreError: The state cannot be used.
    """
    folder.make()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    interpreter = settings.interpreter or Interpreter.own()
    plane = ControlPlane(
        folder.path,
        facts=Facts.bundled(),
        isolation=settings.isolation,
        workspace_plan=settings.workspace_plan,
        port=folder.port() if settings.port is None else settings.port,
        any_port_if_taken=settings.port is None,
        credentials=folder.credentials(),
        events_kept=EVENTS_KEPT,
        end_grace_s=END_GRACE_S,
        interpreter=interpreter,
        image_builder=ImageBuilder(client=interpreter.client) if settings.build_images else None,
        network=settings.network,
    )
    folder.clear_service()
    with plane.serving():
        folder.write_service(
            ServiceRecord(
                os.getpid(),
                plane.url,
                time.time(),
                plane.isolation.mode.value,
                settings.workspace_plan,
                (*plane.isolation.not_shown, *([] if ControlGroups.detect() else [NOT_ENFORCED])),
            )
        )
        say(f"serving at {plane.url}, state in {folder.path}")
        # A wait without an end would keep the interpreter from running signal handlers on some systems.
        while not ended.wait(1.0):
            pass
        say("stopping")
        folder.clear_service()
