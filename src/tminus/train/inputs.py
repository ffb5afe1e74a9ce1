"""What a run was made of, beside its checkpoints: its resolved configuration, its rows, its hardware."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tminus.durable import write_json, write_text
from tminus.train.config import TrainConfig
from tminus.train.config_file import to_yaml
from tminus.train.errors import ResumeError
from tminus.train.row_report import RowReport

CONFIG_FILE = "config.yaml"
INPUTS_FILE = "inputs.json"

_PACKAGES = (
    "tminus", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "bitsandbytes",
    "flash_attn", "liger_kernel",
)  # fmt: skip


def write_inputs(
    config: TrainConfig, rows: RowReport, evaluated: int, ranks: int, decisions: Sequence[str]
) -> None:
    """Write what the run is made of into its directory. Rank 0 only.

    Args:
        config: The run; it can be run again from the file.
        rows: What became of the training rows, bad ones counted.
        evaluated: Rows that are evaluated on.
        ranks: Number of ranks.
        decisions: What was decided from the hardware, in words.
    """
    output = Path(config.output_dir)
    write_text(output / CONFIG_FILE, f"# run {config.run_id}\n{to_yaml(config)}")
    values = {
        "rows": rows.to_dict(),
        "evaluation_rows": evaluated,
        "ranks": ranks,
        "device": device_name(),
        "decisions": list(decisions),
        "versions": versions(),
    }
    write_json(output / INPUTS_FILE, values)


def read_inputs(output_dir: Path) -> dict[str, Any]:
    """What `write_inputs` wrote; empty where nothing is there."""
    try:
        found = json.loads((output_dir / INPUTS_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def update_rows(config: TrainConfig, rows: RowReport) -> None:
    """Write again what became of the rows, which for streamed ones is known in the end. Rank 0 only."""
    output = Path(config.output_dir)
    write_json(output / INPUTS_FILE, read_inputs(output) | {"rows": rows.to_dict()})


def refuse_other_rows(config: TrainConfig, rows: RowReport) -> None:
    """Refuse to continue a run on rows that are not those that it began with, as far as their counts tell.

    Rows that are streamed are counted as they come, and so not compared.

    Raises:
        ResumeError: Names what differs.
    """
    before = read_inputs(Path(config.output_dir)).get("rows")
    if before is None or config.streaming:
        return
    changed = [
        f"{name}: {before[name]:,} -> {getattr(rows, name):,}"
        for name in ("read", "used", "tokens", "learned")
        if before[name] != getattr(rows, name)
    ]
    if changed:
        raise ResumeError(
            f"dataset: its rows have changed since the run began ({'; '.join(changed)}), so going on would "
            "train on other rows in another order. Choose another output_dir, or restore the data set."
        )


def device_name() -> str:
    """The GPU, or the kind of processor."""
    import torch

    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name(torch.cuda.current_device()))
    return f"CPU ({platform.machine()})"


def versions() -> dict[str, str]:
    """Versions of what trains, as far as it is installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
