"""Python environments made from the installations of an image, kept by what they were made from."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tminus.controlplane import pip_settings
from tminus.controlplane.images import ImageContents
from tminus.controlplane.pip_steps import Install
from tminus.controlplane.sandbox import Interpreter
from tminus.durable import write_json

Say = Callable[[str], None]
"""Takes a line of output."""

RECORD = "built.json"
_TAIL_LINES = 15


class ImageBuildError(RuntimeError):
    """An environment could not be made; the text says which step failed, and with which words."""


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """What an environment is made from.

    Attributes:
        python: Version of Python asked for, such as ``3.12``; empty where any will do.
        installs: Installations, in order.
        files: Contents of the files that they name, by their path in the image.
    """

    python: str
    installs: tuple[Install, ...]
    files: Mapping[str, bytes]


class ImageBuilder:
    """Makes environments with uv, or with venv and pip where uv is absent.

    Args:
        folder: Where they are kept; the user's cache folder where it is None.
        client: Version of the client that containers have to have.

    Attributes:
        tool: What makes them, with its version.
    """

    def __init__(self, folder: Path | None = None, client: str = "") -> None:
        self._folder = folder or _cache_folder()
        self._client = client or Interpreter.own().client
        self._uv = _find_uv()
        self._environment = pip_settings.environment()
        self.tool = _version([*self._uv, "--version"]) if self._uv else _version([*_PIP, "--version"])

    def plan(self, contents: ImageContents, read: Callable[[str], bytes]) -> EnvironmentPlan | None:
        """What has to be made for an image; None where its packages cannot be told, and so not be made.

        Args:
            contents: The image.
            read: Gives the content with a SHA-256.
        """
        if contents.packages_unknown:
            return None
        paths = {path for install in contents.installs for path in install.files}
        if not paths <= contents.files.keys():
            return None
        files = {path: read(contents.files[path][0]) for path in sorted(paths)}
        return EnvironmentPlan(contents.python, tuple(contents.installs), files)

    def ready(self, plan: EnvironmentPlan) -> Interpreter | None:
        """The environment of a plan, where it is there."""
        folder = self._folder / self._key(plan)
        if not (folder / RECORD).exists():
            return None
        return self._interpreter(folder)

    def build(self, plan: EnvironmentPlan, say: Say) -> Interpreter:
        """Make the environment of a plan, if it is not there. Blocks, for minutes where packages are large.

        Raises:
            ImageBuildError: A step failed.
            OSError: The folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        key = self._key(plan)
        folder = self._folder / key
        with _locked(self._folder / f"{key}.lock"):
            found = self.ready(plan)
            if found is not None:
                return found
            started = time.monotonic()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            self._make(plan, folder, say)
            self._add_client(folder, say)
            write_json(
                folder / RECORD,
                {
                    "tool": self.tool,
                    "python_asked": plan.python,
                    "steps": [install.text for install in plan.installs],
                    "seconds": round(time.monotonic() - started, 1),
                },
            )
        return self._interpreter(folder)

    def _key(self, plan: EnvironmentPlan) -> str:
        """What the environment depends on, as one short name."""
        parts = {
            "python": plan.python,
            "own": sys.version,
            "client": self._client,
            "machine": platform.platform(),
            "uv": bool(self._uv),
            "steps": [[*install.arguments, install.uv] for install in plan.installs],
            "files": {path: hashlib.sha256(data).hexdigest() for path, data in plan.files.items()},
            "settings": pip_settings.deciding(self._environment),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]

    def _make(self, plan: EnvironmentPlan, folder: Path, say: Say) -> None:
        environment, log = folder / "env", folder / "build.log"
        own = str(Path(sys.executable).resolve())
        made = plan.python not in ("", _OWN) and self._make_of_another_python(
            plan.python, environment, log, say
        )
        if not made:
            make = [*self._uv, "venv", "--python", own] if self._uv else [own, *_VENV]
            self._run([*make, str(environment)], log, say, "making the environment")
        for number, install in enumerate(plan.installs):
            say(f"RUN {install.text}")
            arguments = self._with_files(install, plan, folder / "files" / str(number))
            self._run(self._install(environment, arguments, install.uv), log, say, install.text)

    def _make_of_another_python(self, version: str, environment: Path, log: Path, say: Say) -> bool:
        """Make an empty environment with a Python that is found on this machine, or that uv gets."""
        found = shutil.which(f"python{version}")
        if self._uv:
            command = [*self._uv, "venv", "--python", version, str(environment)]
        elif found is not None:
            command = [found, *_VENV, str(environment)]
        else:
            return False
        if self._output(command, log, say) is None:
            return True
        say(f"Python {version} is not to be had here; going on with {platform.python_version()}")
        shutil.rmtree(environment, ignore_errors=True)
        return False

    def _install(self, environment: Path, arguments: Sequence[str], as_uv: bool) -> list[str]:
        python = str(environment / "bin" / "python")
        if not self._uv:
            return [*_PIP, "--python", python, "install", *arguments]
        own_strategy = as_uv or "UV_INDEX_STRATEGY" in self._environment
        strategy = [] if own_strategy else ["--index-strategy", "unsafe-best-match"]
        # Containers cannot write the bytecode: each would compile what it imports anew.
        options = ["--python", python, "--compile-bytecode", *strategy]
        return [*self._uv, "pip", "install", *options, *arguments]

    def _with_files(self, install: Install, plan: EnvironmentPlan, folder: Path) -> list[str]:
        """The arguments with the files that they name put where this machine finds them."""
        here = {}
        for number, path in enumerate(install.files):
            folder.mkdir(parents=True, exist_ok=True)
            here[path] = folder / f"{number}-{Path(path).name}"
            here[path].write_bytes(plan.files[path])
        return [str(here.get(word, word)) for word in install.arguments]

    def _add_client(self, folder: Path, say: Say) -> None:
        """Put the client beside the image's packages, none of which is replaced by what it needs itself."""
        environment = folder / "env"
        python = str(environment / "bin" / "python")
        minor = _version([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        client = self._folder / f"client-{self._client}-{minor}"
        with _locked(self._folder / f"{client.name}.lock"):
            if not client.exists():
                part = client.with_suffix(".part")
                shutil.rmtree(part, ignore_errors=True)
                arguments = ["--target", str(part), f"modal=={self._client}"]
                command = self._install(environment, arguments, False)
                self._run(command, folder / "build.log", say, f"adding modal {self._client}")
                part.rename(client)
        # A folder that a .pth file names comes after site-packages: the image's own packages go first.
        packages = environment / "lib" / f"python{minor}" / "site-packages"
        (packages / "tminus_client.pth").write_text(f"{client}\n", encoding="utf-8")

    def _interpreter(self, folder: Path) -> Interpreter:
        # The .pth file leads to the client, so that it need not be on PYTHONPATH, before everything else.
        return replace(Interpreter.at(folder / "env" / "bin" / "python"), packages=None)

    def _run(self, command: Sequence[str], log: Path, say: Say, what: str) -> None:
        tail = self._output(command, log, say)
        if tail is not None:
            raise ImageBuildError(f"{what} failed:\n{tail}\nall output: {log}")

    def _output(self, command: Sequence[str], log: Path, say: Say) -> str | None:
        """Run a command; None where it worked, else its last lines."""
        lines: list[str] = []
        with (
            log.open("a", encoding="utf-8") as file,
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=self._environment,
            ) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                file.write(line)
                say(line.rstrip("\n"))
                lines.append(line.rstrip("\n"))
        return None if process.returncode == 0 else "\n".join(lines[-_TAIL_LINES:])


_PIP = (sys.executable, "-m", "pip")
# As uv makes them: pip is not among what an image asks for.
_VENV = ("-m", "venv", "--without-pip")
_OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tminus" / "images"


def _find_uv() -> list[str]:
    try:
        from uv import find_uv_bin
    except ImportError:
        found = shutil.which("uv")
        return [found] if found else []
    return [str(find_uv_bin())]


def _version(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Whoever makes the same at the same time, in this process or another, waits."""
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
