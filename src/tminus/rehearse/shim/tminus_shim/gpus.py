"""The GPUs that a container asked for, and who may believe in them."""

from __future__ import annotations

import os
import sys
from typing import Any

from .state import setting

# The control plane says what the container asked for, as in `H100:8`.
_VARIABLE = "TMINUS_CONTAINER_GPUS"
# Libraries are told the truth, and take their paths for a CPU; the script's own code is told what its
# container asked for.
_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}", "<frozen", "<string>")


def count() -> int:
    """GPUs of this container; 0 where it asked for none."""
    _, _, number = os.environ.get(_VARIABLE, "").rpartition(":")
    return int(number) if number.isdigit() else 0


def properties() -> dict[str, Any]:
    """Name, memory in bytes and compute capability of one of them, as `ShimSettings` holds them."""
    kind = os.environ.get(_VARIABLE, "").rpartition(":")[0].rstrip("!").upper()
    known: dict[str, dict[str, Any]] = setting("gpu_properties")
    return known.get(kind) or known[""]


def asked_by_script() -> bool:
    """Whether what called the caller of this is the script's own code, and no library's."""
    path = sys._getframe(2).f_code.co_filename
    return not any(part in path for part in _LIBRARIES) and not path.startswith(sys.base_prefix + os.sep)


def is_cuda(device: Any) -> bool:
    """Whether a device, or what names one, is a CUDA device."""
    if isinstance(device, str):
        return device == "cuda" or device.startswith("cuda:")
    return getattr(device, "type", None) == "cuda"
