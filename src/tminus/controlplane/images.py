"""What an image's layers add up to: ENV, WORKDIR and copied files, its Python, its packages, and the rest."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from tminus.controlplane.model import ImageRecord, Message, MountRecord
from tminus.controlplane.pip_steps import Install, installs_of, installs_otherwise

DEFAULT_WORKDIR = "/root"
# Steps that change nothing of what the control plane takes from an image.
_SILENT = {
    "FROM",
    "CMD",
    "ENTRYPOINT",
    "LABEL",
    "EXPOSE",
    "SHELL",
    "ARG",
    "USER",
    "STOPSIGNAL",
    "HEALTHCHECK",
}
_PYTHON_BASE = re.compile(r"(?:docker\.io/)?(?:library/)?python:(?P<version>\d+\.\d+)\S*")
# Modal's own base images keep themselves busy so; what else their layer does is theirs, not the script's.
_IDLE = ("CMD", '["sleep", "172800"]')
# A standalone Python that the client adds is the only thing that its mount holds.
_STANDALONE = re.compile(r"mo-python-(?P<version>\d+\.\d+)-")
_STANDALONE_LINK = "ln -s /usr/local/bin/python3 /usr/local/bin/python"
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(slots=True)
class ImageContents:
    """What the layers of an image add up to.

    Attributes:
        environment: Variables set by ENV.
        workdir: The last WORKDIR.
        files: Container path to (SHA-256, mode) of copied files.
        base: Image of a registry that it stands on; empty where that is no more than a Python.
        python: Version of Python that it asks for, such as ``3.12``; empty where it leaves that open.
        installs: Installations of packages, in order.
        not_run: Other steps that would have to be built, shortened to one line each.
        packages_unknown: Whether one of those, or the base, may bring packages that `installs` does not name.
    """

    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = DEFAULT_WORKDIR
    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    base: str = ""
    python: str = ""
    installs: list[Install] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    packages_unknown: bool = False


def replay(
    image: ImageRecord,
    images: Mapping[str, ImageRecord],
    mounts: Mapping[str, MountRecord],
    default_environment: Mapping[str, str],
) -> ImageContents:
    """Replay the layers of an image from its base upwards.

    Args:
        image: The topmost layer.
        images: Every known layer by id.
        mounts: Build contexts by id.
        default_environment: What ``$NAME`` means where no layer set it (``PATH`` above all).
    """
    contents = ImageContents()
    for layer in _chain(image, images):
        _apply(layer, mounts.get(layer.definition.context_mount_id), contents, default_environment)
    return contents


def _chain(image: ImageRecord, images: Mapping[str, ImageRecord]) -> list[ImageRecord]:
    chain = [image]
    while chain[-1].definition.base_images:
        base = images.get(chain[-1].definition.base_images[0].image_id)
        if base is None:
            break
        chain.append(base)
    return chain[::-1]


def _apply(
    layer: ImageRecord, context: MountRecord | None, contents: ImageContents, defaults: Mapping[str, str]
) -> None:
    steps = instructions(list(layer.definition.dockerfile_commands))
    files = {**(context.files if context is not None else {}), **sent_along(layer.definition)}
    if not layer.definition.base_images:
        _begin(steps, layer.definition.context_mount_id, contents)
    own_base = not layer.definition.base_images and _IDLE in steps
    for instruction, rest in steps:
        if instruction == "ENV":
            _set_environment(rest, contents, defaults)
        elif instruction == "WORKDIR":
            path = _expand(rest.strip().strip("\"'"), contents.environment, defaults)
            contents.workdir = str(PurePosixPath(contents.workdir) / path)
        elif instruction in {"COPY", "ADD"}:
            _copy(rest, files, contents)
        elif instruction == "RUN" and (installs := [] if own_base else installs_of(rest)):
            contents.installs += installs
        elif instruction not in _SILENT and not own_base and rest != _STANDALONE_LINK:
            contents.not_run.append(_shorten(f"{instruction} {rest}"))
            contents.packages_unknown |= installs_otherwise(rest)
    if layer.definition.HasField("build_function"):
        contents.not_run.append("run_function")


def _begin(steps: list[tuple[str, str]], context_mount_id: str, contents: ImageContents) -> None:
    """Note what the lowest layer stands on."""
    base = next((rest for instruction, rest in steps if instruction == "FROM"), "")
    python, added = _PYTHON_BASE.fullmatch(base.split(" ")[0]), _STANDALONE.match(context_mount_id)
    if added is not None:
        contents.python = added["version"]
    elif python is not None:
        contents.python = python["version"]
    else:
        contents.packages_unknown = True
    contents.base = "" if python is not None else base


def sent_along(definition: Message) -> dict[str, tuple[str, int]]:
    """Files that a layer's definition holds itself, such as requirements: path to (SHA-256, mode)."""
    return {
        file.filename: (hashlib.sha256(file.data).hexdigest(), 0o644) for file in definition.context_files
    }


def instructions(commands: list[str]) -> list[tuple[str, str]]:
    """Dockerfile lines as (instruction, rest): continuation lines joined, comments left out."""
    found = []
    for line in re.sub(r"\\\n", " ", "\n".join(commands)).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction and not instruction.startswith("#"):
            found.append((instruction.upper(), rest.strip()))
    return found


def _set_environment(rest: str, contents: ImageContents, defaults: Mapping[str, str]) -> None:
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    if words and "=" not in words[0]:  # the old form: ENV NAME value
        words = [f"{words[0]}={' '.join(words[1:])}"]
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            # What stands in single quotes is kept as it is; so the client writes a value with a dollar sign.
            literal = "'" in rest
            contents.environment[name] = value if literal else _expand(value, contents.environment, defaults)


def _expand(text: str, environment: Mapping[str, str], defaults: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return environment.get(name, defaults.get(name, ""))

    return _VARIABLE.sub(value, text)


def _copy(rest: str, available: Mapping[str, tuple[str, int]], contents: ImageContents) -> None:
    words = [word for word in rest.split() if not word.startswith("--")]
    if len(words) < 2 or "--from=" in rest:
        return
    *sources, target = words
    into = PurePosixPath(contents.workdir) / target
    for source in sources:
        matches = _matcher(source)
        for name, file in available.items():
            relative = matches(name.lstrip("/"))
            if relative is None:
                continue
            as_folder = target.endswith("/") or target == "." or len(sources) > 1 or relative != ""
            path = into / (relative or PurePosixPath(name).name) if as_folder else into
            contents.files[str(path)] = file


def _matcher(source: str) -> Callable[[str], str | None]:
    """From a name in the context to its path below a COPY source.

    The path is empty for the source itself, and None for what does not match.
    """
    wanted = re.sub(r"^(\.?/)+|^\.$", "", source).rstrip("/")

    def match(name: str) -> str | None:
        if not wanted:
            return name
        if name == wanted or fnmatchcase(name, wanted):
            return ""
        return name[len(wanted) + 1 :] if name.startswith(wanted + "/") else None

    return match


def _shorten(text: str, length: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def merge_files(mounts: list[MountRecord], contents: ImageContents) -> dict[str, tuple[str, int]]:
    """Files of a container by path: the image's, then those mounted when it starts."""
    files = dict(contents.files)
    for mount in mounts:
        for name, file in mount.files.items():
            files[str(PurePosixPath("/") / name)] = file
    return files
