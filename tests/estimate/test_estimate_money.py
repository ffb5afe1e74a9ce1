"""Money: linear in time and machines, at the prices of the facts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.estimate import (
    BatchSplit,
    Hardware,
    TrainingJob,
    bill,
    estimate,
    rate,
    run_time,
    step_time,
    worst_case_usd,
)
from tminus.facts import Facts

FACTS = Facts.bundled()
H100 = FACTS.gpu("H100")
JOB = TrainingJob(
    model=FACTS.model("meta-llama/Llama-3.1-8B"), method="lora", seq_len=2048, rows=20_000, global_batch=64
)


@given(seconds=st.floats(0, 1e6), factor=st.integers(1, 32), cores=st.floats(0, 64), gib=st.floats(0, 512))
def test_price_is_linear_in_time_and_containers(seconds, factor, cores, gib):
    one = rate(Hardware(H100, 8, 1, cpu_cores=cores, memory_gib=gib), FACTS)
    many = rate(Hardware(H100, 8, factor, cpu_cores=cores, memory_gib=gib), FACTS)
    assert many.cost_usd(seconds) == pytest.approx(factor * one.cost_usd(seconds))
    assert one.cost_usd(2 * seconds) == pytest.approx(2 * one.cost_usd(seconds))


def test_gpus_cores_and_memory_are_priced_by_the_facts():
    price = rate(Hardware(H100, 8, cpu_cores=16, memory_gib=64), FACTS)
    assert price.gpu_usd_per_s == pytest.approx(8 * H100.usd_per_second.value)
    assert price.cpu_usd_per_s == pytest.approx(16 * FACTS["price.cpu_usd_per_core_second"].value)
    assert price.memory_usd_per_s == pytest.approx(64 * FACTS["price.memory_usd_per_gib_second"].value)
    assert price.usd_per_hour == pytest.approx(price.usd_per_s * 3600)
    assert price.as_of == H100.usd_per_second.as_of


def test_a_region_multiplies_everything():
    hardware = Hardware(H100, 1, cpu_cores=1, memory_gib=1)
    narrow = float(FACTS["price.region_multiplier_narrow"].value)
    there = replace(hardware, region_multiplier=narrow)
    assert rate(there, FACTS).usd_per_s == pytest.approx(narrow * rate(hardware, FACTS).usd_per_s)


def test_being_safe_from_preemption_costs_what_the_facts_say_and_loses_nothing():
    hardware = Hardware(H100, 8)
    safe = replace(hardware, nonpreemptible=True)
    factor = float(FACTS["price.nonpreemptible_multiplier"].value)
    assert rate(safe, FACTS).usd_per_s == pytest.approx(factor * rate(hardware, FACTS).usd_per_s)
    step = step_time(JOB, safe, BatchSplit(4, 2, 8), FACTS)
    assert run_time(JOB, safe, step).interruptions_s == 0 < run_time(JOB, hardware, step).interruptions_s


def test_the_bill_adds_up_and_names_what_dominates_it():
    hardware = Hardware(H100, 8, cpu_cores=8, memory_gib=64)
    step = step_time(JOB, hardware, BatchSplit(4, 2, 8), FACTS)
    run, price = run_time(JOB, hardware, step), rate(hardware, FACTS)
    found = bill(JOB, run, price, FACTS.plan("starter"), FACTS)
    containers = {name: usd for name, usd in found.parts.items() if name != "image build"}
    assert sum(containers.values()) == pytest.approx(price.cost_usd(run.total_s))
    written = found.to_dict()
    assert written["usd"] == pytest.approx(sum(written["parts_usd"].values()))
    assert found.dominant == max(found.parts, key=found.parts.get)
    assert found.credit_usd <= found.usd


def test_storage_beyond_what_is_free_is_billed():
    full = replace(JOB, model=FACTS.model("meta-llama/Llama-3.1-70B"), method="full")
    hardware = Hardware(H100, 8)
    step = step_time(full, hardware, BatchSplit(1, 8, 8), FACTS, "fsdp")
    run = run_time(full, hardware, step)
    found = bill(full, run, rate(hardware, FACTS), FACTS.plan("starter"), FACTS)
    assert found.parts.get("storage, a month", 0) >= 0
    small = bill(JOB, run, rate(hardware, FACTS), FACTS.plan("starter"), FACTS)
    assert "storage, a month" not in small.parts


def test_the_worst_case_is_every_attempt_until_its_timeout():
    price = rate(Hardware(H100, 8), FACTS)
    assert worst_case_usd(price, 3600, 0) == pytest.approx(price.usd_per_hour)
    assert worst_case_usd(price, 3600, 3) == pytest.approx(4 * price.usd_per_hour)


def test_an_estimate_is_plain_json_and_refuses_another_batch():
    job = TrainingJob(
        FACTS.model("meta-llama/Llama-3.1-8B"), "qlora", seq_len=512, rows=1000, global_batch=64
    )
    hardware = Hardware(H100, 8)
    found = estimate(job, hardware, BatchSplit(4, 2, 8), FACTS).to_dict()
    assert found["usd_low"] < found["usd"] < found["usd_high"]
    assert found["usd"] == pytest.approx(found["hours"] * found["usd_per_hour"], rel=0.05)
    assert found["prices_as_of"] == H100.usd_per_second.as_of.isoformat()
    with pytest.raises(ValueError, match="global batch of 64 on 8 GPUs"):
        estimate(job, hardware, BatchSplit(4, 4, 8), FACTS)
    with pytest.raises(ValueError, match="no GPUs"):
        Hardware(H100, 0)
