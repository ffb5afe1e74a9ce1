"""`torch.cuda` for a script's own code: the GPUs that its container asked for, whose work the CPU does.

Nothing is measured: times between events are real, memory is that of no GPU and reads as zero.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

from . import gpus
from .state import change

_current = 0

_Properties = namedtuple(
    "_Properties", "name major minor total_memory multi_processor_count is_integrated is_multi_gpu_board"
)


def adapt(torch: Any) -> None:
    """Answer the questions of `torch.cuda` as a machine with the container's GPUs does."""
    cuda = torch.cuda
    _adapt_presence(cuda)
    for name in ("synchronize", "empty_cache", "ipc_collect", "reset_peak_memory_stats", "init"):
        setattr(cuda, name, _answering(None))
    for name in ("reset_max_memory_allocated", "set_per_process_memory_fraction", "reset_max_memory_cached"):
        setattr(cuda, name, _answering(None))
    for name in ("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"):
        setattr(cuda, name, _answering(0))
    cuda.memory_summary = lambda *_, **__: "no GPU: the rehearsal measures no memory"
    cuda.memory_stats = lambda *_, **__: {}
    cuda.mem_get_info = lambda *_, **__: (gpus.properties()["memory_bytes"],) * 2
    cuda.get_device_name = lambda *_, **__: gpus.properties()["name"]
    cuda.get_device_capability = lambda *_, **__: tuple(gpus.properties()["capability"])
    cuda.get_device_properties = lambda *_, **__: _properties()
    cuda.get_arch_list = lambda: ["sm_{}{}".format(*gpus.properties()["capability"])]
    cuda.current_device = lambda: _current
    cuda.set_device = _set_device
    cuda.device = _Device
    for name in ("manual_seed", "manual_seed_all"):
        # The CPU's generator draws here what a GPU's would.
        setattr(cuda, name, _answering(None))
    _adapt_rng(torch)
    _adapt_streams(cuda)


def _adapt_presence(cuda: Any) -> None:
    real_available, real_count = cuda.is_available, cuda.device_count
    real_bf16 = cuda.is_bf16_supported

    @functools.wraps(real_available)
    def is_available() -> bool:
        return gpus.asked_by_script() or bool(real_available())

    @functools.wraps(real_count)
    def device_count() -> int:
        return gpus.count() if gpus.asked_by_script() else int(real_count())

    @functools.wraps(real_bf16)
    def is_bf16_supported(including_emulation: bool = True) -> bool:
        if not gpus.asked_by_script():
            return bool(real_bf16(including_emulation))
        return tuple(gpus.properties()["capability"]) >= (8, 0)

    cuda.is_available, cuda.device_count, cuda.is_bf16_supported = (
        is_available,
        device_count,
        is_bf16_supported,
    )
    kind = gpus.properties()["name"].partition(" (")[0]
    change("torch.cuda", "no GPU", f"{gpus.count()} × {kind}", "the CPU does their work")


def _adapt_rng(torch: Any) -> None:
    state = torch.zeros(16, dtype=torch.uint8)
    for module in (torch.cuda, torch.cuda.random):
        module.get_rng_state = lambda *_, **__: state.clone()
        module.get_rng_state_all = lambda: [state.clone() for _ in range(gpus.count())]
        module.set_rng_state = _answering(None)
        module.set_rng_state_all = _answering(None)


def _adapt_streams(cuda: Any) -> None:
    cuda.Event, cuda.Stream = _Event, _Stream
    cuda.current_stream = lambda *_, **__: _Stream()
    cuda.default_stream = lambda *_, **__: _Stream()
    cuda.set_stream = _answering(None)
    cuda.stream = _in_stream


def _properties() -> Any:
    values = gpus.properties()
    major, minor = values["capability"]
    return _Properties(values["name"], major, minor, values["memory_bytes"], 0, 0, 0)


def _set_device(device: Any) -> None:
    global _current
    number = device if isinstance(device, int) else getattr(device, "index", None)
    if isinstance(device, str):
        number = int(device.rpartition(":")[2]) if ":" in device else 0
    number = number or 0
    if number >= gpus.count():
        # The words of CUDA itself: this is what the platform would answer.
        raise RuntimeError(
            f"CUDA error: invalid device ordinal\nDevice {number} was asked for; "
            f"the container has {gpus.count()} GPUs"
        )
    _current = number


class _Device:
    """`torch.cuda.device(i)`: the current device within a block."""

    def __init__(self, device: Any) -> None:
        self._device = device

    def __enter__(self) -> None:
        self._before = _current
        _set_device(self._device)

    def __exit__(self, *_: Any) -> None:
        _set_device(self._before)


class _Event:
    """`torch.cuda.Event`: the time at which the CPU came here."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._at = 0.0

    def record(self, *_: Any, **__: Any) -> None:
        self._at = time.perf_counter()

    def elapsed_time(self, end: _Event) -> float:
        return (end._at - self._at) * 1000

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        """Nothing is outstanding: the CPU works in order."""

    wait = synchronize


class _Stream:
    """`torch.cuda.Stream`: the one order in which the CPU works."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.cuda_stream = 0

    def record_event(self, event: _Event | None = None) -> _Event:
        event = event or _Event()
        event.record()
        return event

    def synchronize(self) -> None:
        """Nothing is outstanding."""

    def wait_stream(self, stream: Any) -> None:
        """What was asked for before is done."""

    wait_event = wait_stream

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def _in_stream(stream: Any) -> Iterator[None]:
    yield


def _answering(answer: Any) -> Any:
    """A function of its own that always answers so: torch's compiler knows functions by their identity."""
    return lambda *_, **__: answer
