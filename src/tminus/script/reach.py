"""What runs in a function's container, and whether it trains."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tminus.script.app import ModalFunction
from tminus.script.commands import Started
from tminus.script.evaluate import Evaluator
from tminus.script.launch import script_of
from tminus.script.scopes import FunctionNode
from tminus.script.source import Span
from tminus.script.training import LibraryCall
from tminus.script.walk import Placed

Definition = FunctionNode | ast.ClassDef

# function.remote() and the like run it in a container of its own.
_ELSEWHERE = frozenset(
    {
        "remote",
        "remote_gen",
        "spawn",
        "map",
        "starmap",
        "for_each",
        "spawn_map",
        "with_options",
        "from_name",
        "aio",
    }
)

_TRAINING_NAME = re.compile(
    r"(?i)(train|finetune|fine_tune|fine-tune|sft|grpo|dpo|rlhf|ppo|speedrun|axolotl)"
)
_OTHER_NAME = re.compile(
    r"(?i)(serv|infer|generat|eval|bench|test|sampl|export|convert|merge|download|quanti|prepare|preproc|tokeni"
    r"|check)"
)
_TRIAL = re.compile(
    r"(?i)(^|_)(test|smoke|bench|benchmark|profile|check|sanity|debug|dry|dryrun|lint|probe|verify|validate)"
    r"(_|$|\d)"
)

_TRAINER = re.compile(r"(?:^|\.)(?:\w*Trainer|Trainer)$")
_TRAIN_METHODS = frozenset({"train", "fit", "learn"})


@dataclass(frozen=True, slots=True)
class Training:
    """Why a function counts as training.

    Attributes:
        kind: ``trainer``, ``launch`` or ``loop``.
        span: The trainer, the launch, or the call of ``backward``.
        command: The launch, for that kind.
        trial: Whether the function's name says that it is a test, a benchmark or the like.
    """

    kind: str
    span: Span
    command: Started | None = None
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """What runs in a function's container.

    Attributes:
        definitions: The function or class itself, and the functions and classes of the file that it uses.
        placed: Every statement and expression in their bodies, decorators left out.
        commands: The commands that they start.
        calls: Their calls of training libraries and of modal.
        outside: Full dotted names of functions of the project's other files that they call: not followed.
    """

    definitions: tuple[Definition, ...]
    placed: tuple[Placed, ...] = field(repr=False)
    commands: tuple[Started, ...] = ()
    calls: tuple[LibraryCall, ...] = ()
    outside: tuple[str, ...] = ()


class Reachability:
    """The call graph inside a file.

    Args:
        placed: Every node of the file in its place.
        functions: Its Modal functions; a call of one by ``.remote()`` runs elsewhere.
        commands: Its commands.
        calls: Its calls of libraries.
        evaluator: Reads its names.
    """

    def __init__(
        self,
        placed: tuple[Placed, ...],
        functions: tuple[ModalFunction, ...],
        commands: tuple[Started, ...],
        calls: list[LibraryCall],
        evaluator: Evaluator,
    ) -> None:
        self._modal = frozenset(function.name for function in functions)
        self._commands = commands
        self._calls = calls
        self._evaluator = evaluator
        self._inside: dict[int, list[Placed]] = {}
        self._named: dict[str, Definition] = {}
        for one in placed:
            if isinstance(one.node, Definition):
                self._named.setdefault(one.node.name, one.node)
            if one.within is not None:
                self._inside.setdefault(id(one.within), []).append(one)

    def of(self, start: Definition) -> Reach:
        """What runs when a function is called, or the methods of a class are."""
        reached: dict[int, Definition] = {id(start): start}
        pending: list[Definition] = [start]
        placed: list[Placed] = []
        while pending:
            definition = pending.pop()
            inside = self._inside.get(id(definition), [])
            placed += inside
            for other in self._uses(definition, inside):
                if id(other) not in reached:
                    reached[id(other)] = other
                    pending.append(other)
        nodes = {id(one.node) for one in placed}
        return Reach(
            tuple(reached.values()),
            tuple(placed),
            tuple(one for one in self._commands if id(one.node) in nodes),
            tuple(one for one in self._calls if id(one.node) in nodes),
            tuple(self._outside(placed)),
        )

    def _uses(self, definition: Definition, inside: list[Placed]) -> Iterator[Definition]:
        elsewhere: set[int] = set()
        for one in inside:
            node = one.node
            if isinstance(node, Definition):
                # A nested function runs when its name is used, and the methods of a class are its body.
                if isinstance(definition, ast.ClassDef) or isinstance(node, ast.ClassDef):
                    yield node
            elif isinstance(node, ast.Attribute) and node.attr in _ELSEWHERE:
                elsewhere.update(id(part) for part in ast.walk(node.value))
            elif isinstance(node, ast.Name) and id(node) not in elsewhere:
                found = self._named.get(node.id)
                if found is not None and node.id not in self._modal:
                    yield found
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                match node.func:
                    case ast.Attribute(value=ast.Name(id=name), attr="local") if name in self._named:
                        yield self._named[name]

    def _outside(self, placed: list[Placed]) -> Iterator[str]:
        for one in placed:
            if isinstance(one.node, ast.Call):
                dotted = self._evaluator.imported(one.node.func)
                if dotted is not None and self._evaluator.is_of_the_project(dotted):
                    yield dotted

    def training(self, function: ModalFunction) -> Training | None:
        """Why a function counts as training; None if nothing says so."""
        reach = self.of(function.node)
        trial = bool(_TRIAL.search(function.name))
        for command in reach.commands:
            if any(starts_training(command)):
                return Training("launch", command.span, command, trial)
        trainer = self._trainer(reach)
        if trainer is not None:
            return Training("trainer", trainer, None, trial)
        loop = self._loop(reach)
        return Training("loop", loop, None, trial) if loop is not None else None

    def _trainer(self, reach: Reach) -> Span | None:
        made: Span | None = None
        trained = False
        for one in reach.placed:
            node = one.node
            if not isinstance(node, ast.Call):
                continue
            name = self._evaluator.dotted_name(node.func) or ""
            if name == "tminus.train.train":
                return self._evaluator.source.span_of(node)
            if _TRAINER.search(name):
                made = made or self._evaluator.source.span_of(node)
            elif isinstance(node.func, ast.Attribute) and node.func.attr in _TRAIN_METHODS:
                trained = True
                if {one.arg for one in node.keywords} & {"epochs", "resume_from_checkpoint"}:
                    made = made or self._evaluator.source.span_of(node)
        return made if trained else None

    def _loop(self, reach: Reach) -> Span | None:
        backward: Span | None = None
        steps = False
        for one in reach.placed:
            match one.node:
                case ast.Call(func=ast.Attribute(attr="backward")) as call:
                    backward = backward or self._evaluator.source.span_of(call)
                case ast.Call(func=ast.Attribute(attr="step")):
                    steps = True
        return backward if steps else None


def starts_training(command: Started) -> Iterator[bool]:
    """For each program of a command, whether it trains, by its name."""
    for launch in command.launches:
        if launch.kind == "tminus":
            yield True
        target = f"{launch.target} {' '.join(launch.arguments[:1])}"
        if launch.kind == "own" or _TRAINING_NAME.search(target):
            yield not _OTHER_NAME.search(launch.target.rpartition("/")[2]) or launch.kind == "own"
        elif launch.kind in ("torchrun", "accelerate", "deepspeed") and launch.target.endswith(".py"):
            yield not _OTHER_NAME.search(launch.target.rpartition("/")[2])
    for program in command.programs:
        script = script_of(program).rpartition("/")[2]
        if script and _TRAINING_NAME.search(script) and not _OTHER_NAME.search(script):
            yield True
