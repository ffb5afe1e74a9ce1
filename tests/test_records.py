"""Records behave as the data classes of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from functools import cached_property
from typing import Any, ClassVar

import pytest

from tminus import records
from tminus.records import FrozenError, dataclass, field, replace


@dataclass(frozen=True, slots=True, order=True)
class Point:
    x: int
    y: int = 2

    def moved(self) -> Point:
        return replace(self, x=self.x + 1)


@dataclass(frozen=True, slots=True)
class Named(Point):
    name: str = ""
    KIND: ClassVar[str] = "named"


@dataclass(frozen=True)
class Lazy:
    values: dict[str, int] = field(default_factory=dict)
    hidden: int = field(default=0, repr=False, compare=False)

    @cached_property
    def total(self) -> int:
        return sum(self.values.values())


@dataclass
class Loose:
    count: int = 0


@dataclass(eq=False, repr=False)
class Itself:
    count: int = 0


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Standard:
    x: int
    y: int = 2


def test_objects_are_made_compared_ordered_hashed_and_shown_as_the_standard_ones() -> None:
    for arguments, named in [((1,), {}), ((1, 3), {}), ((), {"y": 0, "x": 1})]:
        ours, theirs = Point(*arguments, **named), Standard(*arguments, **named)
        assert repr(ours) == repr(theirs).replace("Standard", "Point")
        assert hash(ours) == hash(theirs)
    assert Point(1) == Point(1, 2) != Point(2)
    assert Point(1) != Standard(1)
    assert Point(1) < Point(1, 3) <= Point(1, 3) < Point(2)
    assert sorted([Point(2), Point(1)])[0] == Point(1)
    with pytest.raises(TypeError):
        _ = Point(1) < 3
    assert Point.__match_args__ == Standard.__match_args__


@pytest.mark.parametrize("arguments", [{}, {"x": 1, "z": 2}, {"y": 1}])
def test_wrong_arguments_are_refused_by_name(arguments: dict[str, Any]) -> None:
    Point(0)
    with pytest.raises(TypeError, match=r"Point\.__init__\(\)"):
        Point(**arguments)


def test_frozen_objects_do_not_change_and_have_no_other_attributes() -> None:
    point = Point(1)
    with pytest.raises(FrozenError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenError):
        del point.x
    with pytest.raises(AttributeError):
        object.__setattr__(point, "z", 1)
    Loose().count = 3


def test_a_subclass_has_the_attributes_of_its_base() -> None:
    named = Named(1, name="a")
    assert (named.x, named.y, named.name, Named.KIND) == (1, 2, "a", "named")
    assert repr(named) == "Named(x=1, y=2, name='a')"
    assert Point(1) != Named(1)
    assert Named.__slots__ == ("name",)


def test_defaults_that_are_made_are_made_anew() -> None:
    assert Lazy().values is not Lazy().values
    assert Lazy({"a": 1}).total == 1
    assert repr(Lazy(hidden=3)) == "Lazy(values={})"
    assert Lazy(hidden=3) == Lazy()
    with pytest.raises(FrozenError):
        Lazy().hidden = 1  # type: ignore[misc]


def test_what_changes_has_no_hash_and_what_is_itself_has() -> None:
    with pytest.raises(TypeError):
        hash(Loose())
    assert Loose(1) == Loose(1)
    assert Itself(1) != Itself(1)
    assert hash(Itself()) != 0


def test_copies_pickles_and_the_standard_functions() -> None:
    for one in (Point(1, 3), Named(1, 2, "n"), Lazy({"a": 1})):
        assert pickle.loads(pickle.dumps(one)) == one
        assert copy.deepcopy(one) == one
        assert dataclasses.is_dataclass(one)
        assert replace(one) == one
    assert dataclasses.asdict(Named(1)) == {"x": 1, "y": 2, "name": ""}
    assert dataclasses.replace(Point(1), y=5) == Point(1).moved().moved().__class__(1, 5)
    assert [one.name for one in dataclasses.fields(Point)] == ["x", "y"]
    with pytest.raises(TypeError):
        replace(Point(1), z=1)


def test_matching_takes_positions_and_names() -> None:
    match Named(1, 2, "n"):
        case Named(1, 2, name=name):
            assert name == "n"
        case _:
            pytest.fail("not matched")


def test_the_module_loads_no_inspect() -> None:
    import subprocess
    import sys

    program = "import sys, tminus.records; print({'inspect', 'dataclasses'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert records.__doc__
