"""What is made when it is first used."""

from __future__ import annotations

import importlib
import re

import pytest

from tminus.lazy import exports, pattern


def test_a_pattern_does_what_a_compiled_one_does() -> None:
    digits = pattern(r"(?P<number>\d+)x", re.IGNORECASE)
    match = digits.search("a 12X b")
    assert match is not None
    assert match["number"] == "12"
    assert digits.sub("-", "1x2X3") == "--3"
    assert [one[0] for one in digits.finditer("1x 2x")] == ["1x", "2x"]
    assert pattern(rb"^\w+", re.MULTILINE).findall(b"ab\ncd") == [b"ab", b"cd"]


def test_a_wrong_pattern_is_noticed_when_it_is_used() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.search("")


@pytest.mark.parametrize("name", ["tminus.facts", "tminus.script", "tminus.check"])
def test_every_name_of_a_package_is_found(name: str) -> None:
    package = importlib.import_module(name)
    for one in package.__all__:
        assert getattr(package, one) is getattr(package, one)
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_a_name_is_looked_up_once() -> None:
    find = exports("tminus.check", {"EVERYTHING": "checker"})
    assert find("EVERYTHING") is importlib.import_module("tminus.check").EVERYTHING
