"""Queues, through the real client; partitions, waiting, limits and expiry."""

from __future__ import annotations

import queue
import threading
import time

import modal
import pytest
from client import client_of
from conftest import running_plane

from tminus.controlplane.store import Database, queues
from tminus.controlplane.store.named import FullError
from tminus.facts import Facts


@pytest.fixture(scope="module")
def client(shared_plane):
    with client_of(shared_plane) as client:
        yield client


@pytest.fixture
def q(client):
    with modal.Queue.ephemeral(client=client) as made:
        yield made


def test_first_in_first_out_by_partition(q):
    q.put(1)
    q.put_many([2, 3, 4])
    q.put("other", partition="b")
    assert q.get() == 1
    assert q.get_many(2) == [2, 3]
    assert q.len() == 1
    assert q.len(partition="b") == 1
    assert q.len(total=True) == 2
    assert q.get(partition="b") == "other"
    assert q.get_many(10) == [4]
    assert q.get(block=False) is None
    assert q.get_many(3, block=False) == []
    q.put_many([1, 2])
    q.put(3, partition="b")
    q.clear()
    assert q.len(total=True) == 1
    q.clear(all=True)
    assert q.len(total=True) == 0


def test_a_get_waits_for_a_put_and_gives_up_in_time(q):
    started = time.monotonic()
    with pytest.raises(queue.Empty):
        q.get(timeout=0.5)
    assert 0.4 < time.monotonic() - started < 3
    threading.Timer(0.3, lambda: q.put("late")).start()
    started = time.monotonic()
    assert q.get(timeout=20) == "late"
    assert time.monotonic() - started < 5


def test_each_item_goes_to_one_getter(q):
    got: list[int] = []

    def take() -> None:
        while (item := q.get(timeout=10)) != "end":
            got.append(item)

    takers = [threading.Thread(target=take) for _ in range(3)]
    for taker in takers:
        taker.start()
    q.put_many([*range(60), "end", "end", "end"])
    for taker in takers:
        taker.join()
    assert sorted(got) == list(range(60))


def test_iterating_leaves_the_items(q):
    q.put_many(list(range(150)))
    assert list(q.iterate()) == list(range(150))
    assert q.len() == 150
    threading.Timer(0.3, lambda: q.put("late")).start()
    assert list(q.iterate(item_poll_timeout=1.0))[-1] == "late"


def test_limits(q):
    q.put_many([0] * 5000)
    with pytest.raises(queue.Full, match="5000 items"):
        q.put(1, block=False)
    with pytest.raises(queue.Full):
        q.put(1, timeout=0.3)
    q.put(1, partition="b", block=False)
    with pytest.raises(modal.exception.RequestSizeError):
        q.put(b"x" * (1 << 20), partition="c")
    q.put_many([b"x" * 1_000_000] * 64, partition="c")
    with pytest.raises(queue.Full, match="at most 64 MiB"):
        q.put_many([b"x" * 1_000_000] * 4, partition="c", block=False)
    assert q.len(partition="c") == 64
    with pytest.raises(modal.exception.InvalidError):
        q.put(1, partition="x" * 65)


def test_a_partition_ends_after_its_time(q):
    q.put("short", partition="a", partition_ttl=1)
    q.put("long", partition="b")
    time.sleep(1.1)
    assert q.get(block=False, partition="a") is None
    assert q.len(total=True) == 1


def test_a_day_after_the_last_put_a_partition_is_cleared(tmp_path):
    now = [1e9]
    store = queues.QueueStore(Database(tmp_path / "state.db"), Facts.bundled(), lambda: now[0])
    queue_id = store.create("q", "main").id
    store.put(queue_id, b"", [b"one"], 86400)
    now[0] += 86000
    store.put(queue_id, b"", [b"two"], 86400)
    now[0] += 86000
    assert store.count(queue_id, b"") == 2
    now[0] += 1000
    assert store.take(queue_id, b"", 5) == []
    assert store.partitions(queue_id) == 0


def test_partitions_are_limited(tmp_path):
    store = queues.QueueStore(Database(tmp_path / "state.db"), Facts.bundled())
    queue_id = store.create("q", "main").id
    with store._database.transaction():
        for n in range(100_000):
            store._database.run("INSERT INTO queue_partitions VALUES (?, ?, 2e9)", (queue_id, b"%d" % n))
    store.put(queue_id, b"5", [b""], 10)
    with pytest.raises(FullError, match="100000 partitions"):
        store.put(queue_id, b"new", [b""], 10)


def test_items_survive_a_restart_and_names_are_listed(tmp_path):
    with running_plane(tmp_path) as plane, client_of(plane) as client:
        modal.Queue.from_name("kept", create_if_missing=True, client=client).put_many([1, 2, 3])
    with running_plane(tmp_path) as plane, client_of(plane) as client:
        assert [q.name for q in modal.Queue.objects.list(client=client)] == ["kept"]
        assert modal.Queue.from_name("kept", client=client).get_many(2) == [1, 2]
        modal.Queue.objects.delete("kept", client=client)
        with pytest.raises(modal.exception.NotFoundError):
            modal.Queue.from_name("kept", client=client).len()
