"""Loops of a script's own: real torch under the shim, killed and started again, put together again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.rehearse.history import Attempt, Commit, attempts_of, contents_in, with_steps
from tminus.rehearse.loops import loops_of, reads_of
from tminus.rehearse.observed import read_events

LOOP = """
import os, sys, torch
torch.manual_seed(5)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)).cuda()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
first, way = 0, os.environ["RESUME"]
if way != "no":
    state = torch.load("last.pt", map_location="cuda")
    model.load_state_dict(state["model"])
    if way == "rounded":
        model.bfloat16().float()
    if way == "whole":
        optimizer.load_state_dict(state["optimizer"])
    first = state["step"]
for step in range(first, int(os.environ["STEPS"])):
    rows = torch.randn(4, 8, generator=torch.Generator().manual_seed(step)).to("cuda")
    loss = model(rows).square().mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if (step + 1) % 2 == 0:
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
        torch.save(state, "last.pt")
    if step + 1 == int(os.environ["DIE"]):
        os.kill(os.getpid(), 9)
"""


def twice(tmp_path: Path, run_script, two_gpus: dict[str, str], way: str) -> list[Attempt]:
    killed = run_script(LOOP, RESUME="no", STEPS="8", DIE="5", MODAL_TASK_ID="ta-1", **two_gpus)
    assert killed.returncode == -9, killed.stderr
    done = run_script(LOOP, RESUME=way, STEPS="8", DIE="0", MODAL_TASK_ID="ta-2", **two_gpus)
    assert done.returncode == 0, done.stderr
    return attempts_of(read_events(tmp_path / "events.jsonl"))


@pytest.mark.fault
def test_a_resumed_loop_is_known_by_its_weights(tmp_path: Path, run_script, two_gpus: dict[str, str]) -> None:
    first, second = twice(tmp_path, run_script, two_gpus, "whole")
    assert (first.resumed_from, first.last_step, first.ended_s) == (0, 5, None)
    assert (second.resumed_from, second.last_step, second.recognised) == (4, 8, True)
    assert second.optimizer_restored is True
    assert second.ended_s is not None
    assert first.losses[5] == second.losses[5]
    assert [save.step for save in first.saves] == [2, 4]
    writes = [write for loop in loops_of(read_events(tmp_path / "events.jsonl")) for write in loop.writes]
    assert [write.step for write in writes] == [2, 4, 6, 8]
    (read,) = reads_of(read_events(tmp_path / "events.jsonl"))
    assert read.content == writes[1].content
    commit = Commit(0.0, "ta-2", "runs", "explicit", frozenset(), contents_in(tmp_path, {}))
    assert with_steps([commit], writes)[0].checkpoints == {8}


@pytest.mark.fault
@pytest.mark.parametrize(
    ("way", "resumed_from", "recognised", "optimizer"),
    [("no", 0, True, None), ("weights", 4, True, False), ("rounded", 4, False, None)],
)
def test_what_a_resume_leaves_behind_is_seen(
    way: str,
    resumed_from: int,
    recognised: bool,
    optimizer: bool | None,
    tmp_path: Path,
    run_script,
    two_gpus,
) -> None:
    _, second = twice(tmp_path, run_script, two_gpus, way)
    assert (second.resumed_from, second.recognised) == (resumed_from, recognised)
    assert second.optimizer_restored is optimizer
