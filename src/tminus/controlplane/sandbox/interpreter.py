"""The interpreter that runs containers, with its packages: the control plane's own, or another one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tminus.controlplane.sandbox import described

ASK_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that can run containers.

    Attributes:
        executable: The program, by the path of its environment.
        python: Its version.
        client: Version of the client in it.
        folders: Folders that it needs, none inside another one: its environment, its base, and those that
            links lead through.
        packages: Folder that holds the client where that is installed outside the environment, else None.
    """

    executable: Path
    python: str
    client: str
    folders: tuple[Path, ...]
    packages: Path | None = None

    @staticmethod
    @cache
    def own() -> Interpreter:
        """The one that runs the control plane.

        Raises:
            ModuleNotFoundError: The client is not installed.
        """
        return _interpreter(described.describe())

    @staticmethod
    @cache
    def at(executable: Path) -> Interpreter:
        """Another one.

        Raises:
            ModuleNotFoundError: It has no client.
            OSError: It does not run.
        """
        command = [str(executable), "-I", described.__file__]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=ASK_TIMEOUT_S, cwd="/", check=False
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(f"{executable} did not answer within {ASK_TIMEOUT_S:.0f} s") from error
        if done.returncode != 0:
            raise OSError(f"{executable} does not run: {done.stderr.strip()[-500:]}")
        return _interpreter(json.loads(done.stdout))


def _interpreter(said: Mapping[str, Any]) -> Interpreter:
    if not said["client"]:
        raise ModuleNotFoundError(
            f"{said['executable']} has no modal client, which containers need: "
            f"{said['executable']} -m pip install modal"
        )
    unique: list[Path] = []
    for path in sorted({Path(folder) for folder in said["folders"]}):
        if not any(path.is_relative_to(parent) and path.resolve() == path for parent in unique):
            unique.append(path)
    return Interpreter(
        Path(said["executable"]),
        said["python"],
        said["client"],
        tuple(unique),
        Path(said["packages"]) if said["packages"] else None,
    )
