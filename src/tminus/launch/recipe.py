"""The built-in fine-tune as a Modal script: what `tminus train --on modal` launches; its user can keep it."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path, PurePosixPath

from tminus.facts import Facts
from tminus.starter.pieces import (
    CLIENT_RELEASE,
    ENVIRONMENT,
    TRAINING_PINS,
    app_and_volume,
    base_image,
    decorator,
    pinned,
)
from tminus.train import ConfigError, TrainConfig

_MOUNT = PurePosixPath("/data")
_SHIPPED = PurePosixPath("/root/data")
# What `tminus.train` needs beside the training stack.
_PACKAGES = {**TRAINING_PINS, "rich": "15.0.0", "pyyaml": "6.0.3", "modal": CLIENT_RELEASE}


def recipe_text(config: TrainConfig, facts: Facts) -> str:
    """The Modal script that runs a configuration on its `gpu` and `nodes`.

    Args:
        config: The fine-tune. Its output goes to a volume named after the run, local data into the image.
        facts: For the model and the GPUs.

    Raises:
        ConfigError: The configuration names no GPUs, or GPUs that Modal does not have.
    """
    gpu, count = _gpus(config, facts)
    name = run_name(config)
    remote, shipped = _remote(config, name)
    shape = facts.model(config.model)
    above = decorator(
        gpu,
        count,
        config.nodes,
        gated=shape is not None and shape.gated,
        timeout_s=int(facts["function.timeout_max_s"].value),
    )
    return (
        f'"""{config.method} of {config.model} by tminus.train: {config.nodes} × {count} {gpu}."""\n\n'
        "import modal\n\n"
        f"GPUS = {count}\n{f'NODES = {config.nodes}{chr(10)}' if config.nodes > 1 else ''}\n"
        f"{_image(config, shipped)}\n{app_and_volume(name)}\n\n{above}{_function(config, remote)}"
    )


def run_name(config: TrainConfig) -> str:
    """The run's name on Modal: the configuration's own, or that of its output."""
    name = config.run_name or Path(config.output_dir).name
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:60] or "fine-tune"


def _gpus(config: TrainConfig, facts: Facts) -> tuple[str, int]:
    if config.gpu is None:
        raise ConfigError("gpu is not set, and a run on Modal needs to know on what: gpu=H100 or gpu=H100:8")
    name, _, count = config.gpu.partition(":")
    found = facts.gpu(name)
    if found is None:
        near = ", ".join(facts.nearest_gpu_names(name) or facts.gpus)
        raise ConfigError(f"gpu is {config.gpu}, which Modal does not have; try {near}")
    if not (count or "1").isdigit() or int(count or 1) < 1:
        raise ConfigError(f"gpu is {config.gpu}: the number after the colon is at least 1")
    return found.name, int(count or 1)


def _remote(config: TrainConfig, name: str) -> tuple[TrainConfig, dict[str, str]]:
    """The configuration as it holds in the container, and the local files that go there."""
    shipped: dict[str, str] = {}

    def there(path: str | None) -> str | None:
        local = None if path is None else Path(path).expanduser()
        if path is None or local is None or not local.exists():
            return path
        shipped[str(local.resolve())] = str(_SHIPPED / local.name)
        return shipped[str(local.resolve())]

    dataset = there(config.dataset)
    assert dataset is not None
    return (
        replace(
            config,
            dataset=dataset,
            eval_dataset=there(config.eval_dataset),
            chat_template=there(config.chat_template),
            output_dir=str(_MOUNT / "runs" / name),
            volume=name,
        ),
        shipped,
    )


def _image(config: TrainConfig, shipped: dict[str, str]) -> str:
    files = "".join(
        f'    .add_local_{"dir" if Path(local).is_dir() else "file"}("{local}", "{remote}")\n'
        for local, remote in shipped.items()
    )
    return (
        f"image = (\n{base_image(config.nodes)}    .pip_install(\n{pinned(_PACKAGES)}    )\n"
        f"{ENVIRONMENT}{files}"
        '    .add_local_python_source("tminus", ignore=["**/__pycache__/**"])\n)\n'
    )


def _function(config: TrainConfig, remote: TrainConfig) -> str:
    given = "".join(
        f"        {one.name}={value!r},\n"
        for one in fields(remote)
        if (value := getattr(remote, one.name)) != one.default
    )
    cluster, where = "", ""
    if config.nodes > 1:
        cluster = "    cluster = modal.Cluster.from_context()\n"
        where = (
            ",\n        nnodes=NODES,\n        node_rank=cluster.container_rank(),\n"
            "        master_addr=cluster.container_ips()[0],\n    "
        )
    launch = f"torchrun(config, nproc_per_node=GPUS{where})"
    if where:
        launch = f"torchrun(\n        config,\n        nproc_per_node=GPUS{where})"
    return (
        "def fine_tune() -> dict:\n"
        '    """Train on all GPUs, resuming from the volume, and return the result."""\n'
        "    from tminus.train import TrainConfig, torchrun\n\n"
        f"{cluster}    config = TrainConfig(\n{given}    )\n"
        f"    return {launch}.to_dict()\n\n\n"
        "@app.local_entrypoint()\ndef main():\n"
        '    """Start the run so that it outlives this terminal, and wait for its result."""\n'
        "    call = fine_tune.spawn()\n"
        '    print(f"started {call.object_id}")\n'
        "    print(call.get())\n"
    )
