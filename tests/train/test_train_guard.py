"""Updates that would spoil the weights are left out, and what follows is what was asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Tiny, trace, weights

from tminus.train import train
from tminus.train.checkpoint import list_checkpoints
from tminus.train.errors import DivergedError
from tminus.train.guard import Guard
from tminus.train.metrics import METRICS_FILE, read_metrics
from tminus.train.record import RECORD_FILE
from tminus.train.trainer import CheckpointedTrainer


def optimizer(kind: Callable[..., Any] = torch.optim.AdamW, **options: Any) -> tuple[Any, Any]:
    parameter = torch.nn.Parameter(torch.ones(3))
    return parameter, kind([parameter], lr=0.1, **options)


@pytest.mark.parametrize(
    ("kind", "options"), [(torch.optim.AdamW, {"fused": True}), (torch.optim.SGD, {"momentum": 0.9})]
)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_bad_update_changes_neither_weights_nor_moments(kind: Any, options: Any, bad: float) -> None:
    def run(norms: list[float]) -> torch.Tensor:
        guard = Guard(None, world_size=1)
        parameter, steps = optimizer(kind, **options)
        for norm in norms:
            finite = math.isfinite(norm)
            parameter.grad = torch.full((3,), norm if finite else math.nan)
            guard.before_update(torch.tensor(norm), steps)
            steps.step()
        assert guard.read() == sum(not math.isfinite(norm) for norm in norms) == guard.total
        assert guard.read() == 0
        return parameter.detach()

    assert torch.equal(run([1.0, bad, bad, 2.0]), run([1.0, 2.0]))


def test_spike_is_judged_by_the_median_of_what_was_logged() -> None:
    guard = Guard(2.0, world_size=1)
    parameter, steps = optimizer(fused=True)

    def update(loss: float) -> int:
        guard.micro_batch(torch.tensor(loss / 2))
        guard.micro_batch(torch.tensor(loss / 2))
        parameter.grad = torch.ones(3)
        guard.before_update(torch.tensor(1.0), steps)
        steps.step()
        return guard.read(loss)

    assert [update(loss) for loss in (9.0, *[1.0] * 8)] == [0] * 9  # too few to know
    before = parameter.detach().clone()
    assert update(2.1) == 1
    assert update(math.nan) == 1
    assert torch.equal(parameter, before)
    assert update(1.9) == 0
    assert not torch.equal(parameter, before)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int, int], float]], None]:
    """Multiply the loss of chosen steps, as rows that break a model would: by step and attempt."""

    def install(factor: Callable[[int, int], float]) -> None:
        compute = CheckpointedTrainer.compute_loss

        def poisoned(self: Any, *args: Any, **kwargs: Any) -> Any:
            loss = compute(self, *args, **kwargs)
            return loss * factor(self.state.global_step + 1, self._attempt.number)

        monkeypatch.setattr(CheckpointedTrainer, "compute_loss", poisoned)

    return install


Poison = Callable[[Callable[[int, int], float]], None]


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_training_goes_on_without_the_bad_update_and_resumes_exactly(
    tiny: Tiny, tmp_path: Path, poison: Poison, capsys: pytest.CaptureFixture[str]
) -> None:
    poison(lambda step, attempt: math.nan if step in (3, 9) else 1.0)
    config = tiny.config(tmp_path / "run")
    assert train(config).status == "finished"
    lines = read_metrics(tmp_path / "run" / METRICS_FILE)
    assert [line["step"] for line in lines if line["loss"] is None] == [3, 9]
    assert lines[8 + 1]["loss"] == pytest.approx(lines[7]["loss"], rel=0.3)
    said = capsys.readouterr().err
    assert "1 update up to step 3 left out: gradients not finite (1 of at most 10" in said
    assert "(2 of at most 10" in said
    straight = trace(config.output_dir), weights(config.output_dir)
    (tmp_path / "run" / "final").rename(tmp_path / "gone")
    for checkpoint in list_checkpoints(tmp_path / "run")[1:]:
        checkpoint.path.rename(tmp_path / checkpoint.path.name)
    assert train(config).resumed_from == 4
    assert (trace(config.output_dir), weights(config.output_dir)) == straight
    assert "(2 of at most 10" in capsys.readouterr().err  # the first was counted before the checkpoint


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_rollback_goes_on_from_the_checkpoint_with_another_order(
    tiny: Tiny, tmp_path: Path, poison: Poison, capsys: pytest.CaptureFixture[str]
) -> None:
    poison(lambda step, attempt: math.nan if step == 7 and attempt == 1 else 1.0)
    config = tiny.config(tmp_path / "run", on_bad_step="rollback")
    result = train(config)
    assert (result.status, result.attempt, result.resumed_from) == ("finished", 2, 4)
    said = capsys.readouterr().err
    assert "going back to the last good checkpoint" in said
    assert json.loads((tmp_path / "run" / RECORD_FILE).read_text())["rollbacks"] == 1
    raw = [json.loads(line) for line in (tmp_path / "run" / METRICS_FILE).read_text().splitlines()]
    first, second = ([line for line in raw if line["attempt"] == number] for number in (1, 2))
    assert [line["step"] for line in second] == list(range(5, 13))
    # The same weights meet other rows: from the first step on the losses are others.
    assert first[4]["step"] == second[0]["step"] == 5
    assert first[4]["loss"] != second[0]["loss"]


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(("asked", "from_step"), [("stop", 6), ("skip", 6), ("rollback", 6)])
def test_it_gives_up_after_as_many_as_asked_and_keeps_the_last_good_one(
    tiny: Tiny, tmp_path: Path, poison: Poison, asked: str, from_step: int
) -> None:
    poison(lambda step, attempt: math.nan if step >= from_step else 1.0)
    config = tiny.config(tmp_path / "run", on_bad_step=asked, max_bad_steps=1 if asked == "rollback" else 3)
    with pytest.raises(DivergedError, match=r"on_bad_step is stop|max_bad_steps"):
        train(config)
    last = list_checkpoints(tmp_path / "run")[-1]
    assert last.step == (8 if asked == "skip" else 4)
    from safetensors.torch import load_file

    kept = load_file(last.path / "adapter_model.safetensors")
    assert all(torch.isfinite(value).all() for value in kept.values())
