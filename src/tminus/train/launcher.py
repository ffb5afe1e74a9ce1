"""Starting the ranks of a run on this host, and stopping them so that nothing is lost.

This is what a Modal function calls. The ranks are torchrun's children; this process only waits. When it is
told to stop, in whatever way, it tells the ranks, waits until they have saved and left, and then goes the way
that it was told to go.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from tminus.train.allowance import Allowance
from tminus.train.config import TrainConfig
from tminus.train.errors import ConfigError, Interrupted, RanksError
from tminus.train.finished import finished_result
from tminus.train.rank_report import read_reports
from tminus.train.record import refuse_spent_budget
from tminus.train.result import TrainResult


class _Terminated(BaseException):
    """SIGTERM reached the launcher."""


def torchrun(
    config: TrainConfig,
    *,
    nproc_per_node: int,
    nnodes: int = 1,
    node_rank: int = 0,
    master_addr: str | None = None,
    master_port: int = 29500,
) -> TrainResult:
    """Train under torchrun: start `nproc_per_node` ranks on this host and wait for them.

    SIGINT, SIGTERM, and any exception that is raised here in the meantime (KeyboardInterrupt, Modal's
    InputCancellation) stop the ranks at the end of their step. They save, commit and leave; then the
    exception is raised again. A SIGTERM that nobody handles becomes `Interrupted`.

    Args:
        config: The run. A finished one is not started again; its result is returned.
        nproc_per_node: Ranks on this host: its number of GPUs, or of processes on CPUs.
        nnodes: Hosts of the cluster; each calls this with the same configuration.
        node_rank: This host's index.
        master_addr: Address of host 0; needed with more than one host.
        master_port: Port of host 0 for the ranks to meet. With one host a free port is taken.

    Returns:
        The result of the finished run.

    Raises:
        Interrupted: The ranks were stopped; starting the run again continues it.
        RanksError: A rank failed; the message carries the first error.
        BudgetError: Earlier attempts have cost what the run may cost, or there is no price to count by.
        ConfigError: More than one host and no address.
    """
    if nnodes > 1 and not master_addr:
        raise ConfigError(
            f"master_addr: found {master_addr!r}, but {nnodes} hosts must meet at one. Give the address of "
            "host 0 (on Modal: modal.experimental.get_cluster_info().container_ips[0])."
        )
    done = finished_result(config)
    if done is not None:
        print(f"tminus: run {done.run_id} is finished: {done.final}", file=sys.stderr, flush=True)
        return done
    # The ranks are other processes: what the container's client knows of the function, they are told.
    allowance = Allowance.here(nproc_per_node, nnodes)
    refuse_spent_budget(config, allowance)
    with tempfile.TemporaryDirectory(prefix="tminus-") as directory:
        reports = Path(directory)
        config_file = reports / "config.json"
        config_file.write_text(config.to_json(), encoding="utf-8")
        command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={nproc_per_node}"]
        if nnodes == 1:
            command += ["--standalone"]
        else:
            command += [f"--nnodes={nnodes}", f"--node-rank={node_rank}"]
            command += [f"--master-addr={master_addr}", f"--master-port={master_port}"]
        command += ["-m", "tminus.train", str(config_file), "--reports", str(reports)]
        code = _run(command, reports, allowance.environment())
        return _conclude(code, reports)


def _run(command: list[str], reports: Path, variables: dict[str, str]) -> int:
    """Run torchrun to its end. On any exception: stop the ranks, wait, raise it again."""
    with _sigterm_raises():
        # A session of its own, so that Ctrl-C reaches the ranks once, through here, and not torchrun as well.
        process = subprocess.Popen(command, start_new_session=True, env={**os.environ, **variables})
        try:
            return process.wait()
        except _Terminated as error:
            _stop(process, reports)
            raise Interrupted("SIGTERM: the ranks have saved; start the run again to continue it") from error
        except BaseException:
            _stop(process, reports)
            raise


def _stop(process: subprocess.Popen[bytes], reports: Path) -> None:
    """Ask the ranks to save and leave, and wait until all have.

    The ranks are asked directly: torchrun kills them 30 s after a signal of its own, saved or not. Ranks that
    are not up yet have nothing to save and are torchrun's to end.
    """
    asked = False
    while process.poll() is None:
        # What is raised here was asked for already: the ranks are saving, and leaving them would lose it.
        with suppress(BaseException):
            if not asked:
                running = [report.pid for report in read_reports(reports) if report.status == "running"]
                for pid in running or [process.pid]:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)
                asked = True
            process.wait()


def _conclude(code: int, reports: Path) -> TrainResult:
    ended = read_reports(reports)
    if code == 0 and ended and ended[0].result is not None:
        return ended[0].result
    statuses = {report.status for report in ended}
    if statuses == {"interrupted"} and (result := ended[0].result) is not None:
        raise Interrupted(
            f"interrupted at step {result.steps} of {result.total_steps} and saved; "
            "start the run again to continue it"
        )
    errors = [f"rank {report.rank}: {report.error}" for report in ended if report.error]
    raise RanksError(
        f"torchrun exited with {code}; " + (errors[0] if errors else "no rank said why; its output is above")
    )


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Let SIGTERM raise where it would otherwise end this process without a word to the ranks."""

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    unhandled = signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, None)
    if not unhandled or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
