"""What can go wrong, as users write it, and schedules that are drawn."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.cli import UserError
from tminus.cli.rehearse_faults import add_fault_flags, faults_of
from tminus.rehearse import Fault, FaultKind, Faults, random_faults
from tminus.rehearse.faults import AtStep, During, Phase, Spread


def faults(*arguments: str) -> Faults:
    parser = argparse.ArgumentParser()
    add_fault_flags(parser)
    return faults_of(parser.parse_args(list(arguments)))


@pytest.mark.parametrize(
    "spec",
    [
        "preempt", "preempt@step:12", "kill@30s", "kill@2.5s", "kill@save:2", "preempt@commit:1",
        "kill@resume", "kill-rank:1@step:5", "oom@step:3", "timeout@step:4", "disk-full@save:1",
    ],
)  # fmt: skip
def test_a_fault_reads_as_it_is_written(spec: str) -> None:
    assert str(Fault.parse(spec)) == spec


@pytest.mark.parametrize(
    "spec",
    [
        "", "explode", "kill@", "kill@step", "kill@step:-1", "kill@save:0", "kill-rank@step:2", "kill-rank:1",
        "preempt:1@step:2", "disk-full", "disk-full@step:2", "kill-rank:0@save:1",
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_with_the_way_to_say_it(spec: str) -> None:
    with pytest.raises(ValueError, match=r"fault|names a rank|is full|killed after"):
        Fault.parse(spec)


def test_flags_say_the_same_as_names() -> None:
    given = faults("--preempt", "2", "--kill", "@save:2", "--kill-rank", "1@step:5", "--disk-full", "1")
    assert [str(one) for one in given.events] == [
        "preempt", "preempt", "kill@save:2", "disk-full@save:1", "kill-rank:1@step:5",
    ]  # fmt: skip
    assert [one.moment for one in given.events[:2]] == [Spread(1, 2), Spread(2, 2)]
    assert faults("--preempt", "1", "--during", "commit").events == (
        Fault(FaultKind.PREEMPT, During(Phase.COMMIT)),
    )
    assert faults("--during", "resume").events == (Fault(FaultKind.KILL, During(Phase.RESUME)),)
    assert faults().events == ()


@pytest.mark.parametrize(
    "arguments", [("--preempt", "x"), ("--rpc-errors", "1.5"), ("--slow-volume", "-1"), ("--fault", "kill@")]
)
def test_flags_that_make_no_sense_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UserError):
        faults(*arguments)


@given(seed=st.integers(0, 10_000), steps=st.integers(4, 200), ranks=st.integers(1, 8), retries=st.booleans())
def test_a_drawn_schedule_is_the_same_again_and_can_be_asked_for(
    seed: int, steps: int, ranks: int, retries: bool
) -> None:
    drawn = random_faults(seed, steps, ranks, costs_retry=retries)
    assert drawn == random_faults(seed, steps, ranks, costs_retry=retries)
    again = faults(*drawn.arguments())
    assert again.events == drawn.events
    assert (again.rpc_error_rate, again.volume_delay_s) == (drawn.rpc_error_rate, drawn.volume_delay_s)
    costly = [one for one in drawn.events if one.kind.costs_retry]
    assert {FaultKind.PREEMPT, FaultKind.KILL}.isdisjoint(one.kind for one in costly)
    assert len(costly) <= (1 if retries else 0)
    for one in drawn.events:
        if isinstance(one.moment, AtStep):
            assert 1 <= one.moment.step <= steps
        assert one.rank < ranks
        assert one.moment != During(Phase.RESUME) or one is not drawn.events[0]
