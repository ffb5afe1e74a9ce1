"""The Modal app that a script defines: its functions, with the arguments that reach each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from tminus.facts import GpuRequest
from tminus.script.evaluate import Evaluator
from tminus.script.scopes import FunctionNode, Scope
from tminus.script.source import Span
from tminus.script.values import Constructed, Known, Value

APP_CLASSES = ("modal.App", "modal.Stub")
CLUSTERED = "modal.clustered"
EXPERIMENTAL_CLUSTERED = "modal.experimental.clustered"

# Arguments of App(...) that its functions inherit when their own decorator does not give them.
_INHERITED = ("image", "volumes", "secrets")


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
class ModalFunction:
    """A function or class that runs in a Modal container.

    Attributes:
        name: Its name in the script.
        node: Its definition.
        kind: ``function`` or ``cls``.
        arguments: Keyword arguments of the decorator, and what the app passes on.
        decorator: Span of the decorator's call.
        cluster: Its ``clustered`` decorator, if it has one.
    """

    name: str
    node: FunctionNode | ast.ClassDef
    kind: str
    arguments: dict[str, Value]
    decorator: Span
    cluster: Cluster | None = None
    scope: Scope = field(default_factory=Scope, repr=False, compare=False)

    def argument(self, name: str) -> Value | None:
        """The value of a decorator argument; None when neither it nor the app gives one."""
        return self.arguments.get(name)

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

    def gpu_requests(self) -> list[tuple[GpuRequest, Known]]:
        """Every GPU string that the function may be given, parsed, with the value it was read from.

        A list is a sequence of fallbacks, so each of its strings counts. Strings with a count that the
        client refuses are left out.
        """
        value = self.gpu
        if not isinstance(value, Known):
            return []
        texts = value.value if isinstance(value.value, list) else [value.value]
        requests = []
        for text in texts:
            if isinstance(text, str) and text:
                try:
                    requests.append((GpuRequest.parse(text), value))
                except ValueError:
                    continue
        return requests


def find_functions(tree: ast.Module, module: Scope, evaluator: Evaluator) -> Iterator[ModalFunction]:
    """Every definition that carries an app's ``function`` or ``cls`` decorator, in order of lines."""
    apps = dict(_apps(module, evaluator))
    for node in ast.walk(tree):
        if not isinstance(node, FunctionNode | ast.ClassDef):
            continue
        cluster = next(
            filter(None, (_cluster(item, module, evaluator) for item in node.decorator_list)), None
        )
        for decorator in node.decorator_list:
            if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
                continue
            owner, kind = decorator.func.value, decorator.func.attr
            if kind not in ("function", "cls") or not isinstance(owner, ast.Name):
                continue
            if owner.id not in apps and not _looks_like_an_app(owner.id, evaluator):
                continue
            own = evaluator.keywords(decorator, module)
            arguments = {**apps.get(owner.id, {}), **own}
            span = evaluator.source.span_of(decorator)
            yield ModalFunction(node.name, node, kind, arguments, span, cluster, module)
            break


def _apps(module: Scope, evaluator: Evaluator) -> Iterator[tuple[str, dict[str, Value]]]:
    for name, assigned in module.assigned.items():
        for node in assigned:
            if isinstance(node, ast.Call) and evaluator.dotted_name(node.func) in APP_CLASSES:
                given = evaluator.keywords(node, module)
                yield name, {key: given[key] for key in _INHERITED if key in given}


def _looks_like_an_app(name: str, evaluator: Evaluator) -> bool:
    # An app imported from a sibling module, under the names that practically every script uses.
    return (evaluator.dotted_name(ast.Name(id=name, ctx=ast.Load())) or "").endswith((".app", ".stub"))


def _cluster(node: ast.expr, module: Scope, evaluator: Evaluator) -> Cluster | None:
    if not isinstance(node, ast.Call):
        return None
    name = evaluator.dotted_name(node.func)
    if name not in (CLUSTERED, EXPERIMENTAL_CLUSTERED):
        return None
    keywords = evaluator.keywords(node, module)
    size = keywords.get("size")
    if size is None and node.args:
        size = evaluator.evaluate(node.args[0], module)
    return Cluster(
        name=name,
        size=size,
        rdma=keywords.get("rdma"),
        span=evaluator.source.span_of(node),
        callee=evaluator.source.span_of(node.func),
        positional=len(node.args),
        keywords=tuple(keyword.arg or "**" for keyword in node.keywords),
    )
