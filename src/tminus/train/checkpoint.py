"""Checkpoints that are complete or invisible.

Everything of one step is written into `.tmp-checkpoint-N`, flushed, described by a manifest, and only then
renamed to `checkpoint-N`. Once that is durable, the pointer moves to it (`pointer.py`). A reader trusts the
pointer and the digests, never the name of a directory. No torch: what is inside is the trainer's affair.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tminus.durable import fsync_path, write_text
from tminus.train.manifest import (
    MANIFEST_FILE,
    Manifest,
    ManifestError,
    describe,
    read_manifest,
    verify,
)
from tminus.train.pointer import POINTER_FILE, read_pointer

TEMPORARY_PREFIX = ".tmp-"
DAMAGED_PREFIX = "damaged-"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")

Say = Callable[[str], None]
"""Takes one line for the user."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A published directory and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.manifest.step


def checkpoint_name(step: int) -> str:
    """Name of the directory of one step."""
    return f"checkpoint-{step}"


def stage(parent: Path, name: str) -> Path:
    """An empty directory beside the final one, into which everything is written first."""
    staged = parent / f"{TEMPORARY_PREFIX}{name}"
    if staged.exists():
        shutil.rmtree(staged)
    staged.mkdir(parents=True)
    return staged


def publish(
    staged: Path, *, run_id: str, step: int, world_size: int, attempt: int, config: Mapping[str, Any]
) -> Checkpoint:
    """Make a staged directory visible under its final name, with a manifest.

    Every rank must have written its files before. What stood under the final name is set aside as damaged
    where it has no valid manifest, and replaced where it has one.

    Args:
        staged: A directory that `stage` made.
        run_id: Identity of the run.
        step: Optimizer steps done.
        world_size: Ranks that took part.
        attempt: Which start of the run this is, from 1.
        config: The fields that decide what is trained.
    """
    manifest = describe(
        staged, run_id=run_id, step=step, world_size=world_size, attempt=attempt, config=config
    )
    write_text(staged / MANIFEST_FILE, manifest.to_json())
    final = staged.with_name(staged.name.removeprefix(TEMPORARY_PREFIX))
    replaced = _set_aside(final)
    staged.rename(final)
    fsync_path(final.parent)
    if replaced is not None:
        shutil.rmtree(replaced)
    return Checkpoint(final, manifest)


def list_checkpoints(output_dir: Path) -> list[Checkpoint]:
    """Checkpoints with a trustworthy manifest, oldest step first. Their files are not verified."""
    found = []
    for path in _candidates(output_dir):
        try:
            manifest = read_manifest(path)
        except ManifestError:
            continue
        if checkpoint_name(manifest.step) == path.name:
            found.append(Checkpoint(path, manifest))
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def newest_complete(output_dir: Path, say: Say) -> Checkpoint | None:
    """The newest checkpoint whose every file is what was written.

    It is the one that the pointer names, or a newer one that was complete before the pointer could follow.
    A damaged one that is met on the way is renamed to `damaged-checkpoint-N` and the one before it is tried.
    A directory without a manifest was never a checkpoint: it is passed over.

    Raises:
        OSError: The directory itself cannot be read.
    """
    found = None
    for path in sorted(_candidates(output_dir), key=_step_of, reverse=True):
        if not _has_manifest(path):
            say(f"{path.name}: passed over, it has no manifest.json and so was never complete")
            continue
        try:
            manifest = verify(path)
            if manifest.step != _step_of(path):
                raise ManifestError(f"its manifest is of step {manifest.step}")
        except ManifestError as error:
            say(f"{path.name} is damaged ({error}); {_put_away(path)}, trying the one before")
            continue
        found = Checkpoint(path, manifest)
        break
    pointer = read_pointer(output_dir)
    if pointer is not None and pointer.step > (found.step if found else 0):
        left = f"the newest that is whole is {found.path.name}" if found else "none is left that is whole"
        say(f"{POINTER_FILE} names {pointer.checkpoint}, which was complete and is not any more; {left}")
    return found


def prune(output_dir: Path, keep: int, keep_for_s: float | None = None) -> list[Path]:
    """Delete all but the newest `keep` checkpoints, and those above an age; return what was deleted.

    The newest and the one that the pointer names stay, whatever their age. Nothing is deleted unless the
    newest checkpoint has all its files in their sizes: an old one may be the last good one. Contents are
    not read again, since this runs right after they were written.

    Args:
        output_dir: The run's directory.
        keep: Checkpoints to keep, at least one.
        keep_for_s: Age in seconds from which a checkpoint is deleted too.
    """
    checkpoints = list_checkpoints(output_dir)
    if not checkpoints:
        return []
    pointer = read_pointer(output_dir)
    old = [
        checkpoint
        for index, checkpoint in enumerate(reversed(checkpoints))
        if index > 0
        and (index >= keep or (keep_for_s is not None and checkpoint.manifest.age_s > keep_for_s))
        and not (pointer is not None and pointer.names(checkpoint.path, checkpoint.manifest))
    ]
    try:
        verify(checkpoints[-1].path, contents=False)
    except ManifestError:
        return []
    for checkpoint in reversed(old):
        _discard(checkpoint.path)
    return [checkpoint.path for checkpoint in reversed(old)]


def sweep(output_dir: Path) -> list[Path]:
    """Remove what an earlier attempt left half-written, and return what was removed."""
    leftovers = sorted(output_dir.glob(f"{TEMPORARY_PREFIX}*"))
    for path in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return leftovers


def _candidates(output_dir: Path) -> list[Path]:
    if not output_dir.is_dir():
        return []
    return [path for path in output_dir.iterdir() if _CHECKPOINT.fullmatch(path.name) and path.is_dir()]


def _step_of(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _set_aside(final: Path) -> Path | None:
    """Free the final name. Returns what may be deleted once the new directory is in place."""
    if not final.exists():
        return None
    try:
        read_manifest(final)
    except ManifestError:
        _set_damaged(final)
        return None
    replaced = final.with_name(f"{TEMPORARY_PREFIX}replaced-{final.name}")
    if replaced.exists():
        shutil.rmtree(replaced)
    return final.rename(replaced)


def _has_manifest(path: Path) -> bool:
    try:
        return (path / MANIFEST_FILE).exists()
    except OSError:
        return True  # it cannot be looked at: that is damage, which `verify` puts into words


def _put_away(path: Path) -> str:
    """Set a damaged directory aside, and say where it is now."""
    try:
        return f"kept as {_set_damaged(path).name}"
    except OSError as error:
        return f"it stays where it is, since it cannot be renamed ({error.strerror})"


def _set_damaged(path: Path) -> Path:
    aside = path.with_name(f"{DAMAGED_PREFIX}{path.name}")
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{DAMAGED_PREFIX}{path.name}.{count}")
    path.rename(aside)
    fsync_path(aside.parent)
    return aside


def _discard(path: Path) -> None:
    # Renamed first: a kill while deleting must not leave a visible directory with files missing.
    doomed = path.with_name(f"{TEMPORARY_PREFIX}old-{path.name}")
    if doomed.exists():
        shutil.rmtree(doomed)
    path.rename(doomed)
    shutil.rmtree(doomed)
