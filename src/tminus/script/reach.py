"""What runs in a function's container, and whether it trains."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tminus.lazy import pattern
from tminus.script.app import ModalFunction
from tminus.script.commands import Started
from tminus.script.evaluate import Evaluator
from tminus.script.launch import script_of
from tminus.script.scopes import FunctionNode, Scope
from tminus.script.source import Span
from tminus.script.training import LibraryCall
from tminus.script.tree import walk
from tminus.script.values import Known
from tminus.script.walk import Placed
from tminus.script.words import GAP

Definition = FunctionNode | ast.ClassDef

# What runs a function of another file in a container of its own.
_ELSEWHERE = frozenset({"remote", "remote_gen", "spawn", "spawn_map"})

_LAUNCHERS = frozenset({"torchrun", "accelerate", "deepspeed"})

_TRAINING_NAME = pattern(
    r"(?i)(train|finetune|fine_tune|fine-tune|distil|sft|grpo|dpo|rlhf|ppo|speedrun|axolotl)"
)
_OTHER_NAME = pattern(
    r"(?i)(serv|infer|generat|eval|bench|test|sampl|export|convert|merge|download|quanti|prepare|preproc|tokeni"
    r"|check)"
)
_TRIAL = pattern(
    r"(?i)(^|_)(test|smoke|bench|benchmark|profile|check|sanity|debug|dry|dryrun|lint|probe|verify|validate)"
    r"(_|$|\d)"
)

# A class, or what makes one: `build_sft_trainer`.
_TRAINER = pattern(r"(?:^|\.)\w*(?:Trainer|_trainer)$")
# Models that train themselves, and do nothing else by `train`.
_OWN_TRAINER = frozenset({"ultralytics.YOLO", "ultralytics.RTDETR", "ultralytics.YOLOWorld"})
# What only a trainer is given.
_SETTINGS = pattern(r"(?:^|\.)(?:TrainConfig|SFTConfig|(?:Seq2Seq)?TrainingArguments|LoraConfig)$")
_TRAINING_SCRIPT = pattern(r"\b(train|finetune|fine_tune|pretrain|sft|grpo|dpo)\w*\.(py|sh)\b")
_MAIN = pattern(r"(?:^|/)(?:main|run|start)\w*\.(?:py|sh)$")
# `train.main`, `mine.training.run`, `mine.loop.train_model`.
_TRAINS = pattern(
    r"(?i)(?:^|\.)(?:(?:run_?|do_?)?(?:train|pretrain|finetune|fine_tune|distil|sft|grpo|dpo)(?:_?\w*)?(?:\.(?:main|run))?)$"
)
# Longer texts are documentation, or whole programs.
_LONG = 4000
# Options that only a training has: `--epochs`, `--num_train_epochs`, `--lr`, `--per-device-train-batch-size`.
_TRAINING_OPTION = pattern(
    r"^--(?:(?:num[-_]?)?(?:train[-_])?epochs|lr|learning[-_]rate|per[-_]device[-_]train[-_]batch[-_]size)(?:=|$)"
)
_TRAIN_METHODS = frozenset({"train", "fit", "learn"})


@dataclass(frozen=True, slots=True)
class Training:
    """Why a function counts as training.

    Attributes:
        kind: ``trainer``, ``launch``, ``loop``, or ``elsewhere`` for another file of the project.
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
        calls: Their calls of training libraries and of modal, and those by which the module makes what they
            name.
        outside: Full dotted names of functions of the project's other files that they call: not followed.
    """

    definitions: tuple[Definition, ...]
    placed: tuple[Placed, ...] = field(repr=False)
    commands: tuple[Started, ...] = ()
    calls: tuple[LibraryCall, ...] = ()
    outside: tuple[str, ...] = ()

    @property
    def expressions(self) -> Iterator[tuple[ast.expr, Scope]]:
        """Every expression in their bodies, with the scope that it is evaluated in."""
        return ((one.node, one.scope) for one in self.placed if isinstance(one.node, ast.expr))

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """Every statement and expression in their bodies."""
        return (one.node for one in self.placed)


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
        # For the module's own calls: the names that they make.
        self._made_by_module: dict[int, set[str]] = {}
        if calls:
            self._find_made_by_module(calls)
        for one in placed:
            if one.within is not None:
                self._inside.setdefault(id(one.within), []).append(one)

    def _find_made_by_module(self, calls: list[LibraryCall]) -> None:
        nodes = {id(call.node) for call in calls if call.scope.parent is None and not call.configured}
        module = next((call.scope for call in calls if id(call.node) in nodes), None)
        for name, assigned in module.assigned.items() if module is not None else ():
            for node in (node for value in assigned if value is not None for node in walk(value)):
                if id(node) in nodes:
                    self._made_by_module.setdefault(id(node), set()).add(name)

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
            tuple(self._calls_of(placed, nodes)),
            tuple(self._outside(placed)),
        )

    def _calls_of(self, placed: list[Placed], nodes: set[int]) -> Iterator[LibraryCall]:
        names = self._names_of_module(placed) if self._made_by_module else set()
        for call in self._calls:
            if id(call.node) in nodes or not names.isdisjoint(self._made_by_module.get(id(call.node), ())):
                yield call

    def _names_of_module(self, placed: Iterable[Placed]) -> set[str]:
        """Names of the module that nodes use, themselves or through other such names."""
        found: set[str] = set()
        pending = list(placed)
        while pending:
            one = pending.pop()
            if isinstance(one.node, ast.Name) and one.node.id not in found:
                place = one.scope.lookup(one.node.id)
                if place is not None and place[0].parent is None:
                    found.add(one.node.id)
                    inside = (node for value in place[1] if value is not None for node in walk(value))
                    pending += [Placed(node, place[0], None) for node in inside]
        return found

    def _uses(self, definition: Definition, inside: list[Placed]) -> Iterator[Definition]:
        for one in inside:
            node = one.node
            if isinstance(node, Definition):
                # A nested function runs when it is named, or a decorator has it; methods are a class's body.
                if (
                    node.decorator_list
                    or isinstance(definition, ast.ClassDef)
                    or isinstance(node, ast.ClassDef)
                ):
                    yield node
            elif isinstance(node, ast.Name) and node.id not in self._modal:
                found = one.scope.definition(node.id)
                if found is not None:
                    yield found[0]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found = one.scope.definition(node.value.id) if node.attr == "local" else None
                method = _method_of_self(node.value.id, node.attr, one.scope)
                if found is not None:
                    yield found[0]
                elif method is not None:
                    yield method

    def _outside(self, placed: list[Placed]) -> Iterator[str]:
        for one in placed:
            if isinstance(one.node, ast.Call):
                dotted = self._evaluator.imported(one.node.func)
                if (
                    dotted is not None
                    and dotted.removesuffix(".aio").rpartition(".")[2] not in _ELSEWHERE
                    and self._evaluator.is_of_the_project(dotted)
                ):
                    yield dotted

    def training(self, function: ModalFunction, reach: Reach) -> Training | None:
        """Why a function that reaches something counts as training; None if nothing says so."""
        trial = is_trial(function)
        evident = self.evident_training(reach)
        if evident is not None:
            return replace(evident, trial=trial)
        unread = next(filter(_launches_something, reach.commands), None)
        if unread is not None and self._names_a_training(reach):
            return Training("launch", unread.span, unread, trial)
        named = _only_program(reach)
        if named is not None and (_is_of_training(function) or self._in_training_folder(function, named)):
            return Training("launch", named.span, named, trial)
        elsewhere = self._elsewhere(reach) if _is_of_training(function) else None
        return Training("elsewhere", elsewhere, None, trial) if elsewhere is not None else None

    def evident_training(self, reach: Reach) -> Training | None:
        """The training that shows in what is reached, whatever the function around it is called."""
        for command in reach.commands:
            if any(starts_training(command)):
                return Training("launch", command.span, command)
        trainer = self._trainer(reach)
        if trainer is not None:
            return Training("trainer", trainer)
        loop = self._loop(reach)
        return Training("loop", loop) if loop is not None else None

    def _elsewhere(self, reach: Reach) -> Span | None:
        """The call of what is imported from no known library, whose name says that it trains."""
        for one in reach.placed:
            if isinstance(one.node, ast.Call):
                name = (self._evaluator.imported(one.node.func) or "").removesuffix(".aio")
                if _TRAINS.search(name) and name.partition(".")[0] not in self._evaluator.libraries:
                    return self._evaluator.source.span_of(one.node)
        return None

    def _in_training_folder(self, function: ModalFunction, command: Started) -> bool:
        """Whether a command runs the main script of a project whose folder has a name of training."""
        if not function.may_have("gpu") or _OTHER_NAME.search(function.name) or _TRIAL.search(function.name):
            return False
        folders = [script_of(program) for program in command.programs if _MAIN.search(script_of(program))]
        if not folders or not isinstance(command.node, ast.Call):
            return False
        for keyword in command.node.keywords:
            if keyword.arg == "cwd":
                folder = self._evaluator.evaluate(keyword.value, command.scope)
                folders.append(str(folder.value) if isinstance(folder, Known) else "")
        return any(_TRAINING_NAME.search(folder) for folder in folders)

    def _trainer(self, reach: Reach) -> Span | None:
        made: Span | None = None
        trained = evaluated = False
        for one in reach.placed:
            node = one.node
            if not isinstance(node, ast.Call):
                continue
            name = self._evaluator.dotted_name(node.func) or ""
            if name == "tminus.train.train":
                return self._evaluator.source.span_of(node)
            if _TRAINER.search(name) or name in _OWN_TRAINER:
                made = made or self._evaluator.source.span_of(node)
            elif isinstance(node.func, ast.Attribute) and node.func.attr in _TRAIN_METHODS:
                trained = True
                if {one.arg for one in node.keywords} & {"epochs", "resume_from_checkpoint"}:
                    made = made or self._evaluator.source.span_of(node)
            elif isinstance(node.func, ast.Attribute) and node.func.attr in ("evaluate", "predict"):
                evaluated = True
        # Another file of the project may call its train().
        return made if trained or (reach.outside and not evaluated) else None

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

    def _names_a_training(self, reach: Reach) -> bool:
        """Whether what is said beside a launch is of training: a script's name, or settings of a trainer."""
        docstrings = {id(one.node.value) for one in reach.placed if isinstance(one.node, ast.Expr)}
        for one in reach.placed:
            match one.node:
                case ast.Constant(value=str(text)) if len(text) < _LONG and _TRAINING_SCRIPT.search(text):
                    if id(one.node) not in docstrings:
                        return True
                case ast.Call(func=callee) if _SETTINGS.search(self._evaluator.dotted_name(callee) or ""):
                    return True
        return False


def says_it_trains(function: ModalFunction) -> bool:
    """Whether a function's name says that it trains, and nothing else."""
    name = function.name
    return bool(_TRAINING_NAME.search(name)) and not _OTHER_NAME.search(name) and not is_trial(function)


def is_trial(function: ModalFunction) -> bool:
    """Whether a function's name says that it is a test, a benchmark or the like."""
    return bool(_TRIAL.search(function.name))


def _method_of_self(name: str, attribute: str, scope: Scope) -> Definition | None:
    """The method that ``self.attribute`` names, where `name` is what a method calls its object."""
    method, around = scope.node, scope.parent
    if not isinstance(method, FunctionNode) or around is None or not isinstance(around.node, ast.ClassDef):
        return None
    own = method.args.args[0].arg if method.args.args else None
    return around.definitions.get(attribute) if name == own else None


def _launches_something(command: Started) -> bool:
    """Whether a command starts ranks of a script that could not be read."""
    return any(one.kind in _LAUNCHERS and (not one.target or GAP in one.target) for one in command.launches)


def _is_of_training(function: ModalFunction) -> bool:
    """Whether a function on GPUs says by its name that it trains, and nothing else."""
    return says_it_trains(function) and function.may_have("gpu")


def _only_program(reach: Reach) -> Started | None:
    """The one command that runs a script, of those that a function starts."""
    scripts = [
        command
        for command in reach.commands
        for program in command.programs
        if script_of(program).endswith((".py", ".sh")) and not _OTHER_NAME.search(script_of(program))
    ]
    return scripts[0] if len(scripts) == 1 else None


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
        if script and not _OTHER_NAME.search(script):
            yield bool(_TRAINING_NAME.search(script)) or any(map(_TRAINING_OPTION.match, program.words))
