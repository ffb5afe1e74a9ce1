"""Lines that every script that is written here has in common: image, secret, machines."""

from __future__ import annotations

from collections.abc import Mapping

TRAINING_PINS: Mapping[str, str] = {
    "torch": "2.13.0",
    "transformers": "5.23.0",
    "trl": "1.16.0",
    "peft": "0.21.2",
    "accelerate": "1.15.0",
    "datasets": "5.2.0",
    "bitsandbytes": "0.50.2",
}
"""The training stack, each package with its release."""

CLIENT_RELEASE = "1.6.4"
"""The client, which the ranks commit the volume with."""

ENVIRONMENT = '    .env({"PYTORCH_ALLOC_CONF": "expandable_segments:True", "HF_HOME": "/data/huggingface"})\n'
"""The image's environment: set before any process imports torch; the model goes to the volume, once."""

_CUDA_IMAGE = "nvidia/cuda:13.0.1-devel-ubuntu24.04"


def pinned(packages: Mapping[str, str]) -> str:
    """Packages as lines of ``pip_install``."""
    return "".join(f'        "{name}=={version}",\n' for name, version in packages.items())


def base_image(nodes: int) -> str:
    """The image's first lines; a cluster's brings what RDMA needs."""
    if nodes == 1:
        return '    modal.Image.debian_slim(python_version="3.12")\n'
    return (
        "    # RDMA needs libcudart, libibverbs and libmlx5, which this base and the packages bring.\n"
        f'    modal.Image.from_registry("{_CUDA_IMAGE}", add_python="3.12")\n'
        '    .apt_install("libibverbs1", "ibverbs-providers")\n'
    )


def app_and_volume(name: str) -> str:
    """The app and the volume of a run."""
    return (
        f'app = modal.App("{name}", image=image)\n'
        f'volume = modal.Volume.from_name("{name}", create_if_missing=True)\n'
    )


def decorator(gpu: str, gpus: int, nodes: int, *, gated: bool, timeout_s: int) -> str:
    """What stands above the function that trains.

    Args:
        gpu: GPU type.
        gpus: GPUs of a container; the script's constant ``GPUS`` where there are several.
        nodes: Containers; the script's constant ``NODES`` where there are several.
        gated: Whether the model needs a token to be downloaded.
        timeout_s: Seconds that an attempt may take.
    """
    asked = f'f"{gpu}:{{GPUS}}"' if gpus > 1 else f'"{gpu}"'
    secret = ""
    if gated:
        secret = '    secrets=[modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])],\n'
    return (
        "@app.function(\n"
        f"    gpu={asked},\n"
        f"    cpu={max(4, 2 * gpus)},\n"
        f"    memory={max(16, 8 * gpus)} * 1024,  # MiB\n"
        '    volumes={"/data": volume},\n'
        f"{secret}"
        f"    timeout={timeout_s},\n"
        "    retries=modal.Retries(max_retries=5, initial_delay=1.0),\n"
        "    single_use_containers=True,\n"
        ")\n" + ("@modal.clustered(size=NODES, rdma=True)\n" if nodes > 1 else "")
    )
