"""The commands that a script starts, and what becomes of their exit code and output."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from tminus.script.launch import EVERY_GPU, Launch, is_server, launch_of
from tminus.script.outcome import Outcome, outcome_of
from tminus.script.scopes import FunctionNode, Scope, call_scope
from tminus.script.shell import Program, programs
from tminus.script.source import Span
from tminus.script.values import Known, Value
from tminus.script.walk import Placed
from tminus.script.words import GAP, Command, Reader

_RUNNERS = frozenset(
    {
        "subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call",
        "subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput", "os.system",
        "os.popen",        "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "pty.spawn",
    }
)  # fmt: skip
_REPLACES = "os.exec"
_IN_PROCESS = {
    "torch.distributed.run.run": "torchrun",
    "torch.distributed.run.main": "torchrun",
    "torch.distributed.launcher.api.elastic_launch": "torchrun",
    "torch.distributed.launcher.elastic_launch": "torchrun",
    "torch.distributed.launcher.api.launch_agent": "torchrun",
    "torch.multiprocessing.spawn": "spawn",
    "torch.multiprocessing.start_processes": "spawn",
    "torch.multiprocessing.spawn.spawn": "spawn",
    "accelerate.notebook_launcher": "notebook",
    "accelerate.launchers.notebook_launcher": "notebook",
    "accelerate.debug_launcher": "notebook",
    "accelerate.commands.launch.launch_command": "accelerate",
    "tminus.train.torchrun": "tminus",
}
_TORCHRUN_MAIN = "torchrun_main"

_MAX_CALLERS = 3


@dataclass(frozen=True, slots=True)
class Started:
    """A command, or an in-process launch of ranks, that the script starts.

    Attributes:
        node: The call that starts it; where a helper of the script does, the call of the helper.
        span: Its place.
        starter: The call of ``subprocess`` or the like itself.
        callee: Full dotted name of what starts it, such as ``subprocess.run``.
        within: The function or class in whose body `node` stands; None for the module.
        programs: The programs that it starts, those within ``bash -c`` too. Empty for an in-process launch.
        launches: The launches of ranks among them.
        outcome: What becomes of exit code and output.
        scope: The scope of `node`.
    """

    node: ast.Call
    span: Span
    starter: ast.Call
    callee: str
    within: FunctionNode | ast.ClassDef | None
    programs: tuple[Program, ...]
    launches: tuple[Launch, ...]
    outcome: Outcome
    scope: Scope = field(repr=False, compare=False)

    @property
    def read(self) -> bool:
        """Whether it is known which programs are started."""
        return bool(self.launches) or (
            bool(self.programs) and all(one.words and one.words[0] != GAP for one in self.programs)
        )

    @property
    def serves(self) -> bool:
        """Whether it starts a server of a model."""
        return any(is_server(program) for program in self.programs)


def find_commands(
    placed: tuple[Placed, ...], parents_of_all: Callable[[], dict[int, ast.AST]]
) -> Iterator[Started]:
    """Every command of a script, in order of lines."""
    calls: dict[str, list[Placed]] | None = None
    for one in placed:
        node = one.node
        if not isinstance(node, ast.Call) or one.scope.home is None:
            continue
        name = _callee(node, one.scope)
        if name is None:
            continue
        kind = _in_process(name)
        if kind is not None:
            yield _launched(node, name, kind, one)
        elif name in _RUNNERS or name.startswith(_REPLACES):
            # Most scripts start nothing.
            calls = _calls_by_name(placed) if calls is None else calls
            yield from _started(node, name, one, parents_of_all(), calls)


def _callee(node: ast.Call, scope: Scope) -> str | None:
    assert scope.home is not None
    return scope.home.dotted_name(node.func)


def _in_process(name: str) -> str | None:
    if name.rpartition(".")[2] == _TORCHRUN_MAIN:
        return "torchrun"
    return _IN_PROCESS.get(name)


def _started(
    node: ast.Call,
    name: str,
    place: Placed,
    parents: dict[int, ast.AST],
    calls: dict[str, list[Placed]],
) -> Iterator[Started]:
    home = place.scope.home
    assert home is not None
    outcome = outcome_of(node, name, place.scope, parents)
    expression = _command_expression(node, name)
    if expression is None:
        return
    reader = Reader(home)
    ways = _read(reader, node, name, expression, place.scope)
    first = Started(
        node, home.source.span_of(node), node, name, place.within, *_known(ways), outcome, place.scope
    )
    callers = list(_callers(reader, place.within, calls, outcome, parents)) if reader.parameters else []
    if not callers:
        yield first
        return
    for caller, inside, its_outcome in callers:
        again = Reader(home)
        ways = _read(again, node, name, expression, inside)
        assert isinstance(caller.node, ast.Call)
        span = home.source.span_of(caller.node)
        yield replace(
            first,
            node=caller.node,
            span=span,
            within=caller.within,
            programs=_known(ways)[0],
            launches=_known(ways)[1],
            outcome=its_outcome,
            scope=caller.scope,
        )


def _callers(
    reader: Reader,
    within: FunctionNode | ast.ClassDef | None,
    calls: dict[str, list[Placed]],
    outcome: Outcome,
    parents: dict[int, ast.AST],
) -> Iterator[tuple[Placed, Scope, Outcome]]:
    """The calls of the helper whose parameters a command is made of, with the scope that each gives it."""
    if not isinstance(within, FunctionNode) or not any(one is within for one, _ in reader.parameters):
        return
    for caller in calls.get(within.name, []):
        node = caller.node
        assert isinstance(node, ast.Call)
        if caller.within is within:
            continue
        skip = 1 if isinstance(node.func, ast.Attribute) else 0
        defined = caller.scope
        while defined.parent is not None:
            defined = defined.parent
        inside = call_scope(within, defined, node, caller.scope, skip)
        its_outcome = outcome
        if outcome.returned:
            used = outcome_of(node, "os.system", caller.scope, parents)
            its_outcome = replace(outcome, checked=used.checked, returned=False)
        yield caller, inside, its_outcome


def _read(reader: Reader, node: ast.Call, name: str, expression: ast.expr, scope: Scope) -> list[Command]:
    if name.startswith(_REPLACES) or name == "asyncio.create_subprocess_exec":
        if name.startswith(_REPLACES) and "l" not in name.removeprefix(_REPLACES):
            return reader.read(expression, scope)
        # os.execl("/bin/sh", "sh", "-c", ...) names the file first, and then the words.
        given = node.args[1:] if name.startswith(_REPLACES) else node.args
        words = ast.copy_location(ast.List(given, ast.Load()), node)
        return reader.read(words, scope)
    return reader.read(expression, scope)


def _command_expression(node: ast.Call, name: str) -> ast.expr | None:
    position = 1 if name.startswith(_REPLACES) and "l" not in name.removeprefix(_REPLACES) else 0
    if len(node.args) > position and not isinstance(node.args[position], ast.Starred):
        return node.args[position]
    return next((one.value for one in node.keywords if one.arg in ("args", "cmd", "command")), None)


def _known(ways: list[Command]) -> tuple[tuple[Program, ...], tuple[Launch, ...]]:
    found = [program for way in ways if way != GAP for program in programs(way)]
    launches = [launch for launch in map(launch_of, found) if launch is not None]
    return tuple(found), tuple(launches)


def _calls_by_name(placed: tuple[Placed, ...]) -> dict[str, list[Placed]]:
    calls: dict[str, list[Placed]] = {}
    for one in placed:
        match one.node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                calls.setdefault(name, []).append(one)
    return calls


def _launched(node: ast.Call, name: str, kind: str, place: Placed) -> Started:
    home = place.scope.home
    assert home is not None
    launch = _arguments_of_launch(node, kind, place.scope)
    outcome = Outcome(checked=True, captured=False)
    return Started(
        node, home.source.span_of(node), node, name, place.within, (), (launch,), outcome, place.scope
    )


def _arguments_of_launch(node: ast.Call, kind: str, scope: Scope) -> Launch:
    home = scope.home
    assert home is not None
    given = home.keywords(node, scope)
    if kind == "spawn":
        count = given.get("nprocs", home.evaluate(node.args[2], scope) if len(node.args) > 2 else None)
        return Launch(kind, _number(count, 1), 1, _name_of(node))
    if kind == "notebook":
        count = given.get("num_processes", home.evaluate(node.args[2], scope) if len(node.args) > 2 else None)
        return Launch(kind, _number(count, EVERY_GPU), _whole(given.get("num_nodes"), 1), _name_of(node))
    if kind == "tminus":
        nodes = _whole(given.get("nnodes"), 1)
        return Launch(kind, _number(given.get("nproc_per_node"), None), nodes, "tminus.train", True)
    for argument in node.args[:1]:
        for way in Reader(home).read(_list_in(argument, scope), scope):
            found = launch_of(Program((kind, *(way if isinstance(way, tuple) else (GAP,)))))
            if found is not None:
                return found
    return Launch(kind, None, None)


def _list_in(argument: ast.expr, scope: Scope) -> ast.expr:
    """The list of words in ``run(parse_args([...]))``, through a name."""
    for _ in range(4):
        match argument:
            case ast.Name(id=name):
                found = scope.lookup(name)
                if found is None or len(found[1]) != 1 or found[1][0] is None:
                    return argument
                inner: ast.expr = found[1][0]
                if not isinstance(inner, ast.Call):
                    return argument
                argument = inner
            case ast.Call(args=[first, *_]):
                argument = first
            case _:
                return argument
    return argument


def _name_of(node: ast.Call) -> str:
    return node.args[0].id if node.args and isinstance(node.args[0], ast.Name) else ""


def _number(value: Value | None, default: int | str | None) -> int | str | None:
    if value is None:
        return default
    if isinstance(value, Known) and isinstance(value.value, int):
        return value.value
    if "device_count" in getattr(value, "reason", ""):
        return EVERY_GPU
    return None


def _whole(value: Value | None, default: int) -> int | None:
    if value is None:
        return default
    return value.value if isinstance(value, Known) and isinstance(value.value, int) else None
