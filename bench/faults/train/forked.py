"""Ranks as forks of this process, which has loaded the libraries once: a start costs what a fork costs.

Only without GPUs, and with one thread: torch's threads do not survive a fork.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.update(
    OMP_NUM_THREADS="1",
    TOKENIZERS_PARALLELISM="false",
    HF_HUB_OFFLINE="1",
    HF_DATASETS_DISABLE_PROGRESS_BARS="1",
)

KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Ranks:
    """The processes of one attempt."""

    pids: tuple[int, ...]

    def wait(self, timeout_s: float) -> list[int]:
        """Exit codes, negative for signals. Once a rank dies, the others are killed, as torchrun does."""
        codes: dict[int, int] = {}
        end = time.monotonic() + timeout_s
        while len(codes) < len(self.pids):
            for pid in self.pids:
                if pid not in codes:
                    found, status = os.waitpid(pid, os.WNOHANG)
                    if found:
                        codes[pid] = os.waitstatus_to_exitcode(status)
            late = time.monotonic() > end
            if late or any(code not in (0, 75) for code in codes.values()):
                self.kill(*(pid for pid in self.pids if pid not in codes))
                if late:
                    end += 3600
            time.sleep(0.005)
        return [codes[pid] for pid in self.pids]

    def kill(self, *pids: int) -> None:
        """SIGKILL some of them, or all."""
        for pid in pids or self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def load_libraries() -> None:
    """Import what a run imports."""
    import bitsandbytes  # noqa: F401
    import datasets  # noqa: F401
    import peft  # noqa: F401
    import torch
    import trl

    import tminus.train.run  # noqa: F401

    torch.set_num_threads(1)
    trl.SFTTrainer  # noqa: B018 - its import is deferred until it is asked for
    gc.freeze()  # a collection in a fork would look at, and so copy, all that was loaded here


def start(world: int, action: Callable[[int], int], log: Path) -> Ranks:
    """Fork `world` ranks; each runs an action with its rank and exits with what that gives."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pids = []
    for rank in range(world):
        pid = os.fork()
        if pid == 0:
            _be_rank(rank, world, port, action, log)
        pids.append(pid)
    return Ranks(tuple(pids))


def _be_rank(rank: int, world: int, port: int, action: Callable[[int], int], log: Path) -> None:
    code = 1
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        if world > 1:
            os.environ.update(
                RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world), LOCAL_WORLD_SIZE=str(world),
                MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
            )  # fmt: skip
        code = action(rank)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
