"""Options and recommendations for a job given by hand."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tminus.estimate import Hardware, TrainingJob
from tminus.facts import Facts
from tminus.plan import Asked, make_plan
from tminus.plan.batch import fit_batch
from tminus.plan.limits import prerequisites, refusal

FACTS = Facts.bundled()
H100 = FACTS.gpu("H100")
JOB = TrainingJob(
    model=FACTS.model("meta-llama/Llama-3.1-8B"),
    method="qlora",
    seq_len=2048,
    rows=52_002,
    global_batch=160,
    epochs=3,
    tokens_per_row=130.0,
    loss="chunked",
)
ASKED = Asked(gpu=H100, gpus_per_node=10, timeout_s=21_600, retries=2)
OPTION_KEYS = {
    "name",
    "gpu",
    "nodes",
    "allowed",
    "refused_because",
    "fits",
    "memory_gib_per_gpu",
    "micro_batch",
    "gradient_accumulation",
    "global_batch",
    "steps",
    "checkpoint_every",
    "hours",
    "hours_low",
    "hours_high",
    "usd",
    "usd_low",
    "usd_high",
    "prerequisites",
    "notes",
    "prices_as_of",
}


@pytest.fixture(scope="module")
def plan():
    return make_plan(JOB, ASKED, FACTS)


def named(plan, name):
    return next(option for option in plan.options if option.name == name)


def test_the_plan_is_json_with_the_promised_keys(plan):
    written = json.loads(json.dumps(plan.to_dict()))
    assert {"job", "assumed", "options", "recommended", "prices_as_of"} <= written.keys()
    assert {"now", "fastest"} <= written["recommended"].keys()
    for option in written["options"]:
        assert option.keys() >= OPTION_KEYS
    names = [option["name"] for option in written["options"]]
    assert len(names) == len(set(names))
    for recommended in written["recommended"].values():
        assert recommended["option"] in names
        assert recommended["reasons"]
    assert written["prices_as_of"] == H100.usd_per_second.as_of.isoformat()


def test_what_every_estimate_assumes_is_listed(plan):
    named_assumptions = {assumption.name for assumption in plan.assumed}
    assert {"hours_between_interruptions", "startup_s", "cpu_cores_per_gpu"} <= named_assumptions
    generous = make_plan(JOB, replace(ASKED, cpu_cores=32, memory_gib=256), FACTS)
    assert "cpu_cores_per_gpu" not in {assumption.name for assumption in generous.assumed}


def test_what_was_asked_is_refused_with_the_limit_and_its_source(plan):
    asked = plan.options[0]
    assert (asked.name, asked.asked, asked.allowed) == ("1 × 10 H100", True, False)
    assert "at most 8" in asked.refused_because
    assert H100.max_per_container.citation() in asked.refused_because
    written = asked.to_dict()
    assert written["fits"] is None
    assert written["usd"] is None


def test_its_split_over_two_nodes_is_refused_because_a_cluster_takes_whole_hosts(plan):
    split = named(plan, "2 × 5 H100")
    assert not split.allowed
    assert "all GPUs of its host" in split.refused_because
    assert "H100:8" in split.refused_because
    assert FACTS["cluster.full_host_since"].citation() in split.refused_because


def test_the_nearest_legal_machines_are_offered(plan):
    one, two = named(plan, "1 × 8 H100"), named(plan, "2 × 8 H100")
    assert one.runs
    assert two.runs
    assert not one.setup
    assert two.setup
    assert two.estimate.run.hours < one.estimate.run.hours
    assert {"1 × 4 H100", "1 × 2 H100", "1 × 1 H100"} <= {option.name for option in plan.options}


def test_a_cluster_says_what_has_to_be_set_up(plan):
    needed = " | ".join(named(plan, "2 × 8 H100").prerequisites)
    assert "Team" in needed
    assert "16 concurrent GPUs" in needed
    assert "payment method" in needed
    assert "@modal.clustered(size=2, rdma=True)" in needed
    assert "libibverbs" in needed
    assert "Team" not in " | ".join(named(plan, "1 × 8 H100").prerequisites)


def test_the_global_batch_is_kept_or_the_nearest_taken(plan):
    for name, batch in (("1 × 8 H100", 160), ("2 × 8 H100", 160), ("1 × 1 H100", 160)):
        assert named(plan, name).estimate.split.global_batch == batch
    fitted = fit_batch(replace(JOB, global_batch=60), Hardware(H100, 8), FACTS)
    assert fitted.estimate.split.global_batch == 64
    assert any("64 instead of 60" in note for note in fitted.notes)
    assert fit_batch(replace(JOB, global_batch=1), Hardware(H100, 8), FACTS).estimate.split.global_batch == 8


@given(batch=st.integers(1, 2048), world=st.integers(1, 8), seq_len=st.sampled_from([256, 2048, 8192]))
@settings(max_examples=60, deadline=None)
def test_any_batch_is_split_evenly_into_micro_batches_that_fit(batch, world, seq_len):
    job = replace(JOB, global_batch=batch, seq_len=seq_len, tokens_per_row=None)
    fitted = fit_batch(job, Hardware(H100, world), FACTS)
    split = fitted.estimate.split
    assert split.global_batch == fitted.job.global_batch
    assert split.global_batch % world == 0
    assert abs(split.global_batch - batch) <= max(world / 2, world - batch)
    assert split.micro_batch * split.accumulation * world == split.global_batch
    assert fitted.fit == "yes"
    assert fitted.estimate.memory.reserved_gib <= H100.usable_gib


def test_a_full_fine_tune_is_sharded_when_one_gpu_cannot_hold_it():
    job = replace(JOB, method="full", global_batch=64)
    a40 = FACTS.gpu("A100-40GB")
    assert fit_batch(job, Hardware(a40, 1), FACTS).fit == "no"
    eight = fit_batch(job, Hardware(a40, 8), FACTS)
    assert (eight.fit, eight.estimate.sharding) == ("yes", "fsdp")
    assert any("FSDP" in note for note in eight.notes)
    assert fit_batch(job, Hardware(FACTS.gpu("B200"), 8), FACTS).estimate.sharding == "none"


def test_what_does_not_fit_says_so_and_is_not_recommended():
    job = replace(JOB, model=FACTS.model("meta-llama/Llama-3.1-70B"), method="lora", global_batch=64)
    plan = make_plan(job, replace(ASKED, gpus_per_node=1), FACTS)
    asked = plan.options[0]
    assert asked.fit == "no"
    assert any("does not fit" in note for note in asked.notes)
    assert asked.to_dict()["fits"] is False
    for recommended in (plan.now, plan.fastest):
        assert recommended is None or recommended.option.runs


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_adapters_too_are_sharded_where_a_copy_of_the_base_fits_no_gpu(method):
    model = FACTS.model("meta-llama/Llama-3.1-405B")
    job = replace(JOB, model=model, method=method, global_batch=32)
    fitted = fit_batch(job, Hardware(FACTS.gpu("B200"), 8), FACTS)
    assert fitted.fit == "yes"
    assert fitted.estimate.sharding == "fsdp"
    assert any("FSDP" in note for note in fitted.notes)
    assert any("quant_storage" in note for note in fitted.notes) is (method == "qlora")


def test_what_is_known_to_the_byte_is_not_uncertain():
    """87 GiB of weights do not fit 79, whatever the interval says."""
    job = replace(JOB, model=FACTS.model("mistralai/Mixtral-8x7B-v0.1"), method="lora", global_batch=32)
    assert fit_batch(job, Hardware(H100, 1), FACTS).fit == "no"
    assert fit_batch(job, Hardware(H100, 2), FACTS).estimate.sharding == "fsdp"


def test_other_types_are_listed_only_when_cheaper(plan):
    own = [option.estimate.usd for option in plan.options if option.runs and option.hardware.gpu is H100]
    recommended = [one.option for one in (plan.now, plan.cheapest, plan.fastest)]
    for option in plan.options:
        if option.hardware.gpu is not H100 and option not in recommended:
            assert option.runs
            assert option.estimate.usd < max(own)


def test_now_needs_no_setup_and_fastest_is_the_fastest(plan):
    assert not plan.now.option.setup
    assert plan.now.option.runs
    assert all(
        plan.fastest.option.estimate.run.hours <= option.estimate.run.hours
        for option in plan.options
        if option.runs and option.hardware.gpu is H100
    )
    assert all(
        plan.cheapest.option.estimate.usd <= option.estimate.usd
        for option in plan.matrix
        if option.runs and option.fitted.job.global_batch == JOB.global_batch
    )


def test_qlora_that_saves_memory_nobody_needs_is_called_that(plan):
    assert any("LoRA with a 16-bit base" in reason for reason in plan.now.reasons)
    lora = make_plan(replace(JOB, method="lora"), ASKED, FACTS)
    assert not any("QLoRA" in reason for reason in lora.now.reasons)


def test_a_run_longer_than_the_time_limit_is_marked():
    plan = make_plan(replace(JOB, epochs=300), replace(ASKED, gpus_per_node=8), FACTS)
    assert any("may not finish" in note for note in plan.options[0].notes)


def test_the_worst_case_is_rate_times_timeout_times_attempts(plan):
    option = named(plan, "1 × 8 H100")
    assert option.to_dict()["worst_case_usd"] == pytest.approx(
        option.estimate.rate.usd_per_s * 21_600 * 3, abs=0.01
    )


@pytest.mark.parametrize(
    ("gpu", "count", "nodes", "reason"),
    [
        ("H100", 8, 1, None),
        ("H100", 9, 1, "at most 8 H100"),
        ("A10", 5, 1, "at most 4 A10"),
        ("H100", 8, 2, None),
        ("H100", 8, 33, "containers"),
        ("A10", 2, 2, "all GPUs of its host"),
    ],
)
def test_refusals_follow_the_facts(gpu, count, nodes, reason):
    found = refusal(FACTS.gpu(gpu), count, nodes, FACTS)
    assert found is None if reason is None else reason in found


def test_more_gpus_than_any_listed_plan_allows_are_by_agreement():
    needed = prerequisites(H100, 8, 8, True, FACTS)
    assert any("Enterprise, by agreement" in what for what in needed)
