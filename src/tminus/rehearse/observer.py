"""Watching a rehearsal as it runs: both records in one place, interruptions when they are due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tminus.controlplane import ControlPlane, Event
from tminus.rehearse.faults import Preemptions
from tminus.rehearse.history import Commit, Interruption, attempts_of, checkpoints_in
from tminus.rehearse.observed import EventTail, TrainingEvent


class Observer:
    """Collects what happens and interrupts the training as asked.

    `on_event` is called from the control plane's thread, `poll` from the rehearsal's own.

    Args:
        events_file: Where the containers' shim writes.
        preemptions: What to interrupt.
        say: Takes one line for the user.
    """

    def __init__(self, events_file: Path, preemptions: Preemptions, say: Callable[[str], None]) -> None:
        self.training: list[TrainingEvent] = []
        self.commits: list[Commit] = []
        self.interruptions: list[Interruption] = []
        self.refusal = ""
        self.unserved: list[str] = []
        self.stood_in: list[str] = []
        self.not_built: list[str] = []
        self._tail = EventTail(events_file)
        self._preemptions = preemptions
        self._say = say
        self._lock = threading.Lock()
        self._plane: ControlPlane | None = None
        self._saved: dict[str, int] = {}

    def attach(self, plane: ControlPlane) -> None:
        """Name the control plane once it is there."""
        self._plane = plane

    def on_event(self, event: Event) -> None:
        """Take an event of the control plane."""
        match event.kind:
            case "volume_committed" if self._plane is not None:
                self._note_commit(self._plane, event)
            case "function_refused":
                self.refusal = "; ".join(event.fields["reasons"])
            case "call_unserved":
                self.unserved.append(str(event.fields["call"]))
            case "secret_stood_in":
                self.stood_in.append(f"secret {event.fields['secret']}: placeholders for its values")
            case "container_started":
                self._say(f"container {event.task_id} starts for {event.fields['function']}()")
            case "container_exited":
                self._say(f"container {event.task_id} is gone, exit code {event.fields['exit_code']}")
            case "image_created":
                self.not_built += event.fields["not_run"]

    def _note_commit(self, plane: ControlPlane, event: Event) -> None:
        volume = str(event.fields["volume"])
        commit = Commit(
            event.time_s,
            event.task_id,
            volume,
            str(event.fields["occasion"]),
            checkpoints_in(plane.volumes.path(volume).resolve()),
        )
        with self._lock:
            before = next((one for one in reversed(self.commits) if one.volume == volume), None)
            self.commits.append(commit)
        newest = max(commit.checkpoints, default=0)
        if newest > (max(before.checkpoints, default=0) if before else 0):
            self._say(f"checkpoint {newest} is committed to volume {volume}")

    def poll(self) -> None:
        """Read what the containers wrote since the last call, and interrupt where that is due."""
        for event in self._tail.read_new():
            self.training.append(event)
            if event.rank != 0:
                continue
            match event.kind:
                case "train_begin":
                    self._saved[event.task_id] = event.step or 0
                    self._say(
                        f"training begins at step {event.step} of {event.values['max_steps']}, "
                        f"{event.values['world_size']} ranks"
                    )
                case "save":
                    self._saved[event.task_id] = event.step or 0
                case "log":
                    self._say(f"step {event.step}: loss {event.values['loss']:.4f}")
        self._interrupt_if_due()

    def _interrupt_if_due(self) -> None:
        attempts = attempts_of(self.training)
        if self._plane is None or not attempts:
            return
        current = attempts[-1]
        hit = {one.task_id for one in self.interruptions}
        saved = self._saved.get(current.task_id) or None
        if current.task_id in hit or current.ended_s is not None:
            return
        due = self._preemptions.is_due(
            step=current.last_step,
            total_steps=current.max_steps,
            done=len(self.interruptions),
            saved_step=saved,
        )
        if due:
            self._say(f"preempting container {current.task_id} after step {current.last_step}")
            interruption = Interruption(time.time(), current.task_id, "preempt", current.last_step)
            self.interruptions.append(interruption)
            self._plane.preempt(current.task_id)

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
