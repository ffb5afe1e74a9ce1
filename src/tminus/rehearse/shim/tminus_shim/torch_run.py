"""torchrun, `python -m torch.distributed.run` and `run(parse_args(...))` start fewer ranks."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from .state import record, say, setting

# How a worker knows what its launcher was asked for.
ASKED, STARTED = "TMINUS_RANKS_ASKED", "TMINUS_RANKS_STARTED"


def adapt(module: Any) -> None:
    """Cap what torchrun makes of ``--nproc-per-node``, the one place that all its forms pass."""
    original: Callable[[str], int] = module.determine_local_world_size

    @functools.wraps(original)
    def determine_local_world_size(nproc_per_node: str) -> int:
        asked = _asked(nproc_per_node, original)
        started = ranks_to_start(asked, setting("ranks_per_container"))
        gpus = setting("gpus_asked")
        if 0 < gpus < asked:
            say(f"{asked} ranks in a container with {gpus} GPUs: on Modal, ranks from {gpus} on find no GPU")
        if started != asked:
            say(f"{asked} ranks per container run as {started}")
        record("launch", ranks_asked=asked, ranks_started=started, gpus_asked=gpus)
        os.environ[ASKED], os.environ[STARTED] = str(asked), str(started)
        return started

    module.determine_local_world_size = determine_local_world_size


def ranks_to_start(asked: int, most: int) -> int:
    """The largest divisor of `asked` that is at most `most`."""
    return next(ranks for ranks in range(max(1, min(asked, most)), 0, -1) if asked % ranks == 0)


def ranks_asked_per_rank() -> int:
    """How many ranks of the real run each rank of this one stands for; 1 outside a launcher's worker."""
    started = os.environ.get(STARTED)
    if started is None or os.environ.get("LOCAL_WORLD_SIZE") != started:
        return 1
    return int(os.environ[ASKED]) // int(started)


def _asked(nproc_per_node: str, original: Callable[[str], int]) -> int:
    gpus: int = setting("gpus_asked")
    if nproc_per_node in ("gpu", "auto") and gpus > 0:
        return gpus
    return original(nproc_per_node)
