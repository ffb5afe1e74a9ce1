"""Files of tensors that a script writes and reads: when, and with which content."""

from __future__ import annotations

import functools
import io
import os
from typing import Any

from . import faults, loop
from .content import content_of
from .state import record


def adapt(torch: Any) -> None:
    """Watch torch.save and torch.load of paths."""
    saved, loaded = torch.save, torch.load

    @functools.wraps(saved)
    def save(obj: Any, f: Any, *positional: Any, **named: Any) -> Any:
        if not isinstance(f, str | os.PathLike):
            return saved(obj, f, *positional, **named)
        fault = faults.at_save()
        if fault is None:
            return _watched_write(f, lambda: saved(obj, f, *positional, **named))
        content = io.BytesIO()
        saved(obj, content, *positional, **named)
        return _watched_write(f, lambda: faults.write(fault, f, content.getvalue()))

    @functools.wraps(loaded)
    def load(f: Any, *positional: Any, **named: Any) -> Any:
        if isinstance(f, str | os.PathLike):
            _read(f)
        return loaded(f, *positional, **named)

    torch.save, torch.load = save, load


def adapt_safetensors(module: Any) -> None:
    """Watch safetensors.torch.save_file and load_file."""
    saved, loaded = module.save_file, module.load_file

    @functools.wraps(saved)
    def save_file(tensors: Any, filename: Any, metadata: Any = None) -> Any:
        fault = faults.at_save()
        if fault is None:
            return _watched_write(filename, lambda: saved(tensors, filename, metadata))
        content = module.save(tensors, metadata)
        return _watched_write(filename, lambda: faults.write(fault, filename, content))

    @functools.wraps(loaded)
    def load_file(filename: Any, *positional: Any, **named: Any) -> Any:
        _read(filename)
        return loaded(filename, *positional, **named)

    module.save_file, module.load_file = save_file, load_file


def _watched_write(path: Any, write: Any) -> Any:
    name = os.path.abspath(os.fspath(path))  # noqa: PTH100 - pathlib is not imported here
    record("write_begin", step=loop.steps_done(), path=name)
    result = write()
    size, digest = content_of(name)
    record("written", step=loop.steps_done(), path=name, bytes=size, digest=digest)
    return result


def _read(path: Any) -> None:
    name = os.path.abspath(os.fspath(path))  # noqa: PTH100
    try:
        size, digest = content_of(name)
    except OSError:
        return  # what follows will say so
    record("read", step=loop.steps_done(), path=name, bytes=size, digest=digest)
    faults.at_load()
