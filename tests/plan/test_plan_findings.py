"""What a plan says against a script's own timeout and a budget."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path

import pytest

from tminus.check import Finding, Severity, check
from tminus.check.catalogue import catalogue
from tminus.check.codes import PLANNED_CODES
from tminus.check.planned import PlannedRun, planned_findings
from tminus.facts import Facts
from tminus.plan.findings import planned_run, with_plan
from tminus.script import Script, Source, Span

FACTS = Facts.bundled()
SCRIPT = """\
import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "trl==0.25.1")
app = modal.App("long", image=image)
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="L4", timeout={timeout}, retries={retries}, volumes={{"/runs": volume}})
def train():
    from datasets import load_dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    rows = load_dataset("tatsu-lab/alpaca", split="train")
    model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.2-1B")
    config = SFTConfig(
        output_dir="/runs/a",
        num_train_epochs=10,
        per_device_train_batch_size=4,
        max_length=1024,
        packing=False,
    )
    SFTTrainer(model, args=config, train_dataset=rows, peft_config=LoraConfig(r=16)).train()
"""


def script(timeout: object = 3600, retries: object = 0) -> Script:
    text = SCRIPT.format(timeout=timeout, retries=retries)
    return Script.parse(Source(Path("long.py"), text))


def found(one: Script, budget_usd: float | None = None) -> list[Finding]:
    extend = partial(with_plan, budget_usd=budget_usd)
    return [finding for finding in check(one, FACTS, extend=extend) if finding.code in PLANNED_CODES]


def test_a_run_that_is_planned_to_take_longer_than_its_timeout_is_found_at_the_timeout() -> None:
    (finding,) = found(script())
    assert (finding.code, finding.severity) == ("TM303", Severity.WARNING)
    assert (finding.span.line, finding.message.startswith("train() cannot finish: it takes")) == (8, True)
    assert finding.message.endswith("on 1 × 1 L4, and its timeout ends it after 1.0 h")


def test_a_timeout_that_is_long_enough_is_not_reported() -> None:
    assert found(script(timeout=24 * 3600)) == []


def test_attempts_add_up_where_it_is_tried_again() -> None:
    run = planned_run(script(), FACTS)
    assert run is not None
    attempts = int(run.high_s // 3600) + 1
    assert found(script(retries=attempts)) == []
    (finding,) = found(script(retries=1))
    assert finding.message.endswith("its 2 attempts end after 2.0 h")


def test_the_budget_is_held_against_the_expected_price() -> None:
    run = planned_run(script(timeout=24 * 3600), FACTS)
    assert run is not None
    assert 0 < run.usd_low < run.usd < run.usd_high
    long = script(timeout=24 * 3600)
    assert found(long, budget_usd=run.usd_high) == []
    (surely,) = found(long, budget_usd=run.usd_low / 2)
    assert (surely.code, surely.severity) == ("TM901", Severity.WARNING)
    assert f"${run.usd:.2f}" in surely.message
    (perhaps,) = found(long, budget_usd=(run.usd + run.usd_high) / 2)
    assert perhaps.severity is Severity.INFO


def test_a_script_that_says_too_little_gets_no_finding() -> None:
    source = Source(
        Path("a.py"), 'import modal\napp = modal.App("a")\n\n@app.function(gpu="L4")\ndef f(): ...\n'
    )
    assert planned_run(Script.parse(source), FACTS) is None


def test_without_a_plan_the_rules_do_not_run_and_have_their_pages() -> None:
    assert not {finding.code for finding in check(script(), FACTS)} & set(PLANNED_CODES)
    for code in PLANNED_CODES:
        assert "## Limit and source\n" in catalogue()[code].page


@pytest.mark.parametrize(
    ("low_s", "expected_s", "severity", "words"),
    [
        (3000, 3500, Severity.INFO, "f() may not finish: it takes 58 min, and up to 1.7 h, on 1 × 1 L4"),
        (3000, 4000, Severity.WARNING, "f() is not planned to finish: it takes 1.1 h (50 min to 1.7 h)"),
        (3700, 4000, Severity.WARNING, "f() cannot finish: it takes 1.1 h (1.0 h to 1.7 h)"),
    ],
)
def test_the_interval_decides_how_sure_it_is(
    low_s: float, expected_s: float, severity: Severity, words: str
) -> None:
    span = Span(Path("a.py"), 1, 1, 1, 2)
    run = PlannedRun("f", "1 × 1 L4", span, span, 3600, 0, low_s, expected_s, 6000, 1.0, 2.0, 3.0)
    (finding,) = planned_findings(run, FACTS)
    assert (finding.code, finding.severity) == ("TM303", severity)
    assert finding.message.startswith(words)


def test_an_interval_within_the_limit_is_not_reported() -> None:
    span = Span(Path("a.py"), 1, 1, 1, 2)
    run = PlannedRun("f", "1 × 1 L4", span, span, 7200, 0, 3000, 4000, 6000, 1.0, 2.0, 3.0)
    assert planned_findings(run, FACTS) == []


@pytest.mark.parametrize("budget_usd", [None, 50.0])
def test_it_travels_to_another_process(budget_usd: float | None) -> None:
    sent = pickle.loads(pickle.dumps(partial(with_plan, budget_usd=budget_usd)))
    assert sent([], script(timeout=24 * 3600), FACTS) == with_plan(
        [], script(timeout=24 * 3600), FACTS, budget_usd
    )
