"""Young's and Daly's interval: the best one for the expected loss that it is meant to minimise."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.estimate import checkpoint_every_steps, optimal_interval_s
from tminus.estimate.interval import expected_loss_s


def test_approaches_young_when_saving_is_quick():
    assert optimal_interval_s(1, 86_400) == pytest.approx(math.sqrt(2 * 86_400), rel=0.01)


def test_a_save_as_long_as_the_time_between_interruptions_caps_the_interval():
    assert optimal_interval_s(200, 50) == 50


@given(save=st.floats(0.1, 120), mean=st.floats(3600, 1e6), off=st.floats(1.5, 5))
def test_no_other_interval_loses_less(save, mean, off):
    """Saving time and lost time for an hour of work, to first order."""

    def loss(interval):
        work = 3600.0
        return work / interval * save + expected_loss_s(work, interval, 0.0, mean)

    best = optimal_interval_s(save, mean)
    assert loss(best) <= loss(best * off)
    assert loss(best) <= loss(best / off)


@given(
    step=st.floats(0.01, 1000), save=st.floats(0.1, 600), mean=st.floats(60, 1e6), total=st.integers(1, 10**6)
)
def test_steps_stay_within_the_run(step, save, mean, total):
    assert 1 <= checkpoint_every_steps(step, save, mean, total) <= total


@given(save=st.floats(0.1, 60), mean=st.floats(3600, 1e5))
def test_rarer_interruptions_and_slower_saves_mean_fewer_checkpoints(save, mean):
    assert optimal_interval_s(save, 2 * mean) > optimal_interval_s(save, mean)
    assert optimal_interval_s(2 * save, mean) > optimal_interval_s(save, mean)


@pytest.mark.parametrize(("save", "mean"), [(0, 1), (1, 0), (-1, 1)])
def test_times_must_be_positive(save, mean):
    with pytest.raises(ValueError, match="positive"):
        optimal_interval_s(save, mean)
    with pytest.raises(ValueError, match="step"):
        checkpoint_every_steps(0, 1, 1, 1)
