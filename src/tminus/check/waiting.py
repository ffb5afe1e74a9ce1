"""What a container does before it trains, while its GPUs are paid for and wait."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tminus.lazy import pattern
from tminus.script import ModalFunction, Reach, Script, Span, Started
from tminus.script.shell import Program
from tminus.script.words import GAP

_INSTALLERS = {
    "pip": "install", "pip3": "install", "apt-get": "install", "apt": "install", "conda": "install",
    "mamba": "install", "npm": "install", "yum": "install",
}  # fmt: skip
# Installers of other packages: a second or two.
_INSTANT = frozenset({"pip", "uv", "wheel", "setuptools", "hf_transfer", "hf-transfer", "ninja"})
_BUILDERS = frozenset({"make", "cmake", "ninja", "cargo", "nvcc", "bazel"})
_FETCHERS = frozenset({"wget", "aria2c", "gdown", "gsutil", "s5cmd", "azcopy", "rclone", "kaggle"})
_PREPARES = pattern(
    r"(?i)(^|[/_.-])(download|prepare|preprocess|tokeni[sz]e|pretokeni[sz]e)(_[\w-]+)?\.(py|sh)$"
)
# Modules that are run with -m: a program called `dataset` fetches one.
_PREPARES_AS_MODULE = pattern(
    r"(?i)(^|\.)(dataset|(download|prepare|preprocess|tokeni[sz]e|pretokeni[sz]e)(_\w+)?"
    r"|tok(enizer)?_train|train_tok(enizer)?)$"
)
_TOKENISES = pattern(r"(?i)tokeni[sz]e|preprocess")
# A test of this kind says that the work is left out where its result is there.
_ASKS = pattern(r"'(exists|is_file|is_dir|isfile|isdir|listdir|glob|iterdir|stat)'")
_DOWNLOADS = frozenset({"huggingface_hub.snapshot_download", "kagglehub.dataset_download"})


class Wait(NamedTuple):
    """Something long that a function does on its own GPUs before it trains.

    Attributes:
        kind: ``install``, ``build``, ``download``, ``prepare``; ``cache`` for a download that a cache may
            make short, ``tokenise`` for what the process itself does with the rows.
        what: The program or function, for a message.
        span: Where.
    """

    kind: str
    what: str
    span: Span


def waits_of(script: Script, function: ModalFunction) -> Iterator[Wait]:
    """What a function installs, builds, downloads or prepares in its container, in order of lines.

    Left out is what a test for an existing file guards: that is done once.
    """
    reach = script.reachable(function)
    once = _done_once(reach)
    found: list[Wait] = []
    for command in reach.commands:
        if command.node.lineno not in once:
            found += _of_command(command)
    for one in reach.placed:
        if isinstance(one.node, ast.Call) and one.node.lineno not in once:
            found += _of_call(script, one.node)
    yield from sorted(found, key=lambda wait: wait.span)


def _done_once(reach: Reach) -> set[int]:
    lines: set[int] = set()
    for one in reach.placed:
        if isinstance(one.node, ast.If) and _ASKS.search(ast.dump(one.node.test)):
            for body in (one.node.body, one.node.orelse):
                if body:
                    lines.update(range(body[0].lineno, (body[-1].end_lineno or body[-1].lineno) + 1))
    return lines


def _of_call(script: Script, node: ast.Call) -> Iterator[Wait]:
    name = script.evaluator.dotted_name(node.func) or ""
    if name in _DOWNLOADS:
        yield Wait("cache", name.rpartition(".")[2], script.source.span_of(node))
    match node:
        case ast.Call(func=ast.Attribute(attr="map"), args=[ast.Name(id=mapped), *_]) if _TOKENISES.search(
            mapped
        ):
            yield Wait("tokenise", f"map({mapped})", script.source.span_of(node))


def _of_command(command: Started) -> Iterator[Wait]:
    for program in command.programs:
        kind = _kind(program)
        if kind is not None:
            yield Wait(kind, " ".join(program.words[:4]).replace(GAP, "…"), command.span)


def _kind(program: Program) -> str | None:
    words = program.words
    # A tokenizer is there within seconds.
    if any("tokenizer" in word for word in words[1:]) and not any("dataset" in word for word in words):
        return None
    name = program.name
    if name.startswith("python") and words[1:3] == ("-m", "pip"):
        name, words = "pip", words[2:]
    if name == "uv" and words[1:2] == ("pip",):
        name, words = "pip", words[1:]
    if name == "uv" and words[1:2] in (("sync",), ("add",)):
        return "install" if "--editable" not in words else None
    if name in _INSTALLERS:
        packages = [word for word in words[1:] if not word.startswith("-") and word != "install"]
        if packages and all(word in _INSTANT for word in packages):
            return None
        own = any(word in ("-e", "--editable", "--no-deps", ".") for word in words)
        return "install" if _INSTALLERS[name] in words and not own else None
    if name in _BUILDERS:
        return "build"
    if name in _FETCHERS or (name in ("hf", "huggingface-cli") and "download" in words):
        return "download"
    if name == "aws" and words[1:2] == ("s3",):
        return "download"
    if name.startswith("python") or name in ("bash", "sh") or name.endswith(".sh"):
        if words[1:2] == ("-m",):
            return "prepare" if _PREPARES_AS_MODULE.search("".join(words[2:3])) else None
        target = next((word for word in words if word.endswith((".py", ".sh"))), "")
        return "prepare" if _PREPARES.search(target) else None
    return None
