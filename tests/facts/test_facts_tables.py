"""The cache of the data files: never stale, never needed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from tminus.facts.loader import DATA
from tminus.facts.tables import read_tables


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(DATA, tmp_path / "data")
    return tmp_path / "data"


def caches(data: Path) -> list[Path]:
    return list((data.parent / "cache" / "tminus").glob("facts-*.json"))


def test_the_cache_gives_what_the_files_hold(data: Path) -> None:
    parsed = read_tables(data)
    (cache,) = caches(data)
    written = cache.stat().st_mtime_ns
    assert read_tables(data) == parsed
    assert cache.stat().st_mtime_ns == written
    assert isinstance(parsed["functions.toml"]["fact"][0]["as_of"], date)


def test_a_changed_a_new_and_a_removed_file_are_seen(data: Path) -> None:
    read_tables(data)
    plans = data / "plans.toml"
    plans.write_text(plans.read_text().replace('"Starter"', '"Beginner"'))
    assert read_tables(data)["plans.toml"]["plan"][0]["name"] == "Beginner"
    (data / "more.toml").write_text("fact = []\n")
    assert read_tables(data)["more.toml"] == {"fact": []}
    (data / "more.toml").unlink()
    assert "more.toml" not in read_tables(data)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"made_from": []}', "null", '{"as_of": 3}'])
def test_a_broken_cache_is_made_anew(data: Path, text: str) -> None:
    parsed = read_tables(data)
    (cache,) = caches(data)
    cache.write_text(text)
    assert read_tables(data) == parsed
    assert cache.read_text() != text


def test_a_place_that_cannot_be_written_is_no_hindrance(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = data.parent / "a file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert "functions.toml" in read_tables(data)
