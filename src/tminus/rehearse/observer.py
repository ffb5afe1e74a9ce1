"""Watching a rehearsal as it runs: the control plane's record and the containers' own in one place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tminus.controlplane import ControlPlane, Event
from tminus.rehearse.history import (
    Attempt,
    Commit,
    FileState,
    attempts_of,
    checkpoints_in,
    contents_in,
)
from tminus.rehearse.injector import Injector
from tminus.rehearse.loops import Content
from tminus.rehearse.observed import EventTail, TrainingEvent


class Observer:
    """Collects what happens, and tells the injector of it.

    `on_event` is called from the control plane's thread, `poll` from the rehearsal's own.

    Args:
        events_file: Where the containers' shim writes.
        injector: Makes the faults of the rehearsal.
        say: Takes one line for the user.
    """

    def __init__(self, events_file: Path, injector: Injector, say: Callable[[str], None]) -> None:
        self.training: list[TrainingEvent] = []
        self.commits: list[Commit] = []
        self.refusal = ""
        self.unserved: list[str] = []
        self.stood_in: list[str] = []
        self.not_enforced: list[str] = []
        self.retries = 0
        self._tail = EventTail(events_file)
        self._injector = injector
        self._say = say
        self._lock = threading.Lock()
        self._plane: ControlPlane | None = None
        self._contents: dict[FileState, Content] = {}
        self._attempts: Sequence[Attempt] = ()

    def attach(self, plane: ControlPlane) -> None:
        """Name the control plane once it is there."""
        self._plane = plane

    def on_event(self, event: Event) -> None:
        """Take an event of the control plane."""
        match event.kind:
            case "volume_committed" if self._plane is not None:
                self._note_commit(self._plane, event)
            case "volume_commit_begins" if self._plane is not None:
                self._injector.commit_begins(self._plane, event.task_id)
            case "function_refused":
                self.refusal = "; ".join(event.fields["reasons"])
            case "call_unserved":
                self.unserved.append(str(event.fields["call"]))
            case "secret_stood_in":
                self.stood_in.append(f"secret {event.fields['secret']}: placeholders for its values")
            case "environment_stood_in":
                self.stood_in.append(f"environment {event.fields['environment']}: an empty one")
            case "limit_not_enforced":
                self.not_enforced.append(str(event.fields["what"]))
            case "input_retried":
                self.retries += 1
            case "container_out_of_memory":
                self._say(f"container {event.task_id} is over its {event.fields['limit_mib']} MiB of memory")
            case "container_started":
                self._say(f"container {event.task_id} starts for {event.fields['function']}()")
            case "container_exited":
                self._say(f"container {event.task_id} is gone, exit code {event.fields['exit_code']}")

    def _note_commit(self, plane: ControlPlane, event: Event) -> None:
        volume = str(event.fields["volume"])
        tree = plane.volumes.path(volume).resolve()
        commit = Commit(
            event.time_s,
            event.task_id,
            volume,
            str(event.fields["occasion"]),
            checkpoints_in(tree),
            contents_in(tree, self._contents),
        )
        with self._lock:
            before = next((one for one in reversed(self.commits) if one.volume == volume), None)
            self.commits.append(commit)
        newest = max(commit.checkpoints, default=0)
        if newest > (max(before.checkpoints, default=0) if before else 0):
            self._say(f"checkpoint {newest} is committed to volume {volume}")

    def poll(self) -> None:
        """Read what the containers wrote since the last call, and inject what is due."""
        new = self._tail.read_new()
        if new:
            self.training += new
            self._attempts = attempts_of(self.training)
        for event in new:
            if self._plane is not None and event.kind in ("held", "fault"):
                self._injector.event(self._plane, event, self._attempts)
            if event.rank == 0:
                self._tell(event)
        if self._plane is not None:
            self._injector.training(self._plane, self._attempts)

    def _tell(self, event: TrainingEvent) -> None:
        match event.kind:
            case "train_begin":
                self._say(
                    f"training begins at step {event.step} of {event.values['max_steps']}, "
                    f"{event.values['world_size']} ranks"
                )
            case "loop_begin":
                self._say(f"a training loop begins, {event.values['world_size']} ranks")
            case "log":
                self._say(f"step {event.step}: loss {event.values['loss']:.4f}")
            case "update" if event.values["loss"] is not None:
                self._say(f"update {event.step} of this attempt: loss {event.values['loss']:.4f}")

    def changes(self) -> Sequence[str]:
        """What the shim changed in the training, each once, in words."""
        said = [
            f"{event.values['what']}: {event.values['old']} → {event.values['new']} ({event.values['why']})"
            for event in self.training
            if event.kind == "change"
        ]
        return list(dict.fromkeys(said))

    def not_adapted(self) -> Sequence[str]:
        """What the shim could not adapt or show, each once, in words."""
        kinds = ("not_shown", "not_adapted")
        said = [str(event.values.get("what", "")) for event in self.training if event.kind in kinds]
        return list(dict.fromkeys(said))

    def ranks_asked(self) -> int:
        """Ranks that the script's launcher asked for in one container; 0 where none was used."""
        return max((int(e.values["ranks_asked"]) for e in self.training if e.kind == "launch"), default=0)
