"""SIGKILL at random moments: is the finished run bit-identical to one that nothing interrupted?

    python bench/faults/train/kills.py --kills 300 --seed 1 --minutes 4 --results bench/results

Tiny Llama, qlora, lora and full, one and two ranks, in turn. A kill comes after a random time, or within a
save (before a random system call of it), at the rename of a checkpoint, or within the resume that follows a
first kill. Afterwards the run is started until it is finished, and compared with an uninterrupted run of its
method and world size: every logged loss, learning rate, gradient norm and token count, and the bytes of the
final weights. A run whose kill came too late is counted apart and drawn again.

Pieces: with `--results` a later call goes on with the next seed. The exit code is 1 if any run differed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import forked
from moments import die_in_rename, die_in_resume, die_in_save
from tiny import make_tiny, tiny_config

from tminus.durable import write_json, write_text
from tminus.train import TrainConfig
from tminus.train.metrics import METRICS_FILE, read_metrics

METHODS = ("lora", "qlora", "full")
WORLDS = (1, 2)
PLACES = ("random", "random", "save", "rename", "resume")
_TRACED = ("step", "loss", "learning_rate", "grad_norm", "tokens")
_ATTEMPTS = 8


class Campaign:
    """The tiny model, the uninterrupted runs, and one killed run after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        os.environ["HF_DATASETS_CACHE"] = str(folder / "cache")
        self._straight: dict[tuple[str, int], tuple[Any, float]] = {}

    def prepare(self) -> None:
        """Make the model, in a process of its own: this one must stay without threads."""
        (ended,) = forked.start(1, lambda rank: make_tiny(self._folder) or 0, self._log).wait(120)
        if ended:
            raise SystemExit(self._log.read_text())

    def kill_one(self, seed: int) -> dict[str, Any]:
        """Kill a run once or twice, finish it, and compare."""
        draw = random.Random(seed)
        method, world = METHODS[seed % 3], WORLDS[seed // 3 % 2]
        place = draw.choice(PLACES)
        reference, straight_s = self._reference(method, world)
        output = self._folder / f"killed-{seed}"
        config = tiny_config(self._folder, output, method)
        kills = 0
        codes = self._attempt(config, world, self._killer(place, draw, straight_s, world), draw)
        kills += codes.count(forked.KILLED) > 0
        if place == "resume" and kills:
            codes = self._attempt(config, world, ("resume", 0.0), draw)
            kills += codes.count(forked.KILLED) > 0
        attempts = 1
        while set(codes) != {0} and attempts < _ATTEMPTS:
            attempts += 1
            codes = self._attempt(config, world, None, draw)
        outcome = self._outcome(output, reference, codes)
        if outcome == "identical":
            shutil.rmtree(output)
        return {
            "seed": seed, "method": method, "world": world, "place": place, "kills": kills,
            "outcome": outcome if kills else "too late",
        }  # fmt: skip

    def _killer(self, place: str, draw: random.Random, straight_s: float, world: int) -> tuple[str, float]:
        if place in ("save", "rename"):
            return place, 0.0
        return "random", draw.uniform(0.0, straight_s)

    def _attempt(
        self, config: TrainConfig, world: int, killer: tuple[str, float] | None, draw: random.Random
    ) -> list[int]:
        victim = draw.randrange(world)
        seed = draw.randrange(2**32)
        arms: dict[str, Callable[[random.Random], None]] = {
            "save": die_in_save, "rename": die_in_rename, "resume": die_in_resume,
        }  # fmt: skip

        def action(rank: int) -> int:
            from tminus.train.run import run
            from tminus.train.signals import StopRequest

            if killer is not None and killer[0] in arms and rank == 0:  # rank 0 writes
                arms[killer[0]](random.Random(seed))
            with StopRequest(process_ends=True) as stop:
                return 0 if run(config, stop).status == "finished" else 75

        ranks = forked.start(world, action, self._log)
        if killer is not None and killer[0] == "random":
            time.sleep(killer[1])
            ranks.kill(ranks.pids[victim])
        return ranks.wait(180)

    def _reference(self, method: str, world: int) -> tuple[Any, float]:
        key = (method, world)
        if key not in self._straight:
            config = tiny_config(self._folder, self._folder / f"straight-{method}-{world}", method)
            started = time.monotonic()
            codes = self._attempt(config, world, None, random.Random(0))
            if set(codes) != {0}:
                raise SystemExit(self._log.read_text()[-3000:])
            self._straight[key] = self._end(Path(config.output_dir)), time.monotonic() - started
        return self._straight[key]

    def _outcome(self, output: Path, reference: Any, codes: list[int]) -> str:
        if set(codes) != {0}:
            return f"not finished: {codes}"
        trace, weights = self._end(output)
        if trace != reference[0]:
            first = next(
                (a[0] for a, b in zip(trace, reference[0], strict=False) if a != b), "a missing step"
            )
            return f"differs from step {first}"
        return "identical" if weights == reference[1] else "weights differ"

    def _end(self, output: Path) -> tuple[list[tuple[Any, ...]], bytes]:
        lines = read_metrics(output / METRICS_FILE)
        (weights,) = (output / "final").glob("*model.safetensors")
        return [tuple(line[name] for name in _TRACED) for line in lines], weights.read_bytes()

    @property
    def _log(self) -> Path:
        return self._folder / "log.txt"


def main() -> int:
    """Run the campaign, or its next piece."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300, help="runs that were killed, all pieces together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=4.0, help="begin no further run after so long")
    parser.add_argument("--results", type=Path, help="folder of the result, which a later call adds to")
    options = parser.parse_args()
    file = options.results / "train-kills.json" if options.results else None
    runs: list[dict[str, Any]] = json.loads(file.read_text())["runs"] if file and file.exists() else []
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
    forked.load_libraries()
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(prefix="tminus-kills-", ignore_cleanup_errors=True) as folder:
        campaign = Campaign(Path(folder))
        campaign.prepare()
        seed = max((run["seed"] for run in runs), default=options.seed - 1) + 1
        while sum(run["kills"] > 0 for run in runs) < options.kills and time.monotonic() < end:
            runs.append(campaign.kill_one(seed))
            print(" ".join(f"{name}={value}" for name, value in runs[-1].items()), flush=True)
            seed += 1
            if file:
                write_json(file, {"made": made(), "runs": runs})
    killed = [run for run in runs if run["kills"]]
    wrong = [run for run in killed if run["outcome"] != "identical"]
    print(f"{len(killed)} killed runs, {len(killed) - len(wrong)} bit-identical, {len(wrong)} not")
    if file:
        write_text(file.with_suffix(".md"), summary(runs))
    return 1 if wrong else 0


def made() -> dict[str, str]:
    """When and with what the result was made."""
    names = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, CPU only, shared with other work",
        "versions": ", ".join(f"{name} {version(name)}" for name in names),
    }


def summary(runs: list[dict[str, Any]]) -> str:
    """The result as Markdown."""
    killed = [run for run in runs if run["kills"]]
    identical = Counter((r["method"], r["world"]) for r in killed if r["outcome"] == "identical")
    of = Counter((r["method"], r["world"]) for r in killed)
    lines = [
        "# Killed and started again: is the result bit-identical?", "",
        f"{len(killed)} runs were killed by SIGKILL ({sum(r['kills'] for r in killed)} kills); "
        f"{sum(identical.values())} ended with every loss, learning rate, gradient norm and the final "
        "weights bit-identical to an uninterrupted run. "
        f"{len(runs) - len(killed)} more were finished before the kill came, and count for nothing.", "",
        "| method | ranks | killed | bit-identical |", "|---|---|---|---|",
        *(f"| {method} | {world} | {of[method, world]} | {identical[method, world]} |"
          for method, world in sorted(of)), "",
        "| moment | killed | bit-identical |", "|---|---|---|",
        *(f"| {place} | {sum(r['place'] == place for r in killed)} | "
          f"{sum(r['place'] == place and r['outcome'] == 'identical' for r in killed)} |"
          for place in dict.fromkeys(PLACES)), "",
        *(f"- seed {r['seed']}: {r['outcome']}" for r in killed if r["outcome"] != "identical"),
        *(f"{name}: {text}" for name, text in made().items()), "",
        "`python bench/faults/train/kills.py --kills 300 --seed 1 --results bench/results`, in pieces.", "",
    ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
