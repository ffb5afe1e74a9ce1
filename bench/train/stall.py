"""For how long does a checkpoint stop the training: copied and written beside it, against written at once?

    python bench/train/stall.py --results bench/results

A Llama of 25 M weights with AdamW's moments, 0.3 GB of state; saves of both kinds in turn, medians. Between
two saves the model trains until the one beside it is written, as a run with an interval does.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tminus.durable import write_json
from tminus.train.checkpoint import publish, stage
from tminus.train.saver import Saver


class Tokenizer:
    """A tokenizer's files are small and made once: none are needed here."""

    def save_pretrained(self, folder: str) -> None:
        """Write nothing."""


def main() -> None:
    """Save by turns, and print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--saves", type=int, default=7, help="of each kind")
    parser.add_argument("--results", type=Path, help="folder for the result")
    options = parser.parse_args()
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tminus.train.snapshot import Snapshots

    shape = LlamaConfig(
        vocab_size=8192, hidden_size=512, intermediate_size=1408, num_hidden_layers=5, num_attention_heads=8
    )
    model = LlamaForCausalLM(shape)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    tokens = torch.randint(0, 8192, (1, 32))

    def step() -> None:
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    snapshots = Snapshots(model, Tokenizer())
    stalls: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        savers = {kind: Saver(output, background=kind) for kind in stalls}
        for number in range(2 * (options.saves + 1)):
            background = number % 2 == 0
            saver = savers[background]
            started = time.monotonic()
            snapshot = snapshots.take(optimizer, {})

            def write(snapshot: Any = snapshot, number: int = number) -> Any:
                staged = stage(output, f"checkpoint-{number}")
                snapshots.write(snapshot, staged)
                return publish(staged, run_id="r", step=number, world_size=1, attempt=1, config={})

            saver.submit(write, number)
            if number > 1:  # the first of each kind makes the buffers
                stalls[background].append(time.monotonic() - started)
            step()
            saver.wait()
            shutil.rmtree(output / f"checkpoint-{number}")
        for saver in savers.values():
            saver.close()
    beside, at_once = median(stalls[True]), median(stalls[False])
    parameters = sum(value.numel() for value in model.parameters())
    result = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, CPU only, shared with other work",
        "torch": torch.__version__,
        "parameters": parameters,
        "saves_of_each_kind": options.saves,
        "stall_beside_s": beside,
        "stall_at_once_s": at_once,
        "ratio": beside / at_once,
    }
    print(
        f"{parameters / 1e6:.0f} M weights: {beside:.3f} s beside, {at_once:.3f} s at once: "
        f"{beside / at_once:.3f} x"
    )
    if options.results:
        write_json(options.results / "train-stall.json", result)


if __name__ == "__main__":
    main()
