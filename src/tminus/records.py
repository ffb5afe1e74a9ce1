"""Data classes that cost next to nothing to define.

`dataclasses` compiles half a dozen functions for each class when it is defined, and loads `inspect`: about
half of the time that `tminus check` took to start. This is the part of it that the packages on that way use,
under the same names: methods are shared, and ``__init__`` is compiled when the first object is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter, ge, gt, le, lt
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

_MISSING: Any = object()


class FrozenError(AttributeError):
    """Setting an attribute of an object that does not change."""


class Field:
    """What `field` says of an attribute."""

    __slots__ = ("compare", "default", "factory", "repr")

    def __init__(self, default: Any, factory: Callable[[], Any] | None, repr: bool, compare: bool) -> None:
        self.default, self.factory, self.repr, self.compare = default, factory, repr, compare


def field(
    *,
    default: Any = _MISSING,
    default_factory: Callable[[], Any] | None = None,
    repr: bool = True,
    compare: bool = True,
) -> Any:
    """An attribute with a default that is made anew, or that stays out of the repr or of comparisons."""
    return Field(default, default_factory, repr, compare)


@dataclass_transform(field_specifiers=(field,))
def dataclass(
    cls: Any = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    eq: bool = True,
    order: bool = False,
    repr: bool = True,
) -> Any:
    """Make a class of attributes; the arguments mean what they mean in `dataclasses`."""

    def decorate(made: type) -> type:
        return _made(made, frozen, slots, eq, order, repr)

    return decorate if cls is None else decorate(cls)


def _made(cls: Any, frozen: bool, slots: bool, eq: bool, order: bool, with_repr: bool) -> type:
    inherited: Mapping[str, Field] = getattr(cls, "__record_fields__", {})
    own = {name: _field(cls, name) for name, kind in cls.__annotations__.items() if "ClassVar" not in kind}
    fields = {**inherited, **own}
    defined = frozenset(cls.__dict__) - own.keys()
    if slots:
        cls = _with_slots(cls, tuple(own))
    else:
        for name, one in own.items():
            if one.default is not _MISSING:
                setattr(cls, name, one.default)
            elif one.factory is not None:
                delattr(cls, name)
    methods: dict[str, Any] = {"__getstate__": _getstate, "__setstate__": _setstate}
    methods["__init__"] = _first_init(cls, fields)
    if with_repr:
        methods["__repr__"] = _repr
    if eq:
        methods |= _comparing(tuple(name for name, one in fields.items() if one.compare), order)
        if not frozen:
            methods["__hash__"] = None
    if frozen:
        methods |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
    for name, method in methods.items():
        if name not in defined:
            setattr(cls, name, method)
    cls.__record_fields__ = fields
    setattr(cls, "__match_args__", tuple(fields))  # noqa: B010 - mypy knows the name
    cls.__dataclass_fields__ = _StandardFields()
    made: type = cls
    return made


def _field(cls: type, name: str) -> Field:
    default = cls.__dict__.get(name, _MISSING)
    return default if isinstance(default, Field) else Field(default, None, True, True)


def _with_slots(cls: type, names: tuple[str, ...]) -> type:
    """The class anew: slots have to be there when it is made."""
    left_out = (*names, "__dict__", "__weakref__")
    body = {name: value for name, value in cls.__dict__.items() if name not in left_out}
    made = type(cls)(cls.__name__, cls.__bases__, {**body, "__slots__": names})
    made.__qualname__ = cls.__qualname__
    return made


def _first_init(cls: Any, fields: Mapping[str, Field]) -> Callable[..., None]:
    """An ``__init__`` that compiles the real one and puts it in its own place."""

    def init(self: Any, *values: Any, **named: Any) -> None:
        made = _init(cls, fields)
        cls.__init__ = made
        made(self, *values, **named)

    return init


def _init(cls: Any, fields: Mapping[str, Field]) -> Callable[..., None]:
    known: dict[str, Any] = {"_missing": _MISSING, "_set": object.__setattr__}
    arguments, lines = [], []
    for name, one in fields.items():
        # A slot's own descriptor sets it without asking the class, which refuses where it is frozen.
        slot: Any = getattr(cls, name, None)
        put = f"_set(self, {name!r}, "
        if type(slot).__name__ == "member_descriptor":
            known[f"_put_{name}"] = slot.__set__
            put = f"_put_{name}(self, "
        if one.factory is not None:
            known[f"_make_{name}"] = one.factory
            arguments.append(f"{name}=_missing")
            lines.append(f"{put}_make_{name}() if {name} is _missing else {name})")
            continue
        if one.default is not _MISSING:
            known[f"_default_{name}"] = one.default
            arguments.append(f"{name}=_default_{name}")
        else:
            arguments.append(name)
        lines.append(f"{put}{name})")
    text = f"def __init__(self, {', '.join(arguments)}):\n " + "\n ".join(lines or ["pass"])
    made: dict[str, Any] = {}
    exec(compile(text, f"<{cls.__qualname__}>", "exec"), known, made)
    init: Callable[..., None] = made["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _comparing(names: tuple[str, ...], order: bool) -> dict[str, Any]:
    """``__eq__`` and ``__hash__``, and with `order` the four that order."""
    values: Callable[[Any], Any] = attrgetter(*names) if names else _nothing

    def equal(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self is other or values(self) == values(other)

    def hashed(self: Any) -> int:
        return hash(values(self))

    methods: dict[str, Any] = {"__eq__": equal, "__hash__": hashed}
    if order:

        def compared(by: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
            def compare(self: Any, other: Any) -> Any:
                same = other.__class__ is self.__class__
                return by(values(self), values(other)) if same else NotImplemented

            return compare

        methods |= {f"__{one.__name__}__": compared(one) for one in (lt, le, gt, ge)}
    return methods


def _nothing(self: Any) -> tuple[()]:
    return ()


def _repr(self: Any) -> str:
    shown = (name for name, one in self.__record_fields__.items() if one.repr)
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _refuse_set(self: Any, name: str, value: Any) -> None:
    raise FrozenError(f"{type(self).__qualname__} does not change: {name} cannot be set")


def _refuse_delete(self: Any, name: str) -> None:
    raise FrozenError(f"{type(self).__qualname__} does not change: {name} cannot be deleted")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__record_fields__]


def _setstate(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__record_fields__, state, strict=True):
        object.__setattr__(self, name, value)


class _StandardFields:
    """`dataclasses.fields`, `asdict` and `replace` work on these classes too; what they ask is made then."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        import dataclasses

        specs = [
            (name, Any, dataclasses.field(repr=one.repr, compare=one.compare))
            for name, one in owner.__record_fields__.items()
        ]
        standard: Any = dataclasses.make_dataclass(owner.__name__, specs)
        return standard.__dataclass_fields__


def replace(record: T, /, **changes: Any) -> T:
    """The object with some attributes changed, as `dataclasses.replace`."""
    kept: Any = record
    values = {name: getattr(record, name) for name in kept.__record_fields__}
    return type(record)(**{**values, **changes})
