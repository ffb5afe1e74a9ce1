"""Running a command as an ordinary user of this machine, from tests that root runs."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tminus.controlplane import Interpreter

NOBODY = 65534
ROOT = Path(__file__).parents[2]


class OrdinaryUser:
    """The user "nobody" with a home of its own.

    An interpreter in a home that only its owner may enter, such as root's pyenv, is shown to it all the same:
    in a mount namespace where an empty folder takes that home's place, with the interpreter's folders in it.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, command: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the home, in a clean environment."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [*_shown(Interpreter.own().folders), "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
             "--clear-groups", *command],
            env=environment | variables, cwd=self.home, capture_output=True, text=True, timeout=120,
        )  # fmt: skip


@contextmanager
def ordinary_user() -> Iterator[OrdinaryUser]:
    """That user; skips the test where it cannot be had."""
    if os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    missing = [name for name in ("bwrap", "setpriv") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)}, to become an ordinary user with, are not installed")
    # Not pytest's folder, which is its owner's alone.
    with TemporaryDirectory(prefix="tminus-nobody-") as home:
        os.chown(home, NOBODY, NOBODY)
        yield OrdinaryUser(Path(home))


def _shown(folders: Sequence[Path]) -> list[str]:
    """The command line of bubblewrap that lets everybody reach these folders, and changes nothing else."""
    arguments = ["bwrap", "--dev-bind", "/", "/", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    covered: set[Path] = set()
    for folder in [*folders, ROOT]:
        above = list(reversed(folder.parents))
        closed = next((one for one in above if not one.stat().st_mode & stat.S_IXOTH), None)
        if closed is None:
            continue
        for one in above[above.index(closed) :]:
            if one not in covered:
                covered.add(one)
                arguments += (
                    ["--tmpfs", str(one)] if one == closed else ["--perms", "0755", "--dir", str(one)]
                )
        arguments += ["--ro-bind", str(folder), str(folder)]
    return arguments
