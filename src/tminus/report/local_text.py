"""What happens in a local control plane, a line an event."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tminus.controlplane.local import Health, ServiceRecord

# Fields that each kind of event shows in its line, beside its container; other kinds show all.
_SHOWN: dict[str, tuple[str, ...]] = {
    "container_started": ("function", "gpus", "rank"),
    "container_ready": ("function", "boot_s"),
    "container_exited": ("function", "exit_code", "interrupted"),
    "input_started": ("function", "input_id", "attempt"),
    "input_finished": ("function", "input_id", "status"),
    "image_created": ("image_id", "not_run"),
}


def event_line(event: Mapping[str, Any]) -> str:
    """One event, as `tminus local logs` prints it; output of a container keeps its own line ends.

    Args:
        event: The event as one flat object, as the events' file has it.
    """
    fields = {k: v for k, v in event.items() if k not in {"time_s", "kind", "task_id"}}
    stamp = time.strftime("%H:%M:%S", time.localtime(event["time_s"]))
    task_id = str(event.get("task_id", ""))
    if event["kind"] == "log":
        return f"{stamp}  {task_id}  {str(fields['text']).rstrip()}"
    names = _SHOWN.get(event["kind"], tuple(fields))
    said = " ".join(f"{name}={_value(fields[name])}" for name in names if fields.get(name) not in (None, ""))
    words = str(event["kind"]).replace("_", " ")
    return "  ".join(part for part in (stamp, task_id, words, said) if part)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in value) or "-"
    text = str(value)
    return repr(text) if " " in text or not text else text


def status_text(folder: Path, service: ServiceRecord | None, health: Health | None, now_s: float) -> str:
    """Whether a service runs, and what it does.

    Args:
        folder: Folder of its state.
        service: The service as it says it runs; None where none does.
        health: What it answered; None where it did not.
        now_s: Now, in seconds since the epoch.
    """
    if service is None:
        return f"not running; state in {folder}"
    since = duration(now_s - service.started_s)
    if health is None:
        return f"process {service.pid} runs since {since} and does not answer at {service.url}"
    rows = [
        ("running", f"{service.url}, process {service.pid}, for {since}"),
        ("state", str(folder)),
        ("apps", f"{health.deployed} deployed, {health.running} running"),
        ("containers", f"{health.containers}, in {service.isolation}"),
        ("plan", service.workspace_plan),
        *(("not shown", line) for line in service.not_shown),
    ]
    return "\n".join(f"{name:<11} {value}" for name, value in rows)


def status_json(folder: Path, service: ServiceRecord | None, health: Health | None) -> dict[str, Any]:
    """The same as a document."""
    return {
        "state": str(folder),
        "running": service is not None,
        "healthy": health is not None,
        "service": asdict(service) if service is not None else None,
        "now": asdict(health) if health is not None else None,
    }


def duration(seconds: float) -> str:
    """A time in the largest unit that it fills, such as ``3 min``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
