"""What was spawned of a deployed app is finished, and can be asked for, after a restart of the service."""

from __future__ import annotations

import modal
import pytest
from client import client_of
from conftest import running_plane

pytestmark = pytest.mark.slow


def _app() -> modal.App:
    app = modal.App("kept")

    def double(number: int) -> int:
        return 2 * number

    def wait(word: str) -> tuple[str, int]:
        import os
        import time

        flags = modal.Dict.from_name("flags")
        print(f"waiting {word}", flush=True)
        while "go" not in flags:
            time.sleep(0.1)
        return word, int(os.environ["MARK"])

    app.function(serialized=True, name="double", scaledown_window=2)(double)
    app.function(
        serialized=True, name="wait", env={"MARK": "1"}, max_containers=1, retries=0, scaledown_window=2
    )(wait)
    return app


def _function(name: str, client: modal.Client) -> modal.Function:
    return modal.Function.from_name("kept", name, client=client)


def test_calls_are_finished_after_a_restart(tmp_path):
    def result(call_id: str, client: modal.Client) -> object:
        return modal.FunctionCall.from_id(call_id, client=client).get(timeout=30)

    # With time to end in good order, as `tminus local down` gives it: the client reports what that broke.
    with running_plane(tmp_path, end_grace_s=5) as plane, client_of(plane) as client:
        flags = modal.Dict.from_name("flags", create_if_missing=True, client=client).hydrate()
        _app().deploy(client=client)
        done = _function("double", client).spawn(21)
        assert done.get(timeout=30) == 42
        running = _function("wait", client).spawn("running").object_id
        plane.wait_for_log("waiting running")
        queued = _function("wait", client).spawn("queued").object_id
        other = _function("wait", client).with_options(env={"MARK": "2"}).spawn("other").object_id
        plane.wait_for_log("waiting other")
    with running_plane(tmp_path) as plane, client_of(plane) as client:
        assert result(done.object_id, client) == 42
        flags = modal.Dict.from_name("flags", client=client).hydrate()
        flags["go"] = True
        assert result(running, client) == ("running", 1)
        assert result(queued, client) == ("queued", 1)
        assert result(other, client) == ("other", 2)
        retried = [e for e in plane.events("input_started") if e.fields["retries_used"]]
        assert retried == []
    with running_plane(tmp_path) as plane, client_of(plane) as client:
        assert result(running, client) == ("running", 1)
        # Nothing is left to be done, so nothing was started.
        assert not plane.plane.containers()
