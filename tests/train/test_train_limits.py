"""When to save and when to stop: intervals by steps, time and cost; deadlines, timeouts, budgets."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Tiny, logged_steps
from hypothesis import given
from hypothesis import strategies as st

from tminus.estimate.interval import optimal_interval_s
from tminus.facts import Facts
from tminus.train import ConfigError, TrainConfig, train
from tminus.train.allowance import Allowance, End, ends_of
from tminus.train.checkpoint import list_checkpoints
from tminus.train.durations import format_duration, parse_duration_s
from tminus.train.errors import BudgetError
from tminus.train.manifest import verify
from tminus.train.record import RunRecord
from tminus.train.schedule import SaveSchedule
from tminus.train.stop_clock import StopClock

HOUR_S = 3600.0


def config(**changes: object) -> TrainConfig:
    base = TrainConfig(model="m", method="lora", dataset="d", output_dir="/runs/x", global_batch=8)
    return replace(base, **changes)  # type: ignore[arg-type]


@given(st.floats(0.01, 1e4), st.sampled_from(["s", "min", "h", "d"]))
def test_lengths_of_time_are_read_as_written(number: float, unit: str) -> None:
    seconds = parse_duration_s(f"{number:.3f}{unit}")
    assert seconds == pytest.approx(round(number, 3) * {"s": 1, "min": 60, "h": 3600, "d": 86400}[unit])
    assert parse_duration_s(format_duration(seconds)) == pytest.approx(seconds, rel=0.01)


@pytest.mark.parametrize(
    ("field", "value"),
    [("save_every", "often"), ("save_every", "10"), ("save_every", 0), ("deadline", "6 hours"),
     ("deadline", 6), ("keep_for", "0d"), ("budget_usd", 0), ("spike_factor", 1), ("on_bad_step", "ignore"),
     ("interruptions_per_day", 0)],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        config(**{field: value})


@given(total=st.integers(1, 500), every=st.integers(1, 600))
def test_steps_are_counted_from_the_beginning_of_the_run(total: int, every: int) -> None:
    schedule = SaveSchedule(every, total, 1.0, now=0.0)
    due = [step for step in range(1, total + 1) if schedule.due(step, float(step))]
    assert due == [step for step in range(1, total + 1) if step % every == 0 or step == total]


@given(total=st.integers(1, 500))
def test_without_an_interval_it_is_a_tenth_of_the_run(total: int) -> None:
    schedule = SaveSchedule(None, total, 1.0, now=0.0)
    count = sum(schedule.due(step, 0.0) for step in range(1, total + 1))
    assert 1 <= count <= 11


def test_minutes_are_counted_from_the_last_save() -> None:
    schedule = SaveSchedule("10min", 1000, 1.0, now=0.0)
    saved = []
    for step in range(1, 101):
        now = 60.0 * step
        schedule.step_ended(now)
        if schedule.due(step, now):
            saved.append(step)
            schedule.saved(now, 1.0, 1.0)
    assert saved == list(range(10, 101, 10))


@given(stall_s=st.floats(0.02, 30), per_day=st.floats(0.5, 48), background_s=st.floats(0, 200))
def test_auto_weighs_the_measured_save_against_interruptions(
    stall_s: float, per_day: float, background_s: float
) -> None:
    schedule = SaveSchedule("auto", 10**6, per_day, now=0.0)
    now, saved = 0.0, []
    for step in range(1, 3000):
        now += 7.0
        schedule.step_ended(now)
        if schedule.due(step, now):
            saved.append(now)
            line = schedule.saved(now, stall_s, background_s)
            assert (line is not None) == (len(saved) == 1)
            if len(saved) == 3:
                break
    assert saved[0] == 35.0  # the fifth step: to measure
    wanted = max(optimal_interval_s(stall_s, 86400 / per_day), background_s)
    if len(saved) == 3:
        assert wanted <= saved[2] - saved[1] < wanted + 7.0
    else:
        assert wanted > 7.0 * 1400


@given(
    left_s=st.floats(60, 1e5), step_s=st.floats(0.1, 60), save_s=st.floats(0.1, 300), first=st.floats(0, 1)
)
def test_training_stops_at_the_last_step_that_leaves_time_to_save(
    left_s: float, step_s: float, save_s: float, first: float
) -> None:
    clock = StopClock([End(left_s, "the deadline"), End(left_s + 1, "the timeout")], now=0.0)
    now, stopped = first * left_s, None
    while stopped is None and now < left_s:
        stopped = clock.must_stop(now, step_s, save_s)
        if stopped is None:
            now += step_s
    assert stopped is not None
    assert "the deadline" in stopped
    if now > first * left_s:  # it trained at least a step
        assert now + save_s <= left_s
        assert now + step_s + 1.5 * save_s + 5 > left_s  # and no step too few


def test_without_limits_nothing_stops() -> None:
    assert StopClock((), now=0.0).must_stop(1e12, 1.0, 1.0) is None


def test_deadline_timeout_and_budget_each_end_an_attempt() -> None:
    told = Allowance(started=1000.0, timeout_at=1000.0 + 6 * HOUR_S, usd_per_s=0.01, priced="8 x H100")
    assert Allowance.here(1, environ=told.environment()) == told
    ends = ends_of(config(deadline="2h", budget_usd=100.0), told, spent_s=1000.0, at=1000.0)
    assert [end.at - 1000.0 for end in ends] == pytest.approx([2 * HOUR_S, 6 * HOUR_S, 9000.0])
    assert "2h" in ends[0].why
    assert "$100.00" in ends[2].why


def test_spent_budget_and_missing_price_are_refused() -> None:
    told = Allowance(started=0.0, usd_per_s=0.01, priced="8 x H100")
    with pytest.raises(BudgetError, match=r"\$100.00 of \$100.00"):
        ends_of(config(budget_usd=100.0), told, spent_s=10_000.0, at=0.0)
    with pytest.raises(BudgetError, match=r"no price.*does not run in a Modal function"):
        ends_of(config(budget_usd=100.0), Allowance.here(1, environ={}), spent_s=0.0, at=0.0)


def test_time_of_every_attempt_counts_even_if_nothing_says_how_it_ended() -> None:
    record = RunRecord(run_id="r", config={}, attempt=0)
    record = record.started(at=100.0, last_sign=0.0)
    record = record.started(at=500.0, last_sign=160.0)  # killed, last seen at 160
    record = record.ended(at=530.0)
    assert record.started(at=900.0, last_sign=901.0).spent_s == 60.0 + 30.0


@pytest.fixture
def function_def() -> Iterator[object]:
    """The client's own record of a container whose function asked for eight H100 and an hour."""
    pytest.importorskip("modal")
    from modal._runtime.container_io_manager import _ContainerIOManager
    from modal.client import _Client
    from modal_proto import api_pb2

    arguments = api_pb2.ContainerArguments(
        function_def=api_pb2.Function(
            timeout_secs=3600,
            resources=api_pb2.Resources(
                milli_cpu=16_000, memory_mb=65_536, gpu_config=api_pb2.GPUConfig(gpu_type="H100", count=8)
            ),
        )
    )
    client = _Client("http://127.0.0.1:1", api_pb2.CLIENT_TYPE_CONTAINER, None)  # it never calls
    manager = _ContainerIOManager(arguments, client)
    manager.current_input_started_at = time.time() - 60
    yield manager
    _ContainerIOManager._reset_singleton()


def test_container_tells_its_timeout_and_its_price(function_def: object) -> None:
    allowance = Allowance.here(ranks=8, environ={})
    assert allowance.timeout_at == pytest.approx(time.time() + 3540, abs=5)
    h100 = Facts.bundled().gpu("H100")
    assert h100 is not None
    gpus = 8 * float(h100.usd_per_second.value)
    assert allowance.usd_per_s is not None
    assert gpus < allowance.usd_per_s < 1.2 * gpus
    assert "8 x H100, 16 cores, 64 GiB" in allowance.priced
    two = Allowance.here(ranks=8, nodes=2, environ={})
    assert two.usd_per_s == pytest.approx(2 * allowance.usd_per_s)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_training_stops_before_the_timeout_saved_and_goes_on(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tiny.config(tmp_path / "run", max_steps=5000, save_every="auto", keep_checkpoints=2)
    now = time.time()
    monkeypatch.setenv(*next(iter(Allowance(now, timeout_at=now + 14).environment().items())))
    result = train(run)
    assert time.time() < now + 14
    assert result.status == "interrupted"
    assert 0 < result.steps < 5000
    assert verify(list_checkpoints(tmp_path / "run")[-1].path).step == result.steps
    assert logged_steps(run.output_dir)[-1] == result.steps
    said = capsys.readouterr().err
    assert "before the function's timeout" in said
    assert math.isclose(float(said.split("checkpoints every ")[1].split()[0]), 29, rel_tol=5)
