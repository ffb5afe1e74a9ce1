"""Tensors that a script puts on a GPU stay on the CPU: every call that names a CUDA device is sent there."""

from __future__ import annotations

import functools
from typing import Any

from . import gpus
from .state import change, say


def adapt(torch: Any) -> None:
    """Send what names a CUDA device to the CPU, in this thread; wrap what cannot be caught on its way."""
    _adapt_load(torch)
    _adapt_amp(torch)
    _adapt_compile(torch)
    _mode(torch)().__enter__()


def _mode(torch: Any) -> Any:
    from torch.overrides import TorchFunctionMode

    cpu = torch.device("cpu")
    as_they_are = {torch.Tensor.cuda, torch.Tensor.pin_memory}

    class OnCpu(TorchFunctionMode):  # type: ignore[misc,unused-ignore]
        """Replaces CUDA devices in the arguments of every torch function."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is torch.device:
                return func(*args, **(kwargs or {}))  # a script asks for it, and decides by its type
            if func in as_they_are:
                return args[0]
            if any(gpus.is_cuda(one) for one in args):
                args = tuple(cpu if gpus.is_cuda(one) else one for one in args)
            if kwargs:
                if gpus.is_cuda(kwargs.get("device")):
                    kwargs = {**kwargs, "device": cpu}
                if kwargs.get("pin_memory"):
                    kwargs = {**kwargs, "pin_memory": False}
            return func(*args, **(kwargs or {}))

    return OnCpu


def _adapt_load(torch: Any) -> None:
    original = torch.load

    @functools.wraps(original)
    def load(f: Any, map_location: Any = None, *positional: Any, **named: Any) -> Any:
        if gpus.is_cuda(map_location):
            map_location = "cpu"
        if isinstance(map_location, dict):
            map_location = {key: "cpu" if gpus.is_cuda(to) else to for key, to in map_location.items()}
        return original(f, map_location, *positional, **named)

    torch.load = load


def _adapt_amp(torch: Any) -> None:
    for owner in (torch.amp.autocast_mode.autocast, torch.amp.grad_scaler.GradScaler):
        original = owner.__init__

        def __init__(  # noqa: N807 - it replaces the class's own
            self: Any, device: Any = "cuda", *positional: Any, original: Any = original, **named: Any
        ) -> None:
            given = "device_type" if "device_type" in named else "device"
            device = named.pop(given, device)
            original(self, "cpu" if gpus.is_cuda(device) else device, *positional, **named)

        owner.__init__ = functools.wraps(original)(__init__)


def _adapt_compile(torch: Any) -> None:
    @functools.wraps(torch.compile)
    def compile(model: Any = None, *_: Any, **__: Any) -> Any:
        # Libraries decorate functions with it that most scripts never call.
        if gpus.asked_by_script():
            change("torch.compile", "compiled", "as written", "compiling takes longer than the rehearsal")
        if model is None:
            return lambda function: function
        return model

    torch.compile = compile
    if hasattr(torch.nn.Module, "compile"):
        torch.nn.Module.compile = lambda self, *_, **__: say("Module.compile is left out")
