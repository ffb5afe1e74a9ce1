"""Real kills and signals on real processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import (
    Tiny,
    environment,
    finish,
    logged_steps,
    start,
    start_ranks,
    trace,
    wait_for,
    weights,
)

from tminus.train import TrainConfig, train
from tminus.train.checkpoint import list_checkpoints
from tminus.train.manifest import verify
from tminus.train.metrics import METRICS_FILE, read_metrics

pytestmark = [pytest.mark.slow, pytest.mark.fault, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def straight(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], TrainConfig]:
    """Uninterrupted runs of 40 steps, one a method, in processes like those that are killed."""
    runs: dict[str, TrainConfig] = {}

    def run(method: str) -> TrainConfig:
        if method not in runs:
            output = tmp_path_factory.mktemp(method) / "straight"
            config = tiny.config(output, method=method, max_steps=40, save_every=5)
            assert finish(start(config)) == [0]
            runs[method] = config
        return runs[method]

    return run


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_killed_run_continues_bit_identically(
    straight: Callable[[str], TrainConfig], tmp_path: Path, method: str
) -> None:
    config = replace(straight(method), output_dir=str(tmp_path / "killed"))
    process = start(config)
    assert wait_for(lambda: len(logged_steps(config.output_dir)) >= 13, process)
    process.kill()
    assert finish(process) == [-signal.SIGKILL]
    assert not (tmp_path / "killed" / "final").exists()
    assert finish(start(config)) == [0]
    attempts = {line["attempt"] for line in read_metrics(tmp_path / "killed" / METRICS_FILE)}
    assert attempts == {1, 2}
    assert trace(config.output_dir) == trace(straight(method).output_dir)
    assert weights(config.output_dir) == weights(straight(method).output_dir)


def test_kill_during_a_save_leaves_no_visible_half(
    straight: Callable[[str], TrainConfig], tmp_path: Path
) -> None:
    """Every step is saved, so the kill falls into a save or right beside one."""
    config = replace(straight("lora"), output_dir=str(tmp_path / "killed"), save_every=1, max_steps=40)
    process = start(config)
    output = tmp_path / "killed"
    assert wait_for(lambda: (output / "checkpoint-6").exists(), process)
    assert wait_for(lambda: any(output.glob(".tmp-checkpoint-*")), process)
    process.kill()
    finish(process)
    visible = sorted(output.glob("checkpoint-*"))
    assert len(visible) >= 6
    for path in visible:
        verify(path)
    assert train(config).status == "finished"
    assert not list(output.glob(".tmp-*"))
    assert trace(output) == trace(straight("lora").output_dir)
    assert weights(output) == weights(straight("lora").output_dir)


def test_two_ranks_agree_to_stop_continue_and_match_one_rank(tiny: Tiny, tmp_path: Path) -> None:
    one = tiny.config(tmp_path / "one", max_steps=30, save_every=10, lora_dropout=0.0)
    two = replace(one, output_dir=str(tmp_path / "two"))
    assert finish(start(one)) == [0]

    ranks = start_ranks(two, 2)
    assert wait_for(lambda: len(logged_steps(two.output_dir)) >= 12, ranks[0])
    os.kill(ranks[1].pid, signal.SIGTERM)  # one rank only
    os.kill(ranks[1].pid, signal.SIGTERM)  # and again, while it saves
    assert finish(*ranks) == [75, 75]
    (*_, newest) = list_checkpoints(Path(two.output_dir))
    stopped = logged_steps(two.output_dir)[-1]
    assert 12 <= newest.step == stopped < 30
    assert verify(newest.path).world_size == 2
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= set(newest.manifest.files)

    fewer = replace(one, output_dir=str(tmp_path / "fewer"))
    shutil.copytree(two.output_dir, fewer.output_dir)
    assert finish(*start_ranks(two, 2)) == [0, 0]
    assert train(fewer).status == "finished"  # the second rank never comes back

    more = replace(one, output_dir=str(tmp_path / "more"))
    shutil.copytree(one.output_dir, more.output_dir)
    for late in ("final", "checkpoint-30", "checkpoint-20"):
        shutil.rmtree(tmp_path / "more" / late)
    assert finish(*start_ranks(more, 2)) == [0, 0]
    losses = {
        name: [line["loss"] for line in read_metrics(tmp_path / name / METRICS_FILE)]
        for name in ("one", "two", "fewer", "more")
    }
    assert len(losses["one"]) == 30
    assert losses["two"] == pytest.approx(losses["one"], rel=1e-5)
    assert losses["fewer"] == pytest.approx(losses["one"], rel=1e-5)
    assert losses["more"] == pytest.approx(losses["one"], rel=1e-5)
    assert verify(list_checkpoints(tmp_path / "more")[-1].path).world_size == 2


LAUNCHER = """
import signal, sys
from tminus.train import Interrupted, TrainConfig, torchrun

class InputCancellation(BaseException):
    pass

def cancel(number, frame):
    raise InputCancellation("as Modal's client does")

signal.signal(signal.SIGUSR1, cancel)
try:
    print(torchrun(TrainConfig.from_file(sys.argv[1]), nproc_per_node=int(sys.argv[2])).status)
except BaseException as error:
    print(type(error).__name__)
"""


def launch(config: TrainConfig, ranks: int) -> subprocess.Popen[str]:
    path = Path(config.output_dir).with_suffix(".json")
    path.write_text(config.to_json())
    command = [sys.executable, "-c", LAUNCHER, str(path), str(ranks)]
    return subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("number", "raised"),
    [
        (signal.SIGTERM, "Interrupted"),
        (signal.SIGINT, "KeyboardInterrupt"),
        (signal.SIGUSR1, "InputCancellation"),
    ],
    ids=["SIGTERM", "SIGINT", "InputCancellation"],
)
def test_launcher_lets_the_ranks_save(
    tiny: Tiny, tmp_path: Path, number: signal.Signals, raised: str
) -> None:
    config = tiny.config(tmp_path / "run", max_steps=2000, save_every=1000)
    process = launch(config, 2 if number == signal.SIGTERM else 1)
    assert wait_for(lambda: len(logged_steps(config.output_dir)) >= 3, process)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert output.strip() == raised, errors
    assert "saved" in errors
    (checkpoint,) = list_checkpoints(Path(config.output_dir))
    assert verify(checkpoint.path).step == logged_steps(config.output_dir)[-1]


def test_launcher_never_swallows_a_failure(tiny: Tiny, tmp_path: Path) -> None:
    process = launch(tiny.config(tmp_path / "run", dataset=str(tmp_path / "absent.jsonl")), 1)
    output, errors = process.communicate(timeout=60)
    assert output.strip() == "RanksError"
    assert "absent.jsonl does not exist" in errors
