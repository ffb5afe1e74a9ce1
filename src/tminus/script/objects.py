"""Classes, instances and functions of the script itself, as values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from tminus.script.scopes import FunctionNode, Scope, class_scope


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class FunctionObject:
    """A function of the script, and the scope in which it is defined.

    Attributes:
        node: Its definition.
        scope: The scope in which it is defined.
        skip: Parameters that a call does not give (``self`` of a method).
    """

    node: FunctionNode
    scope: Scope
    skip: int = 0


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class ClassObject:
    """A class of the script; attributes are read in `inner`."""

    node: ast.ClassDef
    scope: Scope
    inner: Scope

    @classmethod
    def of(cls, node: ast.ClassDef, scope: Scope) -> ClassObject:
        """The class of a definition."""
        return cls(node, scope, class_scope(node, scope))

    def fields(self) -> Iterator[str]:
        """Annotated attributes in order: the parameters of a dataclass or pydantic model."""
        for statement in self.node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                yield statement.target.id

    def method(self, name: str) -> FunctionNode | None:
        """The method of that name."""
        found = self.inner.definitions.get(name)
        return found if isinstance(found, FunctionNode) else None


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Instance:
    """An object made from a class of the script.

    Attributes:
        cls: The class.
        given: Field to the argument and the scope that it is read in.
        init: The scope of the call of its ``__init__``; None without one.
        whole: Whether all arguments were read.
    """

    cls: ClassObject
    given: dict[str, tuple[ast.expr, Scope]] = field(default_factory=dict)
    init: Scope | None = None
    whole: bool = True


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Partial:
    """``functools.partial(function, ...)``: the call that made it, and the scope of its arguments."""

    call: ast.Call
    scope: Scope

    def completed(self, call: ast.Call) -> ast.Call:
        """The call of the function that a call of this stands for."""
        later = {keyword.arg for keyword in call.keywords}
        kept = [keyword for keyword in self.call.keywords if keyword.arg is None or keyword.arg not in later]
        whole = ast.Call(self.call.args[0], [*self.call.args[1:], *call.args], [*kept, *call.keywords])
        return ast.copy_location(whole, call)
