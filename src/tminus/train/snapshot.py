"""A copy of the training's state in the host's memory, and how it is written.

Taking the copy is all that the training waits for. What is written are the ecosystem's own files, so that
PEFT, transformers and a plain Trainer can read a checkpoint.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file
from torch.distributed.checkpoint.staging import DefaultStager, StagingOptions


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything of one step boundary."""

    weights: Mapping[str, torch.Tensor]
    """The adapter as PEFT names it, or every weight. On the host."""

    optimizer: Mapping[str, Any]
    """State of the optimizer. On the host."""

    small: Mapping[str, bytes]
    """Name -> content of the other files."""


class Snapshots:
    """Takes snapshots of one model and optimizer, into buffers that it uses again."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """Look at what does not change while the run lasts.

        Args:
            model: The model, unwrapped; a `PeftModel` where an adapter is trained.
            tokenizer: Its files go into every checkpoint. They are made here, on the training's thread: a
                tokenizer that is used and written at the same time fails.
        """
        self._model = model
        self._constant = files_of(tokenizer)
        if isinstance(model, PeftModel):
            adapter = copy.copy(model.peft_config["default"])
            adapter.inference_mode = True  # as PEFT writes it: who loads an adapter mostly wants to use it
            self._constant |= files_of(adapter)
        gpu = torch.accelerator.is_available()
        self._stager = DefaultStager(
            StagingOptions(
                use_pinned_memory=gpu,
                use_shared_memory=False,
                use_async_staging=False,
                use_non_blocking_copy=gpu,
            )
        )

    def take(self, optimizer: Any, small: Mapping[str, bytes]) -> Snapshot:
        """Copy the state to the host. What the last snapshot held is overwritten.

        Args:
            optimizer: The optimizer.
            small: Name -> content of further files.
        """
        weights = (
            get_peft_model_state_dict(self._model)
            if isinstance(self._model, PeftModel)
            else self._model.state_dict()
        )
        staged: Any = self._stager.stage({"weights": weights, "optimizer": optimizer.state_dict()})
        return Snapshot(staged["weights"], staged["optimizer"], {**self._constant, **small})

    def write(self, snapshot: Snapshot, directory: Path) -> None:
        """Write a snapshot's files into a directory. Runs on any thread."""
        if isinstance(self._model, PeftModel):
            save_file(dict(snapshot.weights), directory / "adapter_model.safetensors", {"format": "pt"})
        else:
            self._model.save_pretrained(directory, state_dict=dict(snapshot.weights))
        torch.save(snapshot.optimizer, directory / "optimizer.pt")
        for name, content in snapshot.small.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def files_of(*savable: Any) -> dict[str, bytes]:
    """The files that objects write by their `save_pretrained`, as name -> content."""
    with tempfile.TemporaryDirectory() as directory:
        for one in savable:
            one.save_pretrained(directory)
        root = Path(directory)
        return {
            path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
        }
