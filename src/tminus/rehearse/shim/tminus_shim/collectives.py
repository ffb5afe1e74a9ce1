"""torch.distributed of a script that asks for NCCL: gloo does the work of the container's GPUs."""

from __future__ import annotations

import functools
from typing import Any

from . import gpus
from .state import change, without_gpu


def adapt(torch: Any) -> None:
    """Replace the backend, and the devices that only NCCL and CUDA know."""
    distributed = torch.distributed
    if not distributed.is_available():
        return
    for name in ("init_process_group", "new_group"):
        _replace_backend(distributed, name)
    _average(distributed)
    _forget_devices(distributed, "barrier", "device_ids")
    _adapt_mesh(distributed.device_mesh)
    for name in ("device_ids", "output_device"):
        # Modules on the CPU take no device ids.
        _forget_devices(torch.nn.parallel.distributed.DistributedDataParallel, "__init__", name)


def adapt_fsdp(module: Any) -> None:
    """Adapt torch.distributed.fsdp's older class: left to itself, it refuses a machine without a GPU."""
    import torch

    original = module.FullyShardedDataParallel.__init__

    @functools.wraps(original)
    def __init__(self: Any, *positional: Any, **named: Any) -> None:  # noqa: N807 - it replaces the class's own
        original(self, *positional, **{**named, "device_id": torch.device("cpu")})

    if without_gpu():
        module.FullyShardedDataParallel.__init__ = __init__


def _adapt_mesh(module: Any) -> None:
    """A mesh of CUDA devices is one of CPUs."""
    original = module.init_device_mesh

    @functools.wraps(original)
    def init_device_mesh(device_type: str, *positional: Any, **named: Any) -> Any:
        return original("cpu" if gpus.is_cuda(device_type) else device_type, *positional, **named)

    module.init_device_mesh = init_device_mesh


def _replace_backend(distributed: Any, name: str) -> None:
    original = getattr(distributed, name)
    position = 0 if name == "init_process_group" else 2

    @functools.wraps(original)
    def replaced(*positional: Any, **named: Any) -> Any:
        given = positional[position] if len(positional) > position else named.get("backend")
        if given is not None and "nccl" in str(given):
            change("backend", given, "gloo", "no GPU")
            if len(positional) > position:
                positional = (*positional[:position], "gloo", *positional[position + 1 :])
            else:
                named["backend"] = "gloo"
        if gpus.is_cuda(named.get("device_id")):
            del named["device_id"]
        return original(*positional, **named)

    setattr(distributed, name, replaced)
    setattr(distributed.distributed_c10d, name, replaced)


def _average(distributed: Any) -> None:
    """Gloo cannot average: sum, and divide by the ranks."""
    original = distributed.all_reduce

    @functools.wraps(original)
    def all_reduce(tensor: Any, op: Any = distributed.ReduceOp.SUM, group: Any = None, **named: Any) -> Any:
        if op != distributed.ReduceOp.AVG or named.get("async_op"):
            return original(tensor, op, group, **named)
        done = original(tensor, distributed.ReduceOp.SUM, group, **named)
        tensor.div_(distributed.get_world_size(group))
        return done

    distributed.all_reduce = all_reduce


def _forget_devices(owner: Any, name: str, argument: str) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def without(*positional: Any, **named: Any) -> Any:
        if named.get(argument) is not None:
            named[argument] = None
        return original(*positional, **named)

    setattr(owner, name, without)
