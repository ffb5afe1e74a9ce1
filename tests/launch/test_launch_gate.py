"""What stops a launch before it costs anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.facts import Facts
from tminus.launch.gate import examine
from tminus.script import Script

EXAMPLES = Path(__file__).parents[2] / "examples"
GOOD = EXAMPLES / "finetune_llama.py"


def _gate(path: Path = GOOD, **limits):
    return examine(Script.read(path), Facts.bundled(), **limits)


def test_a_good_script_passes_with_its_plan_and_price():
    gate = _gate()
    assert gate.refusals == ()
    assert gate.planned is not None
    assert gate.planned.machines == "1 × 8 H100"
    assert gate.planned.usd_low < gate.planned.usd < gate.planned.usd_high
    assert gate.rate is not None
    assert gate.planned.usd == pytest.approx(gate.rate.cost_usd(gate.planned.seconds))


def test_errors_of_the_check_stop_it_with_their_place():
    gate = _gate(EXAMPLES / "audit" / "train_h100x10.py")
    assert any("TM101" in one and "train_h100x10.py:" in one for one in gate.refusals)
    assert gate.planned is None


def test_the_plan_is_held_against_budget_and_deadline():
    planned = _gate().planned
    assert planned is not None
    assert _gate(budget_usd=planned.usd * 1.01, seconds_left=planned.seconds * 1.01).refusals == ()
    [over] = _gate(budget_usd=planned.usd * 0.9).refusals
    assert f"${planned.usd:.2f}" in over
    [late] = _gate(seconds_left=planned.seconds * 0.9).refusals
    assert "deadline" in late


def _rehearsal(status: str = "passed", twice: int = 0) -> dict:
    return {
        "status": status,
        "claims": [{"claim": "training finished", "outcome": "violated", "seen": "it stopped at 3 of 24"}],
        "attempts": [{"max_steps": 24}],
        "interruptions": [{"steps_twice": twice}],
    }


def test_what_a_resume_cost_in_the_rehearsal_is_kept_back_from_the_budget():
    planned = _gate().planned
    assert planned is not None
    budget = planned.usd * 1.01
    assert _gate(budget_usd=budget).refusals == ()
    dear = _gate(budget_usd=budget, rehearsal=_rehearsal(twice=12))
    [refused] = dear.refusals
    assert dear.resume_usd is not None
    assert f"${dear.resume_usd:.2f} for a resume as rehearsed" in refused
    cheap = _gate(rehearsal=_rehearsal(twice=1))
    assert cheap.resume_usd is not None
    assert cheap.resume_usd < dear.resume_usd


def test_a_failed_rehearsal_stops_it_and_says_what_failed():
    [refused] = _gate(rehearsal=_rehearsal("failed")).refusals
    assert refused == "the rehearsal ended with failed: training finished: it stopped at 3 of 24"
