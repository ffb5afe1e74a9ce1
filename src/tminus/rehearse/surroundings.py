"""What a rehearsal ran in, from the control plane's own record: client, containers, images, calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tminus.controlplane import Event, Interpreter, Isolation


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """What an image asked for, and what of it was done.

    Attributes:
        base: Image of a registry that it stands on; empty for a bare Python.
        python: Version of Python that it asks for, such as ``3.12``; empty where it leaves that open.
        ran: Version of Python that its containers ran on.
        built: Installations of packages that were made.
        not_run: Steps that were not.
    """

    base: str
    python: str
    ran: str
    built: Sequence[str]
    not_run: Sequence[str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rehearsal ran in.

    Attributes:
        client: Version of the client, the script's and the containers'.
        isolation: Name of the isolation that containers ran in.
        as_root: Whether it was root who rehearsed.
        isolation_not_shown: What containers in this isolation cannot show.
        network: Whether containers reached what this machine reaches.
        limits: Workspace plan whose limits held.
        functions: Functions that the service accepted: name to what ``gpu=`` asks for.
        cluster_size: Containers of the largest cluster; 0 without one.
        images: Images of the app.
        calls: How often each call of the service was answered.
        failure_rate: Share of the calls of containers that was to fail.
        failed_calls: Status to the number of calls of containers that were made to fail with it.
        late_commits: Commits of volumes that were delayed.
    """

    client: str
    isolation: str
    as_root: bool
    isolation_not_shown: Sequence[str]
    network: bool
    limits: str
    functions: Mapping[str, str]
    cluster_size: int
    images: Sequence[ImageSeen]
    calls: Mapping[str, int]
    failure_rate: float
    failed_calls: Mapping[str, int]
    late_commits: int


def surroundings_of(
    events: Sequence[Event],
    interpreter: Interpreter,
    isolation: Isolation,
    limits: str,
    *,
    network: bool,
    failure_rate: float,
    as_root: bool,
) -> Surroundings:
    """Read the record of a control plane that has ended.

    Args:
        events: Every event.
        interpreter: What ran the client, and the containers whose image was not built.
        isolation: What containers ran in.
        limits: Workspace plan whose limits held.
        network: Whether containers reached what this machine reaches.
        failure_rate: Share of the calls of containers that was to fail.
        as_root: Whether root rehearsed.
    """
    created = [event.fields for event in events if event.kind == "function_created"]
    calls: dict[str, int] = {}
    for event in events:
        if event.kind == "calls_served":
            calls.update(event.fields["calls"])
    return Surroundings(
        client=interpreter.client,
        isolation=isolation.mode.value,
        as_root=as_root,
        isolation_not_shown=tuple(isolation.not_shown),
        network=network,
        limits=limits,
        functions={str(one["function"]): str(one["gpus"]) for one in created},
        cluster_size=max((int(one["cluster_size"]) for one in created), default=0),
        images=_images(events, interpreter.python),
        calls=calls,
        failure_rate=failure_rate,
        failed_calls=Counter(str(e.fields["status"]) for e in events if e.kind == "call_failed"),
        late_commits=sum(event.kind == "volume_commit_begins" for event in events),
    )


def _images(events: Sequence[Event], python: str) -> list[ImageSeen]:
    """Every layer as an image; what stands on another one repeats what that says."""
    ran = {e.fields["image_id"]: str(e.fields["python"]) for e in events if e.kind == "image_ready"}
    return [
        ImageSeen(
            str(event.fields["base"]),
            str(event.fields["python"]),
            ran.get(event.fields["image_id"], python),
            tuple(event.fields["built"]),
            tuple(event.fields["not_run"]),
        )
        for event in events
        if event.kind == "image_created"
    ]
