"""Finding the micro-batch: the one with the shortest steps that the planner says fits the GPU."""

from __future__ import annotations

from tminus.estimate import Hardware
from tminus.facts import Facts
from tminus.train.config import TrainConfig
from tminus.train.errors import ConfigError
from tminus.train.planned import fitting_micro_batch, model_shape
from tminus.train.speed import known_gpu


def micro_batch_here(config: TrainConfig, world_size: int) -> tuple[int, str | None]:
    """The micro-batch of a run on this machine, and why where it was found and not given.

    Where the GPU or the model's shape is not known it is 1: too small is slow, too large fails.

    Args:
        config: The run.
        world_size: Number of ranks.
    """
    if config.micro_batch != "auto":
        return int(config.micro_batch), None
    import torch

    if not torch.cuda.is_available():
        return 1, "micro-batch 1: there is no GPU whose memory could be planned"
    facts = Facts.bundled()
    device = torch.cuda.get_device_properties(torch.cuda.current_device())
    gpu = known_gpu(device.name, device.total_memory / 2**30, facts)
    if gpu is None:
        return 1, f"micro-batch 1: the memory of {device.name} is not documented; give micro_batch"
    try:
        shape = model_shape(config, facts)
    except ConfigError as error:
        return 1, f"micro-batch 1: {error}"
    found = fitting_micro_batch(config, shape, Hardware(gpu, world_size), facts)
    return (
        found,
        f"micro-batch {found}: the fastest that fits {gpu.name} by estimate, for rows of full length",
    )
