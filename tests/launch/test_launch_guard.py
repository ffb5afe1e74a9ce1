"""When the guard stops a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.facts import Facts
from tminus.launch import guard
from tminus.launch.guard import Limits, Meter


def test_it_stops_early_enough_to_save():
    limits = Limits(0.01, deadline=1000.0, grace_s=30.0, poll_s=10.0)
    assert limits.exceeded(959.0, 0.0, 1) is None
    assert limits.exceeded(960.0, 0.0, 1) == "deadline"


def test_the_price_of_saving_is_kept_back_from_the_budget():
    limits = Limits(0.01, budget_usd=10.0, grace_s=30.0, poll_s=10.0)
    assert limits.exceeded(0.0, 9.1, 2) is None
    assert limits.exceeded(0.0, 9.2, 2) == "budget"
    assert limits.exceeded(0.0, 9.2, 1) is None


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.floats(1, 100)), max_size=8),
    st.floats(0.001, 1.0),
)
def test_a_meter_never_runs_backwards_and_goes_on_from_its_state(looks, usd_per_s):
    meter, before = Meter(), 0.0
    for number, live in enumerate(looks):
        meter = Meter(meter.state())
        meter.see(live, 100.0 + 10 * number)
        now = meter.usd(usd_per_s)
        assert now >= before
        before = now
    assert meter.containers == len({name for live in looks for name in live})


def test_a_container_that_waits_costs_nothing():
    meter = Meter()
    meter.see({"a": 0.0}, 1000.0)
    assert meter.usd(1.0) == 0.0
    meter.see({"a": 990.0}, 1000.0)
    assert meter.usd(1.0) == pytest.approx(10.0)


def test_its_own_limits_are_the_platforms():
    # Modal ships the guard alone, without the facts.
    facts = Facts.bundled()
    assert facts["function.timeout_max_s"].value == guard._TIMEOUT_S
    assert facts["function.retries_max"].value >= guard._RETRIES
