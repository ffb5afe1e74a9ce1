"""The Modal app that a script defines: its functions, with the arguments that reach each."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tminus.facts import GpuRequest
from tminus.lazy import pattern
from tminus.script.alternatives import merged
from tminus.script.evaluate import Evaluator
from tminus.script.objects import FunctionObject
from tminus.script.scopes import FunctionNode, Scope
from tminus.script.source import Span
from tminus.script.values import Alternative, Choice, Constructed, Known, Value, possible
from tminus.script.walk import Placed

APP_CLASSES = ("modal.App", "modal.Stub", "modal.app.App", "modal.app._App")
CLUSTERED = "modal.clustered"
EXPERIMENTAL_CLUSTERED = "modal.experimental.clustered"

# Arguments of App(...) that its functions inherit when their own decorator does not give them.
_INHERITED = ("image", "volumes", "secrets")

# What practically every script calls an app that it imports from where it cannot be read.
_APP_NAME = pattern(r"(^|_)(app|stub)$")

_OLD_GPU = "modal.gpu."


@dataclass(frozen=True, slots=True)
class Cluster:
    """A ``clustered`` decorator.

    Attributes:
        name: Full dotted name of the decorator as written.
        size: Number of containers.
        rdma: The ``rdma`` argument; None when it is not given.
        span: The whole decorator call.
        callee: The decorator's name alone, without its arguments.
        keywords: Names of the keyword arguments as written.
    """

    name: str
    size: Value | None
    rdma: Value | None
    span: Span
    callee: Span
    positional: int
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """Arguments that one place in the script gives a function instead of its decorator's.

    Attributes:
        method: ``with_options``, ``with_concurrency`` or ``with_batching``.
        arguments: Its keyword arguments.
        span: The call.
        within: The function in which it stands; None for the module.
    """

    method: str
    arguments: dict[str, Value]
    span: Span
    within: FunctionNode | ast.ClassDef | None = None


@dataclass(frozen=True, slots=True)
class GpuChoice:
    """A GPU request that a function may be made with.

    Attributes:
        request: Type and count.
        value: The value that it was read from.
        condition: When it is that one, in words; empty without a condition.
        fallback: Its place in a list of fallbacks; 0 for the first or only one.
    """

    request: GpuRequest
    value: Known
    condition: str
    fallback: int


@dataclass(frozen=True, slots=True)
class ModalFunction:
    """A function or class that runs in a Modal container.

    Attributes:
        name: Its name in the script.
        node: Its definition. For one that is defined in another file and only decorated here, an empty one.
        kind: ``function`` or ``cls``.
        arguments: Keyword arguments of the decorator, and what the app passes on. ``**`` stands for unpacked
            ones that could not be read.
        decorator: Span of the decorator's call.
        cluster: Its ``clustered`` decorator, if it has one.
        app: The app; None where it could not be read.
        overrides: What ``with_options`` and the like give it elsewhere in the script.
        here: Whether its definition is in this file.
    """

    name: str
    node: FunctionNode | ast.ClassDef
    kind: str
    arguments: dict[str, Value]
    decorator: Span
    cluster: Cluster | None = None
    scope: Scope = field(default_factory=Scope, repr=False, compare=False)
    app: Constructed | None = field(default=None, repr=False, compare=False)
    overrides: tuple[Override, ...] = ()
    here: bool = True

    def argument(self, name: str) -> Value | None:
        """The value of a decorator argument; None when neither it nor the app gives one."""
        return self.arguments.get(name)

    def may_have(self, name: str) -> bool:
        """Whether the argument is given, or could be without being seen here."""
        return name in self.arguments or "**" in self.arguments or self.app is None

    def possible(self, name: str) -> tuple[Alternative, ...]:
        """Every value that can be read of an argument, with its condition, those of ``with_options`` too."""
        found = [*possible(self.arguments.get(name))]
        for override in self.overrides:
            if override.method == "with_options" and name in override.arguments:
                called = (Choice(f"it is called as in line {override.span.line}"),)
                for one in possible(override.arguments[name]):
                    choices = merged(called, one.choices)
                    if choices is not None:
                        found.append(Alternative(one.value, choices))
        return tuple(found)

    @property
    def gpu(self) -> Value | None:
        """The ``gpu=`` argument."""
        return self.argument("gpu")

    @property
    def timeout(self) -> Value | None:
        """The ``timeout=`` argument, in seconds."""
        return self.argument("timeout")

    @property
    def retries(self) -> int | None:
        """Number of retries that the decorator allows; None when that cannot be read."""
        value = self.argument("retries")
        if value is None:
            return 0
        match value:
            case Known(value=int(count)):
                return count
            case Known(
                value=Constructed(name="modal.Retries", kwargs={"max_retries": Known(value=int(count))})
            ):
                return count
        return None

    @property
    def nodes(self) -> int | None:
        """Containers that run together: 1, or the cluster's size; None when that cannot be read."""
        if self.cluster is None:
            return 1
        match self.cluster.size:
            case Known(value=int(size)):
                return size
        return None

    def gpu_choices(self) -> list[GpuChoice]:
        """Every GPU request that the function may be made with, whatever decides which.

        Strings with a count that the client refuses are left out.
        """
        found: list[GpuChoice] = []
        for alternative in self.possible("gpu"):
            known = alternative.value
            items = known.value if isinstance(known.value, list | tuple) else [known.value]
            for place, item in enumerate(items):
                request = _request(item)
                if request is not None:
                    found.append(GpuChoice(request, known, alternative.condition, place))
        return found

    def gpu_requests(self) -> list[tuple[GpuRequest, Known]]:
        """Every GPU string that the function may be given, parsed, with the value it was read from.

        A list is a sequence of fallbacks, so each of its strings counts. Strings with a count that the
        client refuses are left out.
        """
        return [(one.request, one.value) for one in self.gpu_choices()]


def _request(item: object) -> GpuRequest | None:
    if isinstance(item, Constructed) and item.name.startswith(_OLD_GPU):
        return _old_request(item)
    if isinstance(item, str) and item:
        try:
            return GpuRequest.parse(item)
        except ValueError:
            return None
    return None


def _old_request(made: Constructed) -> GpuRequest | None:
    """What a ``modal.gpu`` object of the clients before 1.4 asks for."""
    name, count = made.name.removeprefix(_OLD_GPU), made.kwargs.get("count")
    size = made.kwargs.get("size", made.kwargs.get("memory"))
    if size is not None:
        if not isinstance(size, Known):
            return None
        name += f"-{str(size.value).upper().removesuffix('GB')}GB"
    if count is None:
        return GpuRequest(name, 1)
    if isinstance(count, Known) and isinstance(count.value, int):
        return GpuRequest(name, count.value)
    return None


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def find_functions(placed: Iterable[Placed], evaluator: Evaluator) -> Iterator[ModalFunction]:
    """Everything that an app's ``function`` or ``cls`` decorates, as decorator or as a call."""
    nodes = list(placed)
    overrides = _overrides(nodes, evaluator)
    for one in nodes:
        node = one.node
        if isinstance(node, _DEFINITIONS):
            for decorator in node.decorator_list:
                found = _decoration(decorator, one.scope, evaluator)
                if found is not None:
                    kind, app, arguments = found
                    cluster = _first_cluster(node.decorator_list, one.scope, evaluator)
                    span = evaluator.source.span_of(decorator)
                    extra = tuple(overrides.get(node.name, ()))
                    yield ModalFunction(
                        node.name, node, kind, arguments, span, cluster, one.scope, app, extra
                    )
                    break
        elif (
            isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.func, (ast.Call, ast.Name))
        ):
            found = _decoration(node.func, one.scope, evaluator)
            if found is not None:
                yield _applied(node, found, one.scope, evaluator, overrides)


def _applied(
    node: ast.Call,
    found: tuple[str, Constructed | None, dict[str, Value]],
    scope: Scope,
    evaluator: Evaluator,
    overrides: dict[str, list[Override]],
) -> ModalFunction:
    """A decorator applied as a call: ``app.function(...)(train)``."""
    kind, app, arguments = found
    target, cluster = node.args[0], None
    if isinstance(target, ast.Call) and target.args:
        cluster = _cluster(target.func, scope, evaluator)
        target = target.args[0] if cluster is not None else target
    value = evaluator.evaluate(target, scope)
    span = evaluator.source.span_of(node.func)
    name = target.id if isinstance(target, ast.Name) else "a function"
    if isinstance(value, Known) and isinstance(value.value, FunctionObject):
        definition = value.value
        if definition.scope.home in (None, evaluator):
            extra = tuple(overrides.get(name, ()))
            inner = definition.scope
            return ModalFunction(
                definition.node.name, definition.node, kind, arguments, span, cluster, inner, app, extra
            )
    empty = ast.parse(f"def {name if name.isidentifier() else 'function'}(): ...").body[0]
    assert isinstance(empty, ast.FunctionDef)
    for part in ast.walk(empty):
        ast.copy_location(part, node)
    return ModalFunction(name, empty, kind, arguments, span, cluster, scope, app, (), here=False)


def _decoration(
    node: ast.expr, scope: Scope, evaluator: Evaluator
) -> tuple[str, Constructed | None, dict[str, Value]] | None:
    """Kind, app and arguments of an app's decorator; None if the expression is not one."""
    if isinstance(node, ast.Name) and evaluator.is_a_definition(node, scope):
        return None
    if isinstance(node, ast.Call) and evaluator.calls_a_library(node.func):
        return None
    value = evaluator.evaluate(node, scope)
    if isinstance(value, Known):
        made = value.value
        if isinstance(made, Constructed) and made.receiver is not None and made.receiver.name in APP_CLASSES:
            kind = made.name.rpartition(".")[2]
            if kind in ("function", "cls"):
                inherited = _inherited(node, made.receiver, scope, evaluator)
                return kind, made.receiver, {**inherited, **made.kwargs}
        return None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        kind, owner = node.func.attr, node.func.value
        last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if kind in ("function", "cls") and _APP_NAME.search(last) and _is_not_local(owner, scope):
            return kind, None, evaluator.keywords(node, scope)
    return None


def _is_not_local(owner: ast.expr, scope: Scope) -> bool:
    # A name that this file assigns was read and is no app; a parameter or an import can be one.
    found = scope.lookup(owner.id) if isinstance(owner, ast.Name) else None
    return found is None or not any(found[1])


def _inherited(node: ast.expr, app: Constructed, scope: Scope, evaluator: Evaluator) -> dict[str, Value]:
    given = {key: app.kwargs[key] for key in _INHERITED if key in app.kwargs}
    owner = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    if isinstance(owner, ast.Name):
        module = scope
        while module.parent is not None:
            module = module.parent
        for statement in module.statements:
            match statement:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name), attr=key)], value=value) if (
                    name == owner.id and key in _INHERITED
                ):
                    given[key] = evaluator.evaluate(value, module)
    return given


def _overrides(placed: list[Placed], evaluator: Evaluator) -> dict[str, list[Override]]:
    found: dict[str, list[Override]] = {}
    for one in placed:
        match one.node:
            case (
                ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id=name) | ast.Attribute(attr=name),
                        attr="with_options" | "with_concurrency" | "with_batching" as method,
                    )
                ) as call
            ):
                arguments = evaluator.keywords(call, one.scope)
                span = evaluator.source.span_of(call)
                found.setdefault(name, []).append(Override(method, arguments, span, one.within))
    return found


def _first_cluster(decorators: list[ast.expr], scope: Scope, evaluator: Evaluator) -> Cluster | None:
    return next(filter(None, (_cluster(item, scope, evaluator) for item in decorators)), None)


def _cluster(node: ast.expr, scope: Scope, evaluator: Evaluator) -> Cluster | None:
    if not isinstance(node, ast.Call):
        return None
    name = evaluator.dotted_name(node.func)
    if name not in (CLUSTERED, EXPERIMENTAL_CLUSTERED):
        return None
    keywords = evaluator.keywords(node, scope)
    size = keywords.get("size")
    if size is None and node.args:
        size = evaluator.evaluate(node.args[0], scope)
    return Cluster(
        name=name,
        size=size,
        rdma=keywords.get("rdma"),
        span=evaluator.source.span_of(node),
        callee=evaluator.source.span_of(node.func),
        positional=len(node.args),
        keywords=tuple(keyword.arg or "**" for keyword in node.keywords),
    )
