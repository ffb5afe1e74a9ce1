"""Dicts, through the real client; limits and expiry."""

from __future__ import annotations

import modal
import pytest
from client import client_of
from conftest import running_plane

from tminus.controlplane.store import Database, dicts
from tminus.controlplane.store.named import FullError
from tminus.facts import Facts

DAY_S = 86400.0
LARGE = bytes(range(256)) * 4096  # 1 MiB: goes to a file of its own


@pytest.fixture(scope="module")
def client(shared_plane):
    with client_of(shared_plane) as client:
        yield client


@pytest.fixture
def store(tmp_path):
    """A store whose clock stands still until a test moves it."""
    now = [1e9]
    made = dicts.DictStore(
        Database(tmp_path / "state.db"), tmp_path / "values", Facts.bundled(), lambda: now[0]
    )
    return made, now


def test_a_dict_behaves_as_one(client):
    d = modal.Dict.from_name("words", create_if_missing=True, client=client)
    d["one"] = 1
    d.put(("a", 2), {"nested": [1, 2]})
    assert d["one"] == 1
    assert d.get(("a", 2)) == {"nested": [1, 2]}
    assert d.get("missing") is None
    assert d.get("missing", 7) == 7
    with pytest.raises(KeyError):
        d["missing"]
    assert "one" in d
    assert not d.contains("two")
    d.update({"two": 2, "one": 11}, three=LARGE)
    assert d.len() == 4
    assert set(d.keys()) == {"one", ("a", 2), "two", "three"}
    assert sum(value == LARGE for value in d.values()) == 1
    assert dict(d.items())["one"] == 11
    assert d.pop("three") == LARGE
    assert d.pop("three", None) is None
    with pytest.raises(KeyError):
        d.pop("three")
    del d["two"]
    assert d.put("new", 1, skip_if_exists=True) is True
    assert d.put("new", 2, skip_if_exists=True) is False
    assert d["new"] == 1
    assert d.put("new", 3) is True
    assert d["new"] == 3
    d.clear()
    assert d.len() == 0


def test_dicts_are_listed_found_and_deleted(client):
    modal.Dict.objects.create("listed", client=client)
    with pytest.raises(modal.exception.AlreadyExistsError):
        modal.Dict.objects.create("listed", client=client)
    modal.Dict.objects.create("listed", allow_existing=True, client=client)
    assert "listed" in [d.name for d in modal.Dict.objects.list(client=client)]
    modal.Dict.objects.delete("listed", client=client)
    with pytest.raises(modal.exception.NotFoundError):
        modal.Dict.from_name("listed", client=client).len()
    with modal.Dict.ephemeral(client=client) as d:
        d["a"] = 1
        assert modal.Dict.from_id(d.object_id, client=client)["a"] == 1
        assert d.object_id not in [known.object_id for known in modal.Dict.objects.list(client=client)]


def test_many_entries_come_in_pages(client):
    with modal.Dict.ephemeral(client=client) as d:
        d.update({n: n * n for n in range(1000)})
        assert dict(d.items()) == {n: n * n for n in range(1000)}


def test_what_is_too_large_is_refused(client):
    with modal.Dict.ephemeral(client=client) as d:
        with pytest.raises(modal.exception.InvalidError, match="at most 10000"):
            d.update(dict.fromkeys(range(10001), 0))
        with pytest.raises(modal.exception.RequestSizeError):
            d.put("large", b"x" * (101 << 20))
        assert d.len() == 0


def test_entries_survive_a_restart(tmp_path):
    for value in (LARGE, "small"):
        with running_plane(tmp_path) as plane, client_of(plane) as client:
            d = modal.Dict.from_name("kept", create_if_missing=True, client=client)
            assert d.get("before") in (None, LARGE)
            d["before"] = value
    files = list((tmp_path / "values").iterdir())
    assert files == []  # the file of the large value went with it


def test_an_entry_that_nobody_uses_expires(store):
    kept, now = store
    dict_id = kept.create("d", "main").id
    kept.update(dict_id, [(b"read", LARGE), (b"left", LARGE)], skip_existing=False)
    now[0] += 6.5 * DAY_S
    assert kept.read(dict_id, b"read") == LARGE
    now[0] += 1 * DAY_S
    assert kept.count(dict_id) == 1
    assert kept.read(dict_id, b"left") is None
    assert [key for key, _ in kept.items(dict_id)] == [b"read"]
    assert kept.update(dict_id, [(b"left", b"new")], skip_existing=True)
    now[0] += 8 * DAY_S
    kept.sweep()
    assert kept.count(dict_id) == 0


def test_a_dict_has_an_end(store):
    kept, _ = store
    dict_id = kept.create("d", "main").id
    kept.update(dict_id, [(b"k", b"v")], skip_existing=False)
    kept._database.run("UPDATE dict_entries SET size = ?", (10 << 30,))
    with pytest.raises(FullError, match="at most 10 GiB"):
        kept.update(dict_id, [(b"l", b"v")], skip_existing=False)
