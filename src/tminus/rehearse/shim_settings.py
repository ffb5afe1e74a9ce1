"""What the container shim is told: a JSON file that `TMINUS_REHEARSAL` names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tminus.durable import write_json
from tminus.facts import Facts

SETTINGS_VARIABLE = "TMINUS_REHEARSAL"
"""Environment variable that holds the path of the settings; without it the shim does nothing."""


@dataclass(frozen=True, slots=True)
class ShimSettings:
    """How processes of one container are shrunk to this machine.

    Attributes:
        ranks_per_container: Most ranks that a launcher starts in a container. Fewer run if that is what
            divides the number asked for: the global batch has to come out even.
        seq_len: Longest sequence, in tokens.
        max_steps: Most optimizer steps of a Trainer that sets a number itself; None leaves it its own.
        save_steps: Optimizer steps between checkpoints of a Trainer that saves by steps; None leaves its own.
        events_file: JSON lines file that training events are appended to; its folder exists.
        threads_per_rank: ``OMP_NUM_THREADS`` of every process.
        gpus_asked: GPUs that the container asked for; what ``--nproc-per-node gpu`` means in it.
        scale_accumulation: Keep the global batch by accumulating more, as many times more as fewer ranks
            run. False for scripts that compute the accumulation from the world size themselves.
        gpu_properties: What the stand-in for `torch.cuda` says of a GPU type: its ``name``,
            ``memory_bytes`` and ``capability``; under the empty name, of a type that is not known.
        faults: What a process of the training has to do to itself, as `Fault.for_shim` describes it.
    """

    ranks_per_container: int
    seq_len: int
    events_file: Path
    threads_per_rank: int
    gpus_asked: int
    scale_accumulation: bool = True
    max_steps: int | None = None
    save_steps: int | None = None
    gpu_properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    faults: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        for name in ("ranks_per_container", "seq_len", "threads_per_rank"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: found {getattr(self, name)}, but at least 1 is needed")
        if self.gpus_asked < 0:
            raise ValueError(f"gpus_asked: found {self.gpus_asked}, but it cannot be negative")

    def write(self, path: Path) -> None:
        """Write the settings where `SETTINGS_VARIABLE` will point; replaces an older file at once."""
        write_json(path, {**asdict(self), "events_file": str(self.events_file)})

    @classmethod
    def read(cls, path: Path) -> ShimSettings:
        """Read settings that `write` wrote.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not JSON, or a value cannot be used.
            TypeError: A setting is missing or unknown.
        """
        values = json.loads(path.read_text(encoding="utf-8"))
        given = {"events_file": Path(values["events_file"]), "faults": tuple(values.get("faults", ()))}
        return cls(**{**values, **given})


def gpu_properties(facts: Facts) -> dict[str, dict[str, Any]]:
    """What the stand-in for `torch.cuda` says of every type of GPU, by the name that ``gpu=`` takes."""
    known = {
        name.rstrip("!+").upper(): {
            "name": f"{gpu.name.rstrip('!+')} (stood in for by a CPU)",
            "memory_bytes": int(gpu.usable_gib * 2**30),
            "capability": [int(part) for part in gpu.compute_capability.split(".")],
        }
        for gpu in facts.gpus.values()
        for name in (gpu.name, *gpu.aliases)
    }
    # "any" takes what is free: what every type has.
    least = min(known.values(), key=lambda one: (one["capability"], one["memory_bytes"]))
    return {**known, "": {**least, "name": "GPU (stood in for by a CPU)"}}
