"""Objects by id, their settings and their tags, through the real client in this process."""

from __future__ import annotations

import io

import modal
import pytest
from client import client_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(shared_plane):
    with client_of(shared_plane) as client:
        yield client


def test_secrets_change_and_keep_their_id(client):
    modal.Secret.objects.create("changing", {"A": "first-value"}, client=client)
    secret = modal.Secret.from_name("changing", required_keys=["A"], client=client).hydrate()
    secret.update({"B": "second-value"})
    again = modal.Secret.from_name("changing", required_keys=["A", "B"], client=client).hydrate()
    assert again.object_id == secret.object_id
    assert [s.name for s in modal.Secret.objects.list(client=client)] == ["changing"]


def test_queues_and_volumes_are_found_by_their_ids(client):
    with modal.Queue.ephemeral(client=client) as q:
        modal.Queue.from_id(q.object_id, client=client).put(1)
        assert q.get(timeout=5) == 1
    with modal.Volume.ephemeral(version=2, client=client) as volume:
        with volume.batch_upload() as batch:
            batch.put_file(io.BytesIO(b"x"), "/a.txt")
        volume.copy_files(["a.txt"], "b.txt")
        assert sorted(e.path for e in volume.listdir("/")) == ["a.txt", "b.txt"]
        found = modal.Volume.from_id(volume.object_id, client=client)
        assert b"".join(found.read_file("b.txt")) == b"x"


def test_a_running_app_has_tags_and_an_autoscaler(client, shared_plane):
    app = modal.App("settings")

    def length(text: str) -> int:
        return len(text)

    function = app.function(serialized=True)(length)
    with app.run(client=client):
        app.set_tags({"team": "a"}, client=client)
        assert app.get_tags(client=client) == {"team": "a"}
        function.autoscaler.update(min_containers=1, scaledown_window=2)
        shared_plane.wait_for(shared_plane.plane.containers)
        call = function.spawn("abc")
        assert modal.FunctionCall.from_id(call.object_id, client=client).get(timeout=20) == 3
    shared_plane.wait_for(lambda: all(c.state == "exited" for c in shared_plane.plane.containers()))
