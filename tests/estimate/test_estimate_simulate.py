"""Runs played through event by event, against what is known in closed form."""

import math
import random
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tminus.estimate.interval import expected_loss_s, optimal_interval_s
from tminus.estimate.simulate import Course, daly_total_s, play, simulate

HOUR = 3600.0
QUIET = Course(steps=1000, step_s=2.0, save_every=100, save_s=10.0, startup_s=120.0, usd_per_s=0.01)


def test_a_run_that_nothing_interrupts_is_a_sum():
    played = play(QUIET, random.Random(0))
    assert played.total_s == 120 + 1000 * 2 + 10 * 10
    assert played.usd == pytest.approx(played.total_s * 0.01)
    assert (played.finished, played.lost_s, played.saves) == (True, 0.0, 10)


def test_the_last_piece_may_be_shorter():
    played = play(replace(QUIET, steps=1050), random.Random(0))
    assert played.saves == 11
    assert played.total_s == 120 + 1050 * 2 + 11 * 10


@pytest.mark.parametrize("nodes", [1, 8, 32])
def test_the_mean_is_that_of_dalys_complete_model(nodes):
    """Ten hours of work; up to 32 containers, the first interrupted stops all."""
    course = Course(
        steps=3600,
        step_s=10.0,
        save_every=60,
        save_s=30.0,
        startup_s=200.0,
        nodes=nodes,
        mean_time_s=100 * HOUR,
    )
    mean_time_s = course.mean_time_s / nodes
    expected = daly_total_s(36_000, 600, 30, 200, mean_time_s)
    # Daly's runs begin after a start: the first costs what any restart does.
    first = mean_time_s * (math.exp(200 / mean_time_s) - 1)
    runs = simulate(course, runs=1500, seed=1)
    assert runs.total_s.mean == pytest.approx(expected + first, rel=0.01)
    assert runs.finished == 1.0


def test_what_is_lost_is_what_young_says_when_interruptions_are_rare():
    course = Course(steps=3600, step_s=10.0, save_every=60, save_s=5.0, startup_s=60.0, mean_time_s=40 * HOUR)
    runs = simulate(course, runs=4000, seed=2)
    uninterrupted = 60 + 36_000 + 60 * 5
    expected = expected_loss_s(36_300, 600, 60, 40 * HOUR)
    assert runs.total_s.mean - uninterrupted == pytest.approx(expected, rel=0.15)


def test_dalys_interval_is_the_best_of_those_tried():
    """Fewer and more checkpoints than Daly's interval both take longer."""
    base = Course(steps=7200, step_s=5.0, save_every=1, save_s=60.0, startup_s=300.0, mean_time_s=4 * HOUR)
    best = round(optimal_interval_s(60.0, 4 * HOUR) / 5.0)
    means = {
        every: simulate(replace(base, save_every=every), runs=600, seed=3).total_s.mean
        for every in (best // 5, best, best * 5)
    }
    assert min(means, key=means.__getitem__) == best


def test_the_same_seed_gives_the_same():
    course = replace(QUIET, mean_time_s=1800.0, queue_s=60.0, step_spread=0.1)
    assert simulate(course, 50, seed=4) == simulate(course, 50, seed=4)
    assert simulate(course, 50, seed=4).total_s != simulate(course, 50, seed=5).total_s


def test_an_attempt_that_runs_into_its_limit_goes_on_while_retries_last():
    limited = replace(QUIET, timeout_s=1000.0)
    assert not play(limited, random.Random(0)).finished
    played = play(replace(limited, retries=3), random.Random(0))
    assert played.finished
    assert played.timeouts == 2
    # 880 s of work an attempt: four pieces of 210 s are saved, 40 s are lost.
    assert played.lost_s == pytest.approx(2 * 40)


def test_waiting_costs_time_and_no_money():
    waiting = simulate(replace(QUIET, queue_s=600.0), runs=2000, seed=6)
    assert waiting.total_s.mean == pytest.approx(play(QUIET, random.Random(0)).total_s + 600, rel=0.03)
    assert waiting.usd.p90 == pytest.approx(play(QUIET, random.Random(0)).usd)


@given(
    nodes=st.integers(1, 32),
    every=st.integers(1, 400),
    mean=st.floats(2 * HOUR, 500 * HOUR),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_no_run_beats_the_one_that_nothing_interrupts(nodes, every, mean, seed):
    course = replace(QUIET, nodes=nodes, save_every=every, mean_time_s=mean)
    played = play(course, random.Random(seed))
    alone = play(replace(course, mean_time_s=math.inf), random.Random(seed))
    assert played.finished
    assert played.total_s >= alone.total_s - 1e-6
    assert played.lost_s <= played.total_s - alone.total_s + 1e-6
    assert played.saves == alone.saves


def test_32_nodes_of_8_gpus_are_played_quickly():
    course = Course(
        steps=20_000,
        step_s=6.0,
        save_every=100,
        save_s=20.0,
        startup_s=300.0,
        nodes=32,
        mean_time_s=8 * HOUR * 32,
    )
    began = time.process_time()
    simulate(course, runs=200)
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize("name", ["steps", "step_s", "save_every", "nodes", "mean_time_s"])
def test_a_run_without_work_is_refused(name):
    with pytest.raises(ValueError, match=name):
        replace(QUIET, **{name: 0})
