"""Making faults happen: which is due now, and what the control plane has to do for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tminus.controlplane import ControlPlane
from tminus.rehearse.faults import After, AtStep, During, Fault, FaultKind, Faults, Phase, Spread
from tminus.rehearse.history import Attempt, Interruption
from tminus.rehearse.observed import TrainingEvent

_WORDS = {
    FaultKind.PREEMPT: "preempting",
    FaultKind.KILL: "taking away",
    FaultKind.OOM: "running out of memory in",
    FaultKind.TIMEOUT: "ending the time of",
}


class Injector:
    """Injects the faults of a rehearsal, each once.

    Args:
        faults: What to inject.
        folder: Folder that the containers' processes share with the rehearsal.
        total_steps: Steps that a training takes if it does not say so itself.
        say: Takes one line for the user.
    """

    def __init__(self, faults: Faults, folder: Path, total_steps: int, say: Callable[[str], None]) -> None:
        self.interruptions: list[Interruption] = []
        self._named = {f"f{index}": one for index, one in enumerate(faults.events)}
        self._pending = dict(self._named)
        self._folder = folder
        self._total_steps = total_steps
        self._say = say
        self._commits = 0
        self._began_s: float | None = None
        self._step = 0
        self._attempt: Attempt | None = None

    def for_shim(self) -> Sequence[dict[str, object]]:
        """What processes of the training have to do themselves."""
        described = (one.for_shim(name) for name, one in self._named.items())
        return [dict(one) for one in described if one is not None]

    @property
    def left(self) -> Sequence[Fault]:
        """Faults whose moment has not come."""
        return list(self._pending.values())

    def commit_begins(self, plane: ControlPlane, task_id: str) -> None:
        """A container commits a volume; called from the control plane's thread."""
        if self._attempt is None:
            return
        self._commits += 1
        for name, fault in list(self._pending.items()):
            match fault.moment:
                case During(Phase.COMMIT, nth) if self._commits >= nth:
                    self._inject(name, plane, task_id)

    def event(self, plane: ControlPlane, event: TrainingEvent, attempts: Sequence[Attempt]) -> None:
        """Take what a process of the training says of a fault that it makes, or waits for.

        Args:
            plane: The control plane.
            event: What it says.
            attempts: What the training has come to by then.
        """
        name = str(event.values.get("fault", ""))
        if event.kind not in ("held", "fault") or name not in self._pending:
            return
        self._see(attempts)
        fault = self._pending[name]
        if fault.kind in (FaultKind.KILL_RANK, FaultKind.DISK_FULL):
            self._note(name, event.task_id)
        else:
            self._inject(name, plane, event.task_id)

    def training(self, plane: ControlPlane, attempts: Sequence[Attempt]) -> None:
        """Inject what is due, by what the training has come to."""
        self._see(attempts)
        current = self._attempt
        if current is None or current.ended_s is not None:
            return
        hit = {one.task_id for one in self.interruptions}
        for name, fault in list(self._pending.items()):
            if fault.kind is not FaultKind.KILL_RANK and self._is_due(fault, current, hit):
                self._inject(name, plane, current.task_id)
                return  # what the next one meets has to be seen first

    def _see(self, attempts: Sequence[Attempt]) -> None:
        if attempts:
            self._attempt = attempts[-1]
            self._began_s = self._began_s or attempts[0].began_s
            self._step = attempts[-1].last_step

    def _is_due(self, fault: Fault, current: Attempt, hit: set[str]) -> bool:
        match fault.moment:
            case Spread() as spread:
                total = current.max_steps or self._total_steps
                return current.task_id not in hit and spread.is_due(
                    step=current.last_step, total_steps=total, saved_step=current.saved_step
                )
            case AtStep(step):
                return current.task_id not in hit and current.last_step >= step
            case After(seconds):
                return time.time() >= (self._began_s or 0) + seconds
        return False

    def _inject(self, name: str, plane: ControlPlane, task_id: str) -> None:
        kind = self._pending[name].kind
        self._say(f"{_WORDS[kind]} container {task_id} after step {self._step}: {self._pending[name]}")
        self._note(name, task_id)
        match kind:
            case FaultKind.PREEMPT:
                plane.preempt(task_id)
            case FaultKind.KILL:
                plane.kill(task_id)
            case FaultKind.OOM:
                plane.exhaust_memory(task_id)
            case FaultKind.TIMEOUT:
                plane.end_time(task_id)

    def _note(self, name: str, task_id: str) -> None:
        fault = self._pending.pop(name)
        # A process that was to wait for it need not any more.
        (self._folder / f"done-{name}").touch()
        self.interruptions.append(
            Interruption(time.time(), task_id, fault.kind.value, self._step, str(fault))
        )
        for other, waiting in self._pending.items():
            match waiting.moment:
                case During(Phase.RESUME):
                    (self._folder / f"armed-{other}").touch()
