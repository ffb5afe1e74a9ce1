"""One rank of a run: `python -m tminus.train CONFIG.json`, which torchrun starts once a GPU.

Exit codes: 0 finished, 75 interrupted and resumable, 2 the configuration or the data cannot be used,
1 anything else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tminus.train import ConfigError, DataError, ResumeError, TrainConfig, TrainError
from tminus.train.errors import EXIT_FAILED, EXIT_FINISHED, EXIT_INTERRUPTED, EXIT_UNUSABLE
from tminus.train.rank_report import RankReport
from tminus.train.signals import StopRequest


def main(argv: list[str] | None = None) -> int:
    """Train as one rank and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tminus.train", description="Train as one rank.")
    parser.add_argument("config", help="the configuration, a JSON file")
    parser.add_argument("--reports", type=Path, help="directory for this rank's report to the launcher")
    arguments = parser.parse_args(argv)
    with StopRequest(process_ends=True) as stop:
        report = RankReport(arguments.reports)
        try:
            code = _train(arguments.config, stop, report)
        except BaseException as error:
            report.failed(error)
            raise
    return code


def _train(path: str, stop: StopRequest, report: RankReport) -> int:
    from tminus.train.run import run

    try:
        result = run(TrainConfig.from_file(path), stop)
    except TrainError as error:
        report.failed(error)
        print(f"tminus: {error}", file=sys.stderr, flush=True)
        unusable = isinstance(error, ConfigError | DataError | ResumeError)
        return EXIT_UNUSABLE if unusable else EXIT_FAILED
    report.ended(result)
    return EXIT_FINISHED if result.status == "finished" else EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
