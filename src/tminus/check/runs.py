"""Training runs as several rules see them: the function, what it runs, what it mounts, where it writes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from tminus.check.once import once
from tminus.lazy import pattern
from tminus.script import (
    Known,
    ModalFunction,
    Mounts,
    Reach,
    Script,
    Span,
    Started,
    Training,
    Value,
    mounts_of,
    possible,
)
from tminus.script.shell import Program
from tminus.script.training import LibraryCall
from tminus.script.walk import Placed
from tminus.script.words import GAP

if TYPE_CHECKING:
    from tminus.script.configured import Configuration

# Names and text that say that files go, or may go, somewhere that outlives the container.
ELSEWHERE = pattern(
    r"(?i)push_to_hub|upload|hub_model_id|put_object|boto3|\bs3\b|s3://|gs://|gcs|blob|rsync|scp\b|rclone|log_artifact"
    r"|log_model|save_artifact|fsspec|hf_api|hfapi|create_repo|batch_upload|put_file|azcopy"
)
COPIES = pattern(r"(?i)copytree|shutil|copyfile|\bcp\b|\bmv\b|symlink|\bln\b|os\.rename|os\.replace|rsync")
_OUTPUT_OPTION = pattern(
    r"^-{1,2}(output[-_]?dir|out[-_]?dir|save[-_]?dir|save[-_]?path|output|output[-_]path|ckpt[-_]dir"
    r"|checkpoint[-_]?dir|checkpoints?[-_]path|logging[-_]dir|work[-_]dir|save)$"
)
_HARMLESS = frozenset(
    {"nvidia-smi", "ls", "du", "df", "cat", "echo", "mkdir", "pip", "free", "nvcc", "head", "tail"}
)
_SAVING_METHODS = frozenset(
    {
        "save_pretrained", "save_model", "save_checkpoint", "save_state", "save_lora", "save_weights",
        "save_pretrained_merged", "save_pretrained_gguf",
    }
)  # fmt: skip
# Position of the path in saves that are functions.
_SAVING_FUNCTIONS = {
    "torch.save": 1, "safetensors.torch.save_file": 1, "safetensors.torch.save_model": 1, "joblib.dump": 1,
}  # fmt: skip
# Owners whose ``save(path)`` keeps a model, by the last part of their name.
_MODEL = pattern(r"(?i)(^|_)(model|net|network|agent|policy|student|unet|generator|learner)$")
_OUTPUT_KEYWORDS = ("output_dir", "save_dir", "default_root_dir", "dirpath", "ckpt_dir", "checkpoint_dir")


class Output(NamedTuple):
    """A place to which a run writes what it trained.

    Attributes:
        path: The path as written.
        value: What it was read from; None for an option of a command.
        span: Where.
        condition: When it is that path; empty without a condition.
        assumed: Whether a parameter or the environment can give another.
        asked: Whether a call saves there, not only a setting of a trainer.
    """

    path: PurePosixPath
    value: Known | None
    span: Span
    condition: str = ""
    assumed: bool = False
    asked: bool = False


@dataclass(frozen=True)
class Run:
    """A function that trains.

    Attributes:
        script: Its script.
        function: The function.
        training: Why it counts as training.
        reach: What runs in its container.
        mounts: What is mounted there.
    """

    script: Script
    function: ModalFunction
    training: Training
    reach: Reach
    mounts: Mounts

    @property
    def tminus(self) -> bool:
        """Whether this package trains: it launches, resumes, prunes and commits by itself."""
        return "tminus.train" in self.text

    @property
    def in_sight(self) -> bool:
        """Whether all that it runs is in this file, or in configurations that could be read."""
        if self.training.kind == "elsewhere":
            return False
        if self.training.kind == "launch" and not self._is_configured(self.training.command):
            return False
        harmless = all(
            self._is_configured(command)
            or (
                command.read
                and not command.launches
                and all(one.name in _HARMLESS for one in command.programs)
            )
            for command in self.reach.commands
        )
        return harmless and not self.reach.outside

    @cached_property
    def configurations(self) -> tuple[Configuration, ...]:
        """The configuration files that it gives trainers."""
        nodes = {id(command.node) for command in self.reach.commands}
        return tuple(one for one in self.script.configurations if id(one.started.node) in nodes)

    def _is_configured(self, command: Started | None) -> bool:
        return command is not None and any(
            one.started.node is command.node and one.certain for one in self.configurations
        )

    @cached_property
    def text(self) -> str:
        """Names and short strings of everything that it runs, one a line."""
        settings = (call for one in self.configurations for call in one.calls)
        configured = (word for call in settings for word in _words_of_settings(call))
        return "\n".join([*words_of(self.script, self.reach.placed), *configured])

    def says(self, what: re.Pattern[str]) -> bool:
        """Whether any name or string of what it runs matches."""
        return bool(what.search(self.text))

    @cached_property
    def unread_output(self) -> bool:
        """Whether it writes to a place that could not be read."""
        for one in self.reach.placed:
            argument = _output_argument(self.script, one.node) if isinstance(one.node, ast.Call) else None
            if argument is not None and not possible(self.script.evaluate(argument, one.scope)):
                return True
        return not all(one.certain for one in self.configurations)

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """Where it writes, as far as paths can be read."""
        return tuple(_outputs(self))

    @property
    def timeouts_s(self) -> list[float]:
        """Every timeout that it may have, in seconds."""
        found = [one.value.value for one in self.function.possible("timeout")]
        return [float(seconds) for seconds in found if isinstance(seconds, int | float)]


def training_runs(script: Script, trials: bool = False) -> Iterator[Run]:
    """Every function that trains; tests, benchmarks and the like only if asked for."""
    return (run for run in _runs(script) if trials or not run.training.trial)


@once
def _runs(script: Script) -> tuple[Run, ...]:
    trainings = ((function, script.trains(function)) for function in script.functions)
    return tuple(
        Run(script, function, training, script.reachable(function), mounts_of(function))
        for function, training in trainings
        if training is not None
    )


def words_of(script: Script, placed: tuple[Placed, ...]) -> Iterator[str]:
    """Names, arguments' names and strings of the nodes; docstrings left out."""
    docstrings = {
        id(one.node.value)
        for one in placed
        if isinstance(one.node, ast.Expr) and isinstance(one.node.value, ast.Constant)
    }
    for one in placed:
        match one.node:
            case ast.Name(id=name):
                yield script.evaluator.dotted_name(one.node) or name
                if isinstance(one.node.ctx, ast.Load):
                    yield from _constant(script, one)
            case ast.Attribute(attr=name):
                yield script.evaluator.dotted_name(one.node) or name
            case ast.Call(keywords=keywords):
                yield from (keyword.arg for keyword in keywords if keyword.arg)
            case ast.Constant(value=str(text)) if id(one.node) not in docstrings:
                yield text[:4000]
            case ast.ImportFrom(module=module, names=names):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from (alias.name for alias in names)


def _words_of_settings(call: LibraryCall) -> Iterator[str]:
    for name, value in call.made.kwargs.items():
        if not (isinstance(value, Known) and value.value in (False, None)):
            yield name
            yield from (str(one.value.value) for one in possible(value))


def _constant(script: Script, one: Placed) -> Iterator[str]:
    assert isinstance(one.node, ast.Name)
    found = one.scope.lookup(one.node.id)
    if found is not None and found[0].parent is None:
        for way in possible(script.evaluate(one.node, one.scope)):
            if isinstance(way.value.value, str):
                yield way.value.value


def _outputs(run: Run) -> Iterator[Output]:
    for one in run.reach.placed:
        if not isinstance(one.node, ast.Call):
            continue
        argument = _output_argument(run.script, one.node)
        if argument is not None:
            asked = not any(keyword.value is argument for keyword in one.node.keywords)
            for output in _paths(run.script.evaluate(argument, one.scope)):
                yield output._replace(asked=asked)
    for call in (call for one in run.configurations for call in one.calls):
        given = call.made.kwargs.get("output_dir")
        yield from _paths(given) if given is not None else ()
    for command in run.reach.commands:
        for program in command.programs:
            for path in _option_paths(program):
                yield Output(PurePosixPath(path), None, command.span)


def _output_argument(script: Script, node: ast.Call) -> ast.expr | None:
    name = script.evaluator.dotted_name(node.func) or ""
    position = _SAVING_FUNCTIONS.get(name)
    if position is not None and len(node.args) > position:
        return node.args[position]
    if isinstance(node.func, ast.Attribute) and node.args:
        owner = node.func.value
        last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if node.func.attr in _SAVING_METHODS or (node.func.attr == "save" and _MODEL.search(last)):
            return node.args[0]
    if re.search(r"(Arguments|Config|Trainer|ModelCheckpoint|Accelerator|TrainConfig)$", name):
        return next((one.value for one in node.keywords if one.arg in _OUTPUT_KEYWORDS), None)
    return None


def _paths(value: Value) -> Iterator[Output]:
    for way in possible(value):
        path = way.value.value
        if isinstance(path, str | PurePosixPath) and str(path) and "://" not in str(path):
            assumed = way.value.assumed is not None
            yield Output(PurePosixPath(path), way.value, way.value.span, way.condition, assumed)


def _option_paths(program: Program) -> Iterator[str]:
    for index, word in enumerate(program.words):
        key, equals, value = word.partition("=")
        if _OUTPUT_OPTION.match(key):
            given = value if equals else next(iter(program.words[index + 1 : index + 2]), "")
            if (
                given
                and GAP not in given
                and "$" not in given
                and not given.startswith("-")
                and "://" not in given
            ):
                yield given
