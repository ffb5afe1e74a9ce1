"""Facts that were read in the released client, held against the client that is installed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import metadata, version
from typing import Any

import modal
import pytest
from modal.exception import InvalidError

from tminus.facts import Facts

FACTS = Facts.bundled()


def value(fact_id: str) -> Any:
    return FACTS[fact_id].value


def defined(**options: Any) -> Any:
    """A function of an app with these options, as a script defines it."""

    def train() -> None: ...

    train.__qualname__ = "train"  # as at the top of a script
    return modal.App("x").function(**options)(train)


def volume(name: str = "x") -> Any:
    return modal.Volume.from_name(name)


def retries(**options: Any) -> Any:
    return modal.Retries(max_retries=3, **options)


def clustered(size: int, **options: Any) -> Any:
    def train() -> None: ...

    train.__qualname__ = "train"
    return modal.App("x").function(gpu="H100:8", **options)(modal.clustered(size=size)(train))


def generator(**options: Any) -> Any:
    def train() -> Any:
        yield 1

    train.__qualname__ = "train"
    return modal.App("x").function(**options)(train)


def inside_another() -> Callable[[], None]:
    def train() -> None: ...

    return train


def batched() -> Any:
    def train(batch: list[int]) -> list[int]:
        return batch

    train.__qualname__ = "train"
    both = modal.clustered(size=2)(modal.batched(max_batch_size=2, wait_ms=1)(train))
    return modal.App("x").function(gpu="H100:8")(both)


low, high = value("function.scaledown_window_range_s")
shortest, longest = value("function.retry_max_delay_range_s")
least, most = value("function.retry_backoff_range")
first = value("function.retry_initial_delay_max_s")

ACCEPTED: dict[str, Callable[[], Any]] = {
    "function.timeout_checked_by": lambda: [defined(timeout=seconds) for seconds in (0, -1, 90_000)],
    "function.retries_max": lambda: defined(retries=value("function.retries_max") + 1),
    "function.scaledown_window_range_s": lambda: [defined(scaledown_window=s) for s in (low, high)],
    "function.retry_max_delay_range_s": lambda: [retries(max_delay=s) for s in (shortest, longest)],
    "function.retry_backoff_range": lambda: [retries(backoff_coefficient=c) for c in (least, most)],
    "function.retry_initial_delay_max_s": lambda: [retries(initial_delay=s) for s in (0, first)],
    "function.gpu_preemptible": lambda: defined(gpu="H100", nonpreemptible=True),
    "function.resource_types": lambda: [defined(cpu="8"), defined(memory="32Gi"), defined(memory=1.5)],
    "function.env_parameter_since": lambda: defined(env={"A": "1"}),
    "function.single_use_containers_since": lambda: defined(single_use_containers=True),
    "gpu.checked_by": lambda: [defined(gpu=gpu) for gpu in ("FOO", "H100:16", "h100:0")],
    "gpu.fallback_list": lambda: defined(gpu=["H100", "A100-40GB:2"]),
    "gpu.any": lambda: defined(gpu="any"),
    "cluster.size_min": lambda: [clustered(size) for size in (value("cluster.size_min"), 33)],
    "cluster.container_counts": lambda: clustered(2, max_containers=4),
    "secret.missing": lambda: modal.Secret.from_name("no-such-secret"),
    "secret.from_dict_values": lambda: modal.Secret.from_dict({"A": "1", "B": None}),
    "volume.mount_path_rules": lambda: [defined(volumes={path: volume()}) for path in ("/root/x", "/vol/")],
    "volume.name_pattern": lambda: volume("a-Z_0." + "x" * 58),
    "image.python_version_type": lambda: modal.Image.debian_slim(python_version="3.9"),
    "region.narrow": lambda: defined(region="mars"),
    "resources.clouds": lambda: defined(cloud="azure"),
}
REFUSED: dict[str, tuple[type[Exception], list[Callable[[], Any]]]] = {
    "function.timeout_none": (InvalidError, [lambda: defined(timeout=None)]),
    "function.scaledown_window_range_s": (
        InvalidError,
        [lambda: defined(scaledown_window=low - 1), lambda: defined(scaledown_window=high + 1)],
    ),
    "function.retry_max_delay_range_s": (
        InvalidError,
        [lambda: retries(max_delay=shortest - 0.5), lambda: retries(max_delay=longest + 1)],
    ),
    "function.retry_backoff_range": (
        InvalidError,
        [
            lambda: retries(backoff_coefficient=least - 0.5),
            lambda: retries(backoff_coefficient=most + 1),
        ],
    ),
    "function.retry_initial_delay_max_s": (InvalidError, [lambda: retries(initial_delay=first + 1)]),
    "function.retries_refused_for": (InvalidError, [lambda: generator(retries=1)]),
    "gpu.argument_types": (
        InvalidError,
        [lambda: defined(gpu=("H100", "A100")), lambda: defined(gpu=True), lambda: defined(gpu=1)],
    ),
    "cluster.size_min": (InvalidError, [lambda: clustered(value("cluster.size_min") - 1)]),
    "cluster.dynamic_batching": (InvalidError, [batched]),
    "cluster.container_counts": (InvalidError, [lambda: clustered(2, max_containers=3)]),
    "secret.list_required": (TypeError, [lambda: defined(secrets=modal.Secret.from_name("x"))]),
    "secret.from_dict_values": (InvalidError, [lambda: modal.Secret.from_dict({"A": 1})]),
    "secret.from_local_environ_missing": (
        InvalidError,
        [lambda: modal.Secret.from_local_environ(["TMINUS_NO_SUCH_VARIABLE"])],
    ),
    "volume.mount_path_rules": (
        InvalidError,
        [
            lambda: defined(volumes={"data": volume()}),
            lambda: defined(volumes={"/a/../b": volume()}),
            lambda: defined(volumes={"/": volume()}),
            lambda: defined(volumes={"/root": volume()}),
            lambda: defined(volumes={"/tmp": volume()}),
        ],
    ),
    "volume.mounts_per_function": (
        InvalidError,
        [lambda: defined(volumes=dict.fromkeys(("/a", "/b"), volume()))],
    ),
    "volume.name_pattern": (InvalidError, [lambda: volume("my vol"), lambda: volume("x" * 65)]),
    "image.python_version_type": (TypeError, [lambda: modal.Image.debian_slim(python_version=3.12)]),
    "image.pip_flags_in_list": (InvalidError, [lambda: modal.Image.debian_slim().pip_install("-U", "torch")]),
    "image.env_values": (InvalidError, [lambda: modal.Image.debian_slim().env({"A": 1})]),
    "image.add_local_absolute": (
        InvalidError,
        [lambda: modal.Image.debian_slim().add_local_file(__file__, "data/x.py")],
    ),
    "function.min_containers_over_max": (InvalidError, [lambda: defined(min_containers=2, max_containers=1)]),
    "function.top_level_only": (InvalidError, [lambda: modal.App("x").function()(inside_another())]),
    "function.class_constructor": (InvalidError, [lambda: modal.App("x").cls()(WithConstructor)]),
}


class WithConstructor:
    """What the client does not take as a class of an app."""

    def __init__(self) -> None: ...


@pytest.mark.parametrize("fact_id", ACCEPTED)
def test_what_the_client_takes(fact_id: str) -> None:
    assert FACTS[fact_id]
    ACCEPTED[fact_id]()


@pytest.mark.parametrize("fact_id", REFUSED)
def test_what_the_client_refuses(fact_id: str) -> None:
    assert FACTS[fact_id]
    error, attempts = REFUSED[fact_id]
    for attempt in attempts:
        with pytest.raises(error):
            attempt()


def test_resources_of_another_type_are_dropped() -> None:
    resources = pytest.importorskip("modal._resources").convert_fn_config_to_resources_config
    for cpu, memory in (("8", None), ([4, 8], None), (None, "32Gi"), (None, 32768.0), (None, [1024, 2048])):
        config = resources(cpu=cpu, memory=memory, gpu=None, ephemeral_disk=None)
        assert (config.milli_cpu, config.memory_mb) == (0, 0)
    config = resources(cpu=8, memory=32768, gpu=None, ephemeral_disk=None)
    assert (config.milli_cpu, config.memory_mb) == (8000, 32768)


def test_the_python_series_of_the_image_builders() -> None:
    image = pytest.importorskip("modal._image")
    series = {str(builder): offered for builder, offered in image.SUPPORTED_PYTHON_SERIES.items()}
    for builder, offered in series.items():
        assert value(f"image.builder.{builder}.python_series") == offered, builder
    bundled = [one for one in FACTS.history if one.startswith("image.builder.")]
    assert len(bundled) == len(series)
    assert set(value("image.python_series")) == set().union(*series.values())
    assert value("image.builder_newest") == image.LATEST_IMAGE_BUILDER_VERSION


def test_defaults_of_the_client() -> None:
    function = inspect.signature(modal.App.function).parameters
    assert function["timeout"].default == value("function.timeout_default_s")
    run_function = inspect.signature(modal.Image.run_function).parameters
    assert run_function["timeout"].default == value("function.run_function_timeout_default_s")
    put = inspect.signature(modal.Queue.put).parameters
    assert put["partition_ttl"].default == value("queue.partition_expires_s")
    from_name = inspect.signature(modal.Volume.from_name).parameters
    assert from_name["create_if_missing"].default is value("volume.create_if_missing_default")


def test_the_interpreters_that_the_client_runs_on() -> None:
    wanted = {part.strip() for part in metadata("modal")["Requires-Python"].split(",")}
    assert wanted == set(value("image.client_python_range").split(","))


def test_the_variables_that_a_cluster_sets() -> None:
    source = inspect.getsource(pytest.importorskip("modal._cluster"))
    for variable in value("cluster.nccl_variables_set"):
        assert f'os.environ["{variable}"]' in source
    assert not any(f'"{name}"' in source for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR"))


def test_the_facts_name_the_release_that_is_installed() -> None:
    page = f"https://pypi.org/project/modal/{version('modal')}/"
    read = {one.source for one in FACTS if one.until is None and "pypi.org/project/modal/" in one.source}
    assert read == {page}
