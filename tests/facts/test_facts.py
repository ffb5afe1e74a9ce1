"""The bundled facts: complete, sourced, and in agreement with the real libraries."""

from __future__ import annotations

import itertools
import re
from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.facts import Facts, GpuRequest
from tminus.rehearse.standins.settings import config_settings

FACTS = Facts.bundled()


def test_every_fact_has_a_source_a_date_and_a_readable_probe() -> None:
    for fact in FACTS:
        assert fact.source.startswith("https://"), fact.id
        assert date(2024, 1, 1) < fact.as_of <= date.today(), fact.id
        if fact.probe is not None:
            re.compile(fact.probe)


def test_a_citation_names_address_and_date() -> None:
    fact = FACTS["function.timeout_max_s"]
    assert fact.citation() == f"{fact.source}, as of {fact.as_of.isoformat()}"


def test_an_unknown_fact_names_the_nearest() -> None:
    with pytest.raises(KeyError, match=r"gpu\.max_per_container"):
        FACTS["gpu.max_per_containr"]


def test_history_gives_the_value_that_held_on_a_day() -> None:
    assert FACTS["cluster.max_gpus"].value == 256
    assert FACTS.as_of("cluster.max_gpus", date(2026, 8, 22)).value == 64


def test_every_fact_has_one_value_at_a_time() -> None:
    for fact_id, history in FACTS.history.items():
        assert sum(one.until is None for one in history) == 1, fact_id
        ended = sorted((one for one in history if one.until), key=lambda one: one.until or date.max)
        for one, later in itertools.pairwise(ended):
            assert later.since is None or one.until is None or one.until <= later.since, fact_id


def test_a_value_ends_after_it_began() -> None:
    ended = [one for one in FACTS if one.until is not None]
    assert len(ended) > 45
    assert [one.id for one in ended if one.until and one.since and one.since >= one.until] == []


@pytest.mark.parametrize(
    ("fact_id", "day", "value"),
    [
        ("gpu.max_per_container", date(2025, 12, 10), 8),
        ("cluster.decorator", date(2025, 12, 10), "modal.experimental.clustered"),
        ("cluster.max_gpus", date(2026, 8, 1), 32),
        ("price.region_multiplier_broad", date(2025, 12, 10), 1.25),
        ("plan.team.concurrent_containers", date(2026, 7, 1), 1000),
        ("image.builder_newest", date(2026, 6, 1), "2025.06"),
        ("image.client_python_range", date(2025, 6, 1), ">=3.9"),
        (
            "function.autoscaler_parameters",
            date(2025, 1, 1),
            ["keep_warm", "concurrency_limit", "container_idle_timeout", "_experimental_buffer_containers"],
        ),
        ("function.scaledown_window_range_s", date(2026, 10, 1), [1]),
        ("function.timeout_effect", date(2024, 11, 1), "the container is killed"),
        ("secret.huggingface_key", date(2024, 1, 2), "HUGGINGFACE_TOKEN"),
        ("account.spend_limit_stops_workloads", date(2026, 8, 31), False),
        ("gpu.H100.usd_per_second", date(2026, 1, 1), 0.00126667),
        ("gpu.H100.usd_per_second", date(2026, 6, 1), 0.001097),
        ("cluster.full_host", date(2026, 5, 30), False),
        ("cluster.full_host", date(2026, 5, 31), True),
        ("price.region_multiplier_broad", date(2026, 8, 20), 1.5),
        ("volume.background_commit", date(2024, 5, 1), False),
    ],
)
def test_what_held_on_a_day(fact_id: str, day: date, value: object) -> None:
    assert FACTS.as_of(fact_id, day).value == value


@pytest.mark.parametrize(
    ("text", "type_name", "count"),
    [("H100", "H100", 1), ("h100!:8", "H100!", 8), ("a10g:4", "A10G", 4), ("H100:0", "H100", 0)],
)
def test_gpu_requests_are_read_as_the_client_reads_them(text: str, type_name: str, count: int) -> None:
    assert GpuRequest.parse(text) == GpuRequest(type_name, count)


def test_a_bad_count_is_refused_in_the_clients_words() -> None:
    function_utils = pytest.importorskip("modal._utils.function_utils")
    with pytest.raises(ValueError, match="Invalid GPU count") as ours:
        GpuRequest.parse("H100:8!")
    with pytest.raises(Exception, match="Invalid GPU count") as theirs:
        function_utils.parse_gpu_config("H100:8!")
    assert str(ours.value) == str(theirs.value)


@given(st.text("abcH10!:+- ", max_size=12))
def test_gpu_requests_agree_with_the_client_on_any_text(text: str) -> None:
    function_utils = pytest.importorskip("modal._utils.function_utils")
    try:
        theirs = function_utils.parse_gpu_config(text)
    except Exception:
        theirs = None
    try:
        ours = GpuRequest.parse(text)
    except ValueError:
        ours = None
    if theirs is not None and ours is not None:
        assert (ours.type_name, ours.count) == (theirs.gpu_type, theirs.count)
    else:
        # The client's message cannot hold a negative count; ours reads it, and the limits refuse it.
        assert theirs is None
        assert ours is None or ours.count < 0


def test_gpu_names_and_aliases_are_found_in_any_case() -> None:
    assert FACTS.gpu("a10g") is FACTS.gpu("A10")
    assert FACTS.gpu("H1OO") is None
    assert FACTS.nearest_gpu_names("H1OO")[0].startswith("H100")


def test_memory_that_can_be_used_is_less_than_what_is_documented() -> None:
    for gpu in FACTS.gpus.values():
        assert 0.85 < gpu.usable_gib / gpu.memory_gb < 1.0, gpu.name


def test_the_smallest_plan_for_two_hosts_of_eight_is_team() -> None:
    assert FACTS.smallest_plan_for(10).name == "Starter"
    assert FACTS.smallest_plan_for(16).name == "Team"
    assert FACTS.smallest_plan_for(10_000).name == "Enterprise"


def test_an_unknown_model_has_near_ones() -> None:
    assert FACTS.nearest_models("meta-llama/Llama-3.1-8b-instuct")[0] == "meta-llama/Llama-3.1-8B-Instruct"
    assert "Qwen/Qwen3-8B" in FACTS.nearest_models("qwen3-8B")
    assert FACTS.nearest_models("zzz") == []


def test_every_model_says_where_its_figures_are_from_and_since_when() -> None:
    for shape in FACTS.models.values():
        assert shape.source.startswith("https://"), shape.id
        assert shape.as_of is not None, shape.id
        assert shape.as_of <= FACTS.today, shape.id


@pytest.mark.slow
def test_parameter_counts_are_those_of_the_real_model_classes() -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    # Models of one shape are counted once: their names do not matter.
    shapes = {
        replace(shape, id="", architecture="", source="", context=0, gated=False): shape
        for shape in FACTS.models.values()
    }
    for shape in shapes.values():
        # Of a model of text and images, the text model is counted.
        text, architecture = shape.model_type, shape.architecture
        if architecture.endswith("ForConditionalGeneration"):
            text, architecture = (
                f"{text}_text",
                architecture.replace("ForConditionalGeneration", "ForCausalLM"),
            )
        config_class = transformers.CONFIG_MAPPING[text]
        known = {field.name for field in fields(config_class)}
        settings = config_settings(shape, known, config_class.attribute_map)
        config = config_class(**settings, pad_token_id=0)
        with torch.device("meta"):
            model = getattr(transformers, architecture)(config)
        parameters = {id(parameter): parameter.numel() for parameter in model.parameters()}
        embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
        if shape.tied_embeddings:
            parameters.pop(id(head), None)
            parameters[id(embedding)] = embedding.numel()
        assert sum(parameters.values()) == shape.parameters, shape.id
