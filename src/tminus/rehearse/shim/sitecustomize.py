"""Imported by Python at start: registers the adaptations of a rehearsal, or does nothing.

Only the standard library is used, and modules are adapted after their import, so a process that imports
none of them pays for reading one small file. Without TMINUS_REHEARSAL not even that. A sitecustomize that
this one hides is run as well.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder

TYPE_CHECKING = False  # importing typing, or importlib.util, would double the start time of a process
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType
    from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs start time

# Module to the support module, and its function, that is called with it after its import.
_ADAPTED = {
    "torch": "tminus_shim.torch_module",
    "torch.distributed.fsdp.fully_sharded_data_parallel": "tminus_shim.collectives:adapt_fsdp",
    "safetensors.torch": "tminus_shim.files:adapt_safetensors",
    "accelerate.state": "tminus_shim.accelerate_state",
    "torch.distributed.run": "tminus_shim.torch_run",
    "accelerate.commands.launch": "tminus_shim.accelerate_launch",
    "transformers.training_args": "tminus_shim.training_args",
    "transformers.trainer": "tminus_shim.trainer",
    "transformers.modeling_utils": "tminus_shim.modeling",
}
# Of these, the modules that are run with `python -m`.
_PROGRAMS = ("torch.distributed.run", "accelerate.commands.launch")


class _AdaptingLoader:
    """A module's own loader, followed by the adaptation."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _state().adapt_with(_ADAPTED[module.__name__], module)

    def get_code(self, name: str) -> CodeType | None:
        """For `python -m`, which runs a module's code without importing it: import it, then run `main`."""
        if name in _PROGRAMS:
            return compile(f"from {name} import main\nmain()\n", f"<tminus rehearse: {name}>", "exec")
        code: CodeType | None = self._loader.get_code(name)
        return code


class _AdaptingFinder:
    """Finds the adapted modules where the other finders find them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _ADAPTED:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _AdaptingLoader(spec.loader)  # type: ignore[assignment]
                return spec
        return None


def _state() -> Any:
    from importlib import import_module

    return import_module("tminus_shim.state")


def _install() -> None:
    settings = _state().load(os.environ["TMINUS_REHEARSAL"])
    if settings is None:
        return
    # More threads than this machine has cores would only wait for each other.
    os.environ["OMP_NUM_THREADS"] = str(settings["threads_per_rank"])
    sys.meta_path.insert(0, _AdaptingFinder())


def _run_hidden() -> None:
    """Run the sitecustomize that would have been imported without this one, if there is one."""
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]  # noqa: PTH100
    spec = PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if os.environ.get("TMINUS_REHEARSAL"):
    _install()
_run_hidden()
