"""Trying out, on the user's own data and settings, that a killed run ends as one that nothing interrupted.

Two short runs of the configuration in processes like those of a real run: one is left alone, one is killed by
SIGKILL once it has a checkpoint and steps beyond it, and started again. Every logged number and the final
weights must be the same to the last bit.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tminus.train.checkpoint import list_checkpoints
from tminus.train.config import TrainConfig
from tminus.train.errors import TrainError
from tminus.train.manifest import read_manifest
from tminus.train.metrics import METRICS_FILE, read_evaluations, read_metrics
from tminus.train.rank_report import read_reports
from tminus.train.record import FINAL_DIRECTORY

COMPARED = ("loss", "learning_rate", "grad_norm", "tokens", "epoch", "eval_loss")
"""Numbers of a line of metrics that must be the same."""

_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Difference:
    """The first number that is not the same."""

    step: int
    name: str
    straight: Any
    resumed: Any

    def __str__(self) -> str:
        return f"step {self.step}: {self.name} {self.straight!r} without the kill, {self.resumed!r} with it"


@dataclass(frozen=True, slots=True)
class Verification:
    """What the two runs gave."""

    steps: int
    killed_after: int
    """Last step that the killed process logged."""

    resumed_from: int
    difference: Difference | None
    same_weights: bool
    repeatable: bool | None
    """Where there is a difference: whether two uninterrupted runs are the same. None: not tried."""

    @property
    def exact(self) -> bool:
        """Whether everything is the same."""
        return self.difference is None and self.same_weights


def verify_resume(
    config: TrainConfig, *, steps: int, ranks: int, folder: Path, say: Callable[[str], None]
) -> Verification:
    """Run, kill, resume, compare.

    Args:
        config: The run to try out. Its own directory, volume and limits are not used.
        steps: Optimizer steps of each run, at least 4.
        ranks: Ranks on this machine.
        folder: An empty directory for the runs.
        say: Takes one line for the user.

    Raises:
        TrainError: A run failed, or ended before it could be killed.
    """
    say(f"1/3 {steps} steps without interruption")
    straight = _shortened(config, steps, folder / "straight")
    _finish(straight, ranks)

    killed = replace(straight, output_dir=str(folder / "killed"))
    killed_after = _run_and_kill(killed, ranks)
    say(f"2/3 killed by SIGKILL after step {killed_after}")
    _finish(killed, ranks)
    resumed_from = _last_start(killed)
    say(f"3/3 resumed from step {resumed_from}, and finished")

    difference = first_difference(Path(straight.output_dir), Path(killed.output_dir))
    same_weights = _final_digests(straight) == _final_digests(killed)
    repeatable = None
    if difference is not None or not same_weights:
        say("not the same: is a run without interruption the same twice?")
        again = replace(straight, output_dir=str(folder / "again"))
        _finish(again, ranks)
        repeatable = first_difference(
            Path(straight.output_dir), Path(again.output_dir)
        ) is None and _final_digests(straight) == _final_digests(again)
    return Verification(steps, killed_after, resumed_from, difference, same_weights, repeatable)


def first_difference(straight: Path, resumed: Path) -> Difference | None:
    """The first number in which the metrics of two runs differ, by step and then by name."""
    here, there = _numbers(straight), _numbers(resumed)
    for step, name in sorted(here.keys() | there.keys()):
        one, other = here.get((step, name), "nothing"), there.get((step, name), "nothing")
        if one != other:
            return Difference(step, name, one, other)
    return None


def _numbers(run: Path) -> dict[tuple[int, str], Any]:
    """What a run logged, by step and name."""
    file = run / METRICS_FILE
    return {
        (line["step"], name): line[name]
        for line in (*read_metrics(file), *read_evaluations(file))
        for name in COMPARED
        if name in line
    }


def _shortened(config: TrainConfig, steps: int, output: Path) -> TrainConfig:
    return replace(
        config,
        output_dir=str(output),
        run_name=config.name,
        max_steps=steps,
        save_every=max(1, steps // 4),
        log_every=1,
        keep_checkpoints=max(2, config.keep_checkpoints),
        volume=None,
        deadline=None,
        budget_usd=None,
    )


def _start(config: TrainConfig, ranks: int) -> subprocess.Popen[bytes]:
    folder = Path(config.output_dir)
    reports = folder.with_name(f"{folder.name}-reports")
    shutil.rmtree(reports, ignore_errors=True)  # of a start before: its process ids are others' by now
    reports.mkdir(parents=True)
    file = folder.with_name(f"{folder.name}.json")
    file.write_text(config.to_json(), encoding="utf-8")
    rank = ["-m", "tminus.train", str(file), "--reports", str(reports)]
    if ranks > 1:
        rank = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}", *rank]
    with folder.with_name(f"{folder.name}.log").open("ab") as log:
        return subprocess.Popen([sys.executable, *rank], stdout=log, stderr=log, start_new_session=True)


def _finish(config: TrainConfig, ranks: int) -> None:
    process = _start(config, ranks)
    try:
        code = process.wait()
    except BaseException:
        _kill(process, config)
        raise
    if code != 0:
        raise TrainError(f"a run of the configuration ended with exit code {code}:\n{_end_of_log(config)}")


def _run_and_kill(config: TrainConfig, ranks: int) -> int:
    """Start a run, kill it once it has a checkpoint and a step beyond it; give the last step it logged."""
    process = _start(config, ranks)
    output = Path(config.output_dir)
    try:
        while not _is_beyond_a_checkpoint(output):
            if process.poll() is not None:
                raise TrainError(
                    f"the run was over before it could be killed (exit code {process.returncode}). Take more "
                    f"steps.\n{_end_of_log(config)}"
                )
            time.sleep(_POLL_S)
    finally:
        _kill(process, config)
    return _last_step(output)


def _is_beyond_a_checkpoint(output: Path) -> bool:
    checkpoints = list_checkpoints(output)
    return bool(checkpoints) and _last_step(output) > checkpoints[-1].step


def _last_step(output: Path) -> int:
    lines = read_metrics(output / METRICS_FILE)
    return int(lines[-1]["step"]) if lines else 0


def _last_start(config: TrainConfig) -> int:
    lines = read_metrics(Path(config.output_dir) / METRICS_FILE)
    return int(lines[-1].get("resumed_from") or 0) if lines else 0


def _kill(process: subprocess.Popen[bytes], config: TrainConfig) -> None:
    """SIGKILL the ranks and what started them."""
    folder = Path(config.output_dir)
    ranks = [report.pid for report in read_reports(folder.with_name(f"{folder.name}-reports"))]
    if process.poll() is None:
        for pid in (*ranks, process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait()


def _final_digests(config: TrainConfig) -> dict[str, str]:
    manifest = read_manifest(Path(config.output_dir) / FINAL_DIRECTORY)
    return {name: file.sha256 for name, file in manifest.files.items() if name.endswith(".safetensors")}


def _end_of_log(config: TrainConfig) -> str:
    folder = Path(config.output_dir)
    text = folder.with_name(f"{folder.name}.log").read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-12:])
