"""The pointer to the newest checkpoint that is complete and durable: `latest.json` in a run's directory.

It is moved only after the checkpoint is described, renamed and, with a volume, committed. It names the
checkpoint by the digest of its manifest: a directory that merely has the right name is not what it points to.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tminus.durable import write_json
from tminus.train.manifest import Manifest

POINTER_FILE = "latest.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """What `latest.json` says."""

    checkpoint: str
    """Name of the directory."""

    step: int
    """Optimizer steps that it holds."""

    manifest_sha256: str
    """Digest of its manifest."""

    def names(self, path: Path, manifest: Manifest) -> bool:
        """Whether a directory, with this manifest, is the one that is meant."""
        return path.name == self.checkpoint and manifest.sha256 == self.manifest_sha256


def move_pointer(path: Path, manifest: Manifest) -> None:
    """Point to a checkpoint that is complete and durable."""
    write_json(path.parent / POINTER_FILE, asdict(Pointer(path.name, manifest.step, manifest.sha256)))


def read_pointer(output_dir: Path) -> Pointer | None:
    """The pointer of a run; None where there is none, or none that can be read.

    Nothing is lost without it: the digests of the checkpoints tell which one is complete.
    """
    try:
        values = json.loads((output_dir / POINTER_FILE).read_text(encoding="utf-8"))
        return Pointer(str(values["checkpoint"]), int(values["step"]), str(values["manifest_sha256"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
