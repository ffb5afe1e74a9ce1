"""Everything that the platform allows: the matrix, its front, and what a user's limits leave of it."""

from dataclasses import replace

import pytest

from tminus.estimate import TrainingJob
from tminus.facts import Facts
from tminus.plan import Asked, PlanError, Wishes, make_plan, region_multiplier, seconds_of, workspace_of
from tminus.plan.matrix import machines, pareto_front

FACTS = Facts.bundled()
H100 = FACTS.gpu("H100")
JOB = TrainingJob(
    model=FACTS.model("meta-llama/Llama-3.1-8B"),
    method="lora",
    seq_len=2048,
    rows=50_000,
    global_batch=64,
    packing=True,
    loss="chunked",
)
ASKED = Asked(gpu=H100, gpus_per_node=8, method="lora")


@pytest.fixture(scope="module")
def plan():
    return make_plan(JOB, ASKED, FACTS)


def test_every_type_and_count_that_is_allowed_is_there(plan):
    listed = {(o.hardware.gpu.name, o.hardware.gpus_per_node, o.hardware.nodes) for o in plan.matrix}
    for gpu in FACTS.gpus.values():
        most = gpu.max_per_container.value
        if most is not None and not gpu.name.endswith(("!", "+")) and gpu.name != "A100-40GB":
            assert (gpu.name, most, 1) in listed
            assert (gpu.name, 1, 1) in listed
    most_nodes = FACTS["cluster.max_nodes"].value
    assert max(nodes for _, _, nodes in listed) <= most_nodes
    assert ("H100", 8, 2) in listed
    assert all(option.allowed for option in plan.matrix)
    assert len(listed) == len(list(machines(FACTS)))


def test_nothing_beats_what_is_on_the_front(plan):
    front = plan.pareto
    hours = [option.estimate.run.hours for option in front]
    usd = [option.estimate.usd for option in front]
    assert hours == sorted(hours)
    assert usd == sorted(usd, reverse=True)
    for option in plan.matrix:
        if option.runs and option.fitted.job.global_batch == JOB.global_batch:
            assert any(
                best.estimate.run.hours <= option.estimate.run.hours + 1e-3
                and best.estimate.usd * 0.99 <= option.estimate.usd
                for best in front
            )
    assert pareto_front([]) == []


def test_an_open_method_tries_all():
    wishes = Wishes(methods=("qlora", "lora", "full"))
    plan = make_plan(replace(JOB, method="qlora"), replace(ASKED, method=None), FACTS, wishes=wishes)
    assert {option.fitted.job.method for option in plan.matrix} == {"qlora", "lora", "full"}
    sizes = {
        option.fitted.job.method: option.estimate.memory.terms["weights"]
        for option in plan.matrix
        if option.hardware.world_size == 1 and option.hardware.gpu is FACTS.gpu("B200")
    }
    assert sizes["qlora"] < sizes["lora"] == sizes["full"]


def test_budget_and_deadline_are_kept_and_what_may_break_them_is_marked(plan):
    usd = plan.cheapest.option.estimate.usd
    tight = make_plan(JOB, ASKED, FACTS, wishes=Wishes(budget_usd=usd * 1.2))
    for one in (tight.now, tight.cheapest, tight.fastest):
        assert one is None or one.option.estimate.usd <= usd * 1.2
    assert any("more than the budget" in note for option in tight.options for note in option.notes)
    hours = plan.fastest.option.estimate.run.hours
    soon = make_plan(JOB, ASKED, FACTS, wishes=Wishes(deadline_s=hours * 1.5 * 3600))
    assert soon.cheapest.option.estimate.run.hours <= hours * 1.5
    assert soon.cheapest.option.estimate.usd >= usd
    assert any("after the deadline" in note for option in soon.options for note in option.notes)
    assert make_plan(JOB, ASKED, FACTS, wishes=Wishes(budget_usd=0.01)).cheapest is None


def test_the_workspace_plan_refuses_what_it_cannot_run_and_names_its_source():
    starter = workspace_of("Starter", FACTS)
    plan = make_plan(JOB, ASKED, FACTS, wishes=Wishes(workspace=starter))
    refused = [option for option in plan.matrix if not option.allowed]
    assert refused
    assert all(option.hardware.world_size > starter.concurrent_gpus for option in refused)
    assert "https://" in refused[0].refused_because
    assert plan.fastest.option.hardware.world_size <= starter.concurrent_gpus
    with pytest.raises(PlanError, match="no workspace plan"):
        workspace_of("gold", FACTS)


def test_region_and_safety_from_preemption_are_in_the_price(plan):
    here = plan.options[0].estimate.rate.usd_per_s
    broad = region_multiplier("broad", FACTS)
    there = make_plan(JOB, ASKED, FACTS, wishes=Wishes(region_multiplier=broad)).options[0]
    assert there.estimate.rate.usd_per_s == pytest.approx(here * broad)
    safe = make_plan(JOB, ASKED, FACTS, wishes=Wishes(nonpreemptible=True)).options[0]
    assert safe.estimate.run.interruptions_s == 0
    assert safe.to_dict()["expected_interruptions"] == 0
    assert safe.estimate.usd > plan.options[0].estimate.usd


def test_a_recommendation_says_what_would_change_it(plan):
    changes = " ".join(plan.cheapest.changes)
    assert "with a deadline below" in changes
    assert "with a budget below" in " ".join(plan.fastest.changes)


@pytest.mark.parametrize(("text", "seconds"), [("6h", 21_600), ("90min", 5400), ("1d", 86_400), ("2", 7200)])
def test_durations(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1h", "0h"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(PlanError, match="no duration"):
        seconds_of(text)
