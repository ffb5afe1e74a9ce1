"""Earlier deployments come back; schedules are registered, and room for them is limited."""

from __future__ import annotations

import os
from contextlib import closing

import modal
import pytest
from client import Commands, client_of
from conftest import SCRIPTS, running_plane

pytestmark = pytest.mark.slow
SCRIPT = str(SCRIPTS / "numbered.py")


def _deploy(plane, answer: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "ANSWER", answer)
        with closing(Commands(plane)) as command:
            command("deploy", SCRIPT)


def test_an_earlier_version_is_brought_back_also_after_a_restart(tmp_path):
    with running_plane(tmp_path) as plane, client_of(plane) as client:
        _deploy(plane, "first")
        _deploy(plane, "second")
        say = modal.Function.from_name("numbered", "say", client=client)
        assert say.remote() == "second"
        with pytest.raises(modal.exception.NotFoundError):
            modal.Function.from_name("numbered", "only_in_the_first", client=client).remote()
    with running_plane(tmp_path) as plane, client_of(plane) as client, closing(Commands(plane)) as command:
        assert "rollback successful" in command("app", "rollback", "numbered")
        assert modal.Function.from_name("numbered", "say", client=client).remote() == "first"
        assert modal.Function.from_name("numbered", "only_in_the_first", client=client).remote() == "here"
        history = command("app", "history", "numbered")
        assert "v3" in history
        assert "v1" in history
        command("app", "rollback", "numbered", "v2")
        assert modal.Function.from_name("numbered", "say", client=client).remote() == "second"
        assert "not found" in command("app", "rollback", "numbered", "v9", code=1)
    with running_plane(tmp_path) as plane, client_of(plane) as client:
        assert modal.Function.from_name("numbered", "say", client=client).remote() == "second"


def test_schedules_are_listed_and_not_followed(shared_plane):
    _deploy(shared_plane, "listed")
    with closing(Commands(shared_plane)) as command:
        info = command("app", "info", "numbered")
        command("app", "stop", "numbered", "--yes")
    assert "0 6 * * 1-5 (Europe/Zurich)" in info
    registered = {e.fields["function"]: e.fields for e in shared_plane.events("schedule_registered")}
    assert "next at " in registered["say"]["schedule"]
    assert registered["often"]["schedule"] == "every 4 hours, 30 minutes"
    assert not shared_plane.plane.containers()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (modal.Cron("61 * * * *"), "bad minute"),
        (modal.Cron("* * * * *", timezone="Mars/Olympus"), "IANA"),
        (modal.Period(), "no time that could pass"),
        (modal.Period(hours=-1), "hours=-1"),
    ],
)
def test_schedules_that_mean_nothing_are_refused(shared_plane, schedule, expected):
    app = modal.App("refused-schedule")
    app.function(serialized=True, schedule=schedule, name="f")(lambda: None)
    with client_of(shared_plane) as client, pytest.raises(modal.exception.InvalidError, match=expected):
        app.deploy(client=client)


def test_a_plan_has_room_for_so_many_schedules(tmp_path):
    def deploy(name: str, number: int) -> None:
        app = modal.App(name)
        for index in range(number):
            app.function(serialized=True, schedule=modal.Period(days=1), name=f"f{index}")(lambda: None)
        app.deploy(client=client)

    with running_plane(tmp_path, workspace_plan="starter") as plane, client_of(plane) as client:
        deploy("three", 3)
        deploy("three", 3)  # in place of the first
        with pytest.raises(modal.exception.ResourceExhaustedError, match="room for 5"):
            deploy("more", 3)
        deploy("two", 2)
