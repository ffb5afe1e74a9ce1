"""Keeping libraries and threads from getting in the way."""

from __future__ import annotations

import os
import sys
import warnings


def let_waiting_threads_sleep() -> None:
    """Keep OpenMP's threads from spinning while they wait for each other.

    On a machine with other work to do, spinning threads take the processor from those they wait for: training
    steps on two busy cores took seven times as long. Has an effect only before torch is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def quiet_libraries(*, main: bool) -> None:
    """Leave the talking to the reporter: progress bars and notices of the libraries only on errors."""
    import datasets
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    # TRL still reads a name that transformers is about to retire, and is about to retire one itself.
    for message in (".*gradient_checkpointing. is deprecated", ".use_liger_kernel=True. is deprecated"):
        warnings.filterwarnings("ignore", message=message, category=FutureWarning)
    if not main or not sys.stderr.isatty():
        datasets.disable_progress_bars()
