"""The packages that an image's steps install, as far as they are in sight."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tminus.check.images import strings_of
from tminus.check.once import once
from tminus.lazy import pattern
from tminus.script import Script
from tminus.script.image import Image, ImageStep

_REQUIREMENT = pattern(
    r"^\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?P<extras>\[[^\]]*\])?\s*(?P<rest>.*)$", re.DOTALL
)
_VERSION = pattern(r"^={2,3}\s*(?P<version>[0-9][0-9A-Za-z.+!_-]*)$")
_EGG = pattern(r"#egg=([A-Za-z0-9._-]+)")
_WHEEL = pattern(r"/([A-Za-z0-9._]+)-[^/]+\.whl")
_REPOSITORY = pattern(r"/([A-Za-z0-9._-]+?)(?:\.git)?(?:@[^/]*)?(?:#.*)?$")

# Options of pip and uv that take a value as the next word.
_WITH_VALUE = frozenset(
    {
        "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-r", "--requirement", "-c",
        "--constraint", "-e", "--editable", "--python", "--target", "-t", "--prefix", "--no-binary",
        "--only-binary", "--index", "--default-index", "--torch-backend", "--index-strategy",
        "--config-settings",
        "--retries", "--timeout", "--cache-dir", "--prerelease", "-p",
    }
)  # fmt: skip
# Of these, the ones that install what only a file lists.
_FILES = frozenset({"-r", "--requirement", "-e", "--editable", "--group"})

INSTALLERS = frozenset({"pip_install", "uv_pip_install"})
COMMANDS = frozenset({"run_commands", "dockerfile_commands"})

# Steps after which packages may be there that nobody sees here.
_HIDDEN = frozenset(
    {
        "pip_install_from_requirements", "pip_install_from_pyproject", "poetry_install_from_file", "uv_sync",
        "micromamba_install", "conda_install", "pip_install_private_repos", "run_function", "from_dockerfile",
        "conda_update_from_environment", "copy_mount", "copy_local_dir", "copy_local_file", "copy",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """A package that a step asks for.

    Attributes:
        name: Normalised name of the distribution (lower case, ``-`` for ``_`` and ``.``).
        specifier: What follows the name: ``==2.9.1``, ``>=2``, `` @ git+https://…``, or nothing.
        extras: Whether it asks for extras (``transformers[torch]``).
        version: The exact version, if one is given.
        url: The address that it is installed from, for a direct reference.
        node: The expression that names it.
        step: The step.
        index: Number of the step in its image.
    """

    name: str
    specifier: str
    extras: bool
    version: str | None
    url: str | None
    node: ast.expr
    step: ImageStep
    index: int

    @property
    def bounded(self) -> bool:
        """Whether the newest release cannot come in unnoticed: pinned, capped, or at an address."""
        return self.url is not None or bool(re.search(r"==|~=|<", self.specifier))


class Packages(NamedTuple):
    """What an image installs.

    Attributes:
        found: Every package, in order; a later one of the same name counts.
        whole: Whether no step could install something else.
    """

    found: tuple[Package, ...]
    whole: bool

    def get(self, name: str) -> Package | None:
        """The last package of that normalised name."""
        return next((package for package in reversed(self.found) if package.name == name), None)

    def version(self, name: str) -> tuple[int, ...] | None:
        """The release that a package is pinned to, as numbers; None if it is not pinned or not there."""
        package = self.get(name)
        return release(package.version) if package is not None and package.version else None


def release(version: str) -> tuple[int, ...]:
    """The numbers of a release: ``2.9.1+cu128`` is (2, 9, 1)."""
    numbers = []
    for part in version.partition("+")[0].split("."):
        digits = re.match(r"\d+", part)
        if digits is None:
            break
        numbers.append(int(digits[0]))
    return tuple(numbers)


def normalised(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@once
def packages_of(script: Script, image: Image) -> Packages:
    """The packages that the steps of an image install."""
    found: list[Package] = []
    whole = image.complete
    for index, step in enumerate(image.steps):
        if step.method in _HIDDEN:
            whole = False
        elif step.method in INSTALLERS:
            whole &= all(keyword.arg != "requirements" for keyword in step.node.keywords)
            for text in _step_strings(script, step, ("packages",)):
                if text is None:
                    whole = False
                elif not text[0].startswith("-"):
                    found.append(_package(text[0], text[1], step, index))
        elif step.method in COMMANDS:
            for text in _step_strings(script, step, ("commands", "dockerfile_commands")):
                if text is None:
                    whole = False
                    continue
                words, all_read = installed_by(text[0])
                whole &= all_read
                found += [_package(word, text[1], step, index) for word in words]
    return Packages(tuple(found), whole)


def command_strings(script: Script, step: ImageStep) -> Iterator[tuple[str, ast.expr] | None]:
    """Every command of a ``run_commands`` or ``dockerfile_commands`` step; None for one that is unread."""
    yield from _step_strings(script, step, ("commands", "dockerfile_commands"))


def installed_by(command: str) -> tuple[list[str], bool]:
    """Requirements that a shell command installs with pip or uv, and whether nothing else can come in."""
    requirements: list[str] = []
    whole = True
    for part in re.split(r"&&|\|\||;|\n|\|", re.sub(r"\\\n", " ", command)):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:
            return requirements, False
        if not words:
            continue
        start = _install_at(words)
        if start is None:
            whole &= not _may_install(words)
            continue
        skip = False
        for word in words[start:]:
            if skip:
                skip = False
            elif word in _WITH_VALUE:
                skip = True
                whole &= word not in _FILES
            elif word.startswith("-"):
                whole &= not word.startswith(("-r", "-e", "--requirement=", "--editable="))
            elif word.startswith((".", "/", "$")) or word.endswith((".txt", ".tar.gz")):
                whole = False
            elif word not in (">", "2>&1", "/dev/null"):
                requirements.append(word)
    return requirements, whole


def _install_at(words: list[str]) -> int | None:
    """Index of the first word after ``pip install``."""
    for index in range(len(words) - 1):
        if words[index + 1] == "install" and re.search(r"(^|/)pip3?(\.\d+)?$", words[index]):
            return index + 2
    return None


_HARMLESS = frozenset(
    {
        "apt", "apt-get", "git", "cd", "echo", "rm", "mkdir", "ln", "export", "wget", "curl", "chmod",
        "ls", "cat",
        "nvcc", "ENV", "WORKDIR", "env", "touch", "true", "ENTRYPOINT", "CMD", "update-alternatives",
        "dpkg", "set",
        "cp", "mv", "sed", "which", "locale-gen", "ARG", "LABEL", "USER", "SHELL", "hf", "huggingface-cli",
        "test",
    }
)  # fmt: skip


def _may_install(words: list[str]) -> bool:
    words = [word for word in words if "=" not in word.partition("/")[0] or word.startswith("-")]
    if words and words[0] in ("RUN", "sudo"):
        words = words[1:]
    return bool(words) and words[0] not in _HARMLESS


def _step_strings(
    script: Script, step: ImageStep, keywords: tuple[str, ...]
) -> Iterator[tuple[str, ast.expr] | None]:
    for argument in step.node.args:
        yield from strings_of(script, argument, step.scope)
    for keyword in step.node.keywords:
        if keyword.arg in keywords:
            yield from strings_of(script, keyword.value, step.scope)
        elif keyword.arg is None:
            yield None


def _package(text: str, node: ast.expr, step: ImageStep, index: int) -> Package:
    head = text.partition(";")[0].strip()
    if re.match(r"^(git\+|https?://|file:)", head):
        name = _EGG.search(head) or _WHEEL.search(head) or _REPOSITORY.search(head)
        return Package(normalised(name[1]) if name else "", head, "[" in head, None, head, node, step, index)
    match = _REQUIREMENT.match(head)
    if match is None:
        return Package("", head, False, None, None, node, step, index)
    rest = match["rest"].strip()
    url = rest[1:].strip() if rest.startswith("@") else None
    exact = _VERSION.match(rest)
    version = exact["version"] if exact else None
    return Package(
        normalised(match["name"]), rest, match["extras"] is not None, version, url, node, step, index
    )
