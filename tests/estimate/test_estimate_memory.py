"""Peak memory: the breakdown, its behaviour, and published runs that it must come near."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tminus.estimate import BatchSplit, TrainingJob, memory
from tminus.estimate.flops import token_work
from tminus.estimate.job import LINEAR_MODULES, Sharding
from tminus.estimate.parameters import adapter_parameters
from tminus.estimate.states import QUANTISED_BYTES, weights_bytes
from tminus.facts import Facts

FACTS = Facts.bundled()
LLAMA = FACTS.model("meta-llama/Llama-3.1-8B")
MISTRAL = FACTS.model("mistralai/Mistral-7B-v0.1")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")

# One A100-80GB, TRL's SFTTrainer, packed rows of 4,096 tokens, LoRA r = 16 on the attention's projections;
# peak of allocated memory in GiB, and reserved memory in MiB as nvidia-smi showed it.
REFS = "https://github.com/foundation-model-stack/fms-acceleration/blob/main/scripts/benchmarks/refs"
PUBLISHED = [
    # model, method, loss, micro-batch, allocated GiB, reserved MiB, source
    (LLAMA, "lora", "fused", 4, 35.06, 50711, f"{REFS}/a100_80gb_liger.csv"),
    (LLAMA, "lora", "fused", 8, 54.96, None, f"{REFS}/a100_80gb_liger.csv"),
    (LLAMA, "lora", "liger", 4, 23.20, 25465, f"{REFS}/a100_80gb_liger.csv"),
    (LLAMA, "qlora", "fused", 4, 25.39, 41221, f"{REFS}/a100_80gb_liger.csv"),
    (LLAMA, "qlora", "fused", 8, 45.29, 75995, f"{REFS}/a100_80gb_liger.csv"),
    (LLAMA, "qlora", "liger", 4, 13.42, None, f"{REFS}/a100_80gb_liger.csv"),
    (LLAMA, "full", "fused", 4, 74.80, 77695, f"{REFS}/a100_80gb_liger.csv"),
    (MISTRAL, "lora", "stock", 4, 24.87, 29576, f"{REFS}/a100_80gb.csv"),
    (MISTRAL, "full", "stock", 8, 67.46, 72988, f"{REFS}/a100_80gb.csv"),
]
A100_GIB = 79.1


def published_job(model, method, loss):
    return TrainingJob(
        model=model,
        method=method,
        seq_len=4096,
        rows=10_000,
        global_batch=4,
        lora_targets=ATTENTION,
        optimizer="adamw",
        packing=True,
        loss=loss,
        fused_kernels=loss != "stock",
        attention="flash",
    )


def jobs():
    return st.builds(
        TrainingJob,
        model=st.sampled_from([LLAMA, MISTRAL, FACTS.model("HuggingFaceTB/SmolLM2-135M")]),
        method=st.sampled_from(["full", "lora", "qlora"]),
        seq_len=st.integers(16, 16384),
        rows=st.just(1000),
        global_batch=st.just(64),
        lora_r=st.integers(1, 256),
        lora_targets=st.sampled_from([LINEAR_MODULES, ATTENTION, ("q_proj", "v_proj")]),
        gradient_checkpointing=st.booleans(),
        optimizer=st.sampled_from(["adamw", "adamw_fused", "adamw_8bit", "paged_adamw", "paged_adamw_8bit"]),
        loss=st.sampled_from(["stock", "fused", "chunked", "liger"]),
        attention=st.sampled_from(["sdpa", "flash", "eager"]),
        residual=st.sampled_from(["bf16", "fp32"]),
    )


SPLITS = st.builds(BatchSplit, st.integers(1, 64), st.integers(1, 8), st.integers(1, 16))
SHARDINGS = st.sampled_from(["none", "fsdp"])


@pytest.mark.parametrize(
    ("model", "method", "loss", "micro_batch", "allocated", "reserved", "source"), PUBLISHED
)
def test_comes_near_published_peaks(model, method, loss, micro_batch, allocated, reserved, source):
    peak = memory(published_job(model, method, loss), BatchSplit(micro_batch, 1, 1))
    assert peak.allocated_gib == pytest.approx(allocated, rel=0.08), source
    if reserved is not None:
        # What is reserved ends at the card's size, where the allocator starts to give blocks back.
        assert min(peak.reserved_gib, A100_GIB) == pytest.approx(reserved / 1024, rel=0.15), source


@pytest.mark.parametrize(
    ("method", "loss", "micro_batch", "ran"),
    [
        ("full", "fused", 4, True),
        ("lora", "fused", 8, True),
        ("lora", "fused", 16, False),
        ("lora", "liger", 16, True),
        ("qlora", "fused", 8, True),
        ("qlora", "fused", 16, False),
        ("qlora", "liger", 32, True),
    ],
)
def test_agrees_with_published_runs_on_what_fits(method, loss, micro_batch, ran):
    """Rows of a100_80gb_liger.csv for Llama-3-8B that completed and that did not."""
    fit = memory(published_job(LLAMA, method, loss), BatchSplit(micro_batch, 1, 1)).fit(A100_GIB)
    assert fit != ("no" if ran else "yes")


def test_what_lies_within_the_uncertainty_is_neither_promised_nor_denied():
    """LoRA with Liger's loss and micro-batch 32 did not run on that card: by a margin of 5 %."""
    peak = memory(published_job(LLAMA, "lora", "liger"), BatchSplit(32, 1, 1))
    assert peak.fit(A100_GIB) == "tight"
    assert peak.fit(peak.minimum_gib * (1 - 2 * peak.error)) == "no"
    assert peak.fit(max(peak.reserved_gib, peak.minimum_gib * (1 + peak.error))) == "yes"


def test_the_loss_kernel_is_the_largest_lever_with_a_large_vocabulary():
    stock, chunked, liger = (
        memory(published_job(LLAMA, "qlora", loss), BatchSplit(4, 1, 1)).allocated_gib
        for loss in ("stock", "chunked", "liger")
    )
    assert stock > 2 * chunked
    assert chunked == pytest.approx(liger, rel=0.1)


@given(job=jobs(), split=SPLITS, sharding=SHARDINGS)
@settings(max_examples=200, deadline=None)
def test_the_breakdown_adds_up(job, split, sharding):
    peak = memory(job, split, sharding)
    assert all(gib > 0 for gib in peak.terms.values())
    assert peak.allocated_gib == sum(peak.terms.values())
    parts = peak.allocated_gib + peak.slack_gib + peak.context_gib + peak.paged_gib
    assert peak.reserved_gib == pytest.approx(parts)
    assert peak.allocated_gib < peak.minimum_gib <= peak.reserved_gib
    written = peak.to_dict()
    assert round(sum(written["terms"].values()), 3) == written["allocated_gib"]
    parts = sum(written[name] for name in ("allocated_gib", "slack_gib", "context_gib", "paged_gib"))
    assert round(parts, 3) == written["reserved_gib"]


@given(job=jobs(), split=SPLITS, sharding=SHARDINGS, more=st.integers(1, 4096))
@settings(max_examples=200, deadline=None)
def test_never_shrinks_with_longer_rows_or_more_of_them(job, split, sharding, more):
    peak = memory(job, split, sharding)
    longer = memory(replace(job, seq_len=job.seq_len + more), split, sharding)
    wider = memory(job, replace(split, micro_batch=split.micro_batch + 1), sharding)
    for bigger in (longer, wider):
        assert bigger.allocated_gib >= peak.allocated_gib
        assert bigger.reserved_gib >= peak.reserved_gib
        assert bigger.minimum_gib >= peak.minimum_gib


@given(job=jobs(), split=SPLITS, sharding=SHARDINGS)
@settings(max_examples=100, deadline=None)
def test_checkpointing_saves_memory(job, split, sharding):
    with_it = memory(replace(job, gradient_checkpointing=True), split, sharding)
    without = memory(replace(job, gradient_checkpointing=False), split, sharding)
    assert with_it.reserved_gib <= without.reserved_gib


@given(job=jobs(), split=SPLITS)
@settings(max_examples=100, deadline=None)
def test_sharding_full_fine_tuning_saves_memory_with_enough_gpus(job, split):
    job = replace(job, method="full", weights="fp32", residual="bf16")
    sizes = [memory(job, replace(split, world_size=world), "fsdp").allocated_gib for world in (2, 4, 8, 16)]
    assert sizes == sorted(sizes, reverse=True)


def test_methods_are_ordered_by_memory():
    qlora, lora, full = (
        memory(published_job(LLAMA, method, "liger"), BatchSplit(1, 1, 1)).allocated_gib
        for method in ("qlora", "lora", "full")
    )
    assert qlora < lora < full


def test_the_quantised_part_takes_4127_millibits_a_weight():
    assert QUANTISED_BYTES["nf4_double"] * 8 == pytest.approx(4.127, abs=0.001)
    job = published_job(LLAMA, "qlora", "stock")
    # 6.98 billion weights of the decoder's linear layers in 4 bits; 1.05 billion of embeddings, head and
    # norms in 16.
    assert weights_bytes(job) == pytest.approx(6.979e9 * 4.127 / 8 + 1.051e9 * 2, rel=0.001)


def test_adapter_parameters_are_those_that_peft_reports():
    """`print_trainable_parameters` for Llama-3.1-8B, r = 16, all linear layers: 41,943,040."""
    job = replace(published_job(LLAMA, "lora", "stock"), lora_targets=LINEAR_MODULES)
    assert adapter_parameters(job) == 41_943_040


@pytest.mark.parametrize("sharding", ["none", "fsdp"])
def test_eight_bit_states_are_smaller(sharding: Sharding):
    job = replace(published_job(LLAMA, "full", "liger"), optimizer="adamw_fused")
    split = BatchSplit(1, 8, 8)
    smaller = memory(replace(job, optimizer="adamw_8bit"), split, sharding)
    assert smaller.allocated_gib < memory(job, split, sharding).allocated_gib


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seq_len", 0),
        ("rows", -1),
        ("global_batch", 0),
        ("epochs", 0.0),
        ("max_steps", 0),
        ("method", "prefix"),
        ("optimizer", "sgd"),
        ("lora_targets", ("lm_head",)),
    ],
)
def test_impossible_jobs_are_refused(field, value):
    with pytest.raises(ValueError, match=field):
        replace(published_job(LLAMA, "lora", "stock"), **{field: value})


def test_paged_states_are_not_in_pytorchs_count_and_may_leave_the_card():
    """They are managed memory: `max_memory_allocated` does not see them, and a full card pages them out."""
    job = replace(published_job(LLAMA, "full", "liger"), optimizer="paged_adamw_8bit")
    peak = memory(job, BatchSplit(1, 1, 1))
    resident = memory(replace(job, optimizer="adamw_8bit"), BatchSplit(1, 1, 1))
    assert peak.paged_gib == pytest.approx(resident.terms["optimizer states"])
    assert "optimizer states" not in peak.terms
    card = resident.minimum_gib - 1
    assert peak.fit(card) != "no"
    assert resident.fit(card) != "yes"


def test_torchtunes_recipe_for_a_card_of_24_gib_is_near_its_published_peak():
    """Full fine-tune of Llama-3.1-8B, 2 rows of 2,048, paged 8-bit states, steps in the backward pass: 18.9.

    Source: https://github.com/meta-pytorch/torchtune/blob/main/README.md
    """
    job = replace(
        published_job(LLAMA, "full", "chunked"), seq_len=2048, optimizer="paged_adamw_8bit",
        optimizer_in_backward=True, fused_kernels=True, fused_mlp=True,
    )  # fmt: skip
    assert memory(job, BatchSplit(2, 1, 1)).allocated_gib == pytest.approx(18.9, rel=0.1)


@pytest.mark.parametrize("stage", ["zero1", "zero2", "zero3"])
def test_each_stage_of_zero_shards_more(stage: Sharding):
    """Model states of a full fine-tune: 16 bytes a parameter on one GPU, fewer the more is sharded.

    Source: https://arxiv.org/abs/1910.02054, figure 1.
    """
    job = replace(published_job(LLAMA, "full", "liger"), optimizer="adamw_fused")
    parameters = LLAMA.parameters
    peak = memory(job, BatchSplit(1, 1, 64), stage)
    names = ("weights", "master weights", "optimizer states", "gradients")
    states = sum(peak.terms.get(name, 0.0) for name in names) * 2**30
    sharded = {"zero1": 4 + 12 / 64, "zero2": 2 + 14 / 64, "zero3": 16 / 64}[stage]
    # Whether gradients are alive at the moment of the peak depends on the moment.
    gradients = 2 / (64 if stage != "zero1" else 1)
    wanted = [sharded, sharded - gradients]
    assert any(states / parameters == pytest.approx(one, rel=0.02) for one in wanted)


def test_a_mixture_of_experts_holds_all_and_computes_some():
    """transformers 5 keeps experts in one tensor, which bitsandbytes leaves in 16 bits."""
    from tminus.facts.configs import shape_of_config

    mixtral = shape_of_config(
        {
            "model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
            "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000,
            "num_local_experts": 8, "num_experts_per_tok": 2,
        },
        "mixtral",
    )  # fmt: skip
    job = replace(published_job(LLAMA, "qlora", "stock"), model=mixtral, fused_kernels=False)
    new, old = (
        memory(job, BatchSplit(4, 1, 1)),
        memory(replace(job, experts_quantised=True), BatchSplit(4, 1, 1)),
    )
    assert new.terms["weights"] > 3 * old.terms["weights"]
    # 34.2 GiB was measured where experts were quantised (a100_80gb.csv).
    assert old.allocated_gib == pytest.approx(34.209, rel=0.08)


def test_what_a_policy_keeps_it_need_not_compute_again():
    """Between recomputing all and nothing, memory rises as operations fall."""
    job = replace(published_job(LLAMA, "lora", "liger"), seq_len=4096)
    policies = [replace(job, checkpoint_policy=policy) for policy in ("layers", "operations")]
    found = []
    for chosen in (*policies, replace(job, gradient_checkpointing=False)):
        peak = memory(chosen, BatchSplit(2, 1, 1)).allocated_gib
        found.append((peak, token_work(chosen, 4096).matmul_flops))
    sizes, operations = zip(*found, strict=True)
    assert list(sizes) == sorted(sizes)
    assert list(operations) == sorted(operations, reverse=True)
