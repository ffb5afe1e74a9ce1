"""What the client asks about things that are there already: by id, by name, about itself."""

from __future__ import annotations

import json
from contextlib import closing

import modal
import pytest
from client import Commands, client_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(shared_plane):
    with client_of(shared_plane) as client:
        yield client


@pytest.fixture(scope="module")
def command(shared_plane):
    with closing(Commands(shared_plane)) as command:
        yield command


@pytest.fixture(scope="module")
def deployed(client):
    """An app with one function, as `modal deploy` leaves it."""
    app = modal.App("lookups")

    def length(text: str) -> int:
        print("measuring", text)
        return len(text)

    modal.Secret.objects.create("looked-up-secret", {"FIRST": "some-value"}, client=client)
    function = app.function(
        name="length",
        serialized=True,
        image=modal.Image.debian_slim().env({"A": "b"}),
        secrets=[modal.Secret.from_name("looked-up-secret", client=client)],
        scaledown_window=2,
    )(length)
    app.deploy(client=client)
    return app, function


def test_the_client_greets_the_service_and_learns_whose_token_it_has(client, command, shared_plane):
    client.hello()
    info = command("token", "info")
    assert shared_plane.plane.client_environment()["MODAL_TOKEN_ID"] in info
    assert "local" in info


def test_the_workspace_has_a_name_settings_and_prices(client):
    workspace = modal.Workspace.from_context(client=client).hydrate()
    assert workspace.name == "local"
    settings = workspace.settings.list()
    assert settings.default_environment == "main"
    # The rates are the facts' own, an hour: dearer GPUs cost more.
    rates = workspace.billing.rates()
    assert rates["gpu_hour_cost_h100"] > rates["gpu_hour_cost_t4"] > 0


def test_an_app_is_looked_up_or_made(client, deployed):
    app, _ = deployed
    found = modal.App.lookup("lookups", client=client)
    assert found.app_id == app.app_id
    made = modal.App.lookup("made-by-lookup", client=client, create_if_missing=True)
    assert made.app_id == modal.App.lookup("made-by-lookup", client=client).app_id
    with pytest.raises(modal.exception.NotFoundError, match="never-made"):
        modal.App.lookup("never-made", client=client)


def test_functions_images_and_secrets_are_found_by_their_ids(client, command, deployed):
    _, function = deployed
    found = modal.Function.from_id(function.object_id, client=client).hydrate()
    assert found.info(refresh=True).image_info.image_id.startswith("im-")
    image = modal.Image.debian_slim().env({"A": "b"})
    with modal.App("images").run(client=client) as app:
        image.build(app)
        assert modal.Image.from_id(image.object_id, client=client).build(app).object_id == image.object_id
    info = command("function", "info", "lookups/length")
    assert "looked-up-secret" in info
    modal.Secret.from_name("looked-up-secret", client=client).update({"SECOND": "other-value"})
    again = modal.Secret.from_name("looked-up-secret", client=client).hydrate()
    assert again.info(refresh=True).name == "looked-up-secret"


def test_an_autoscaler_is_read_back(client, deployed):
    function = modal.Function.from_name("lookups", "length", client=client)
    assert function.autoscaler.settings().scaledown_window == 2
    function.autoscaler.update(max_containers=3)
    assert function.autoscaler.settings().max_containers == 3


def test_a_call_is_followed_to_its_end_by_its_id(client, deployed):
    _, function = deployed
    call = function.experimental_spawn_map(["a", "bb", "ccc"])
    again = modal.FunctionCall.from_id(call.object_id, client=client)
    assert again.num_inputs() == 3
    assert list(again.iter()) == [1, 2, 3]
    assert "measuring ccc" in "".join(entry.message for entry in again.logs.stream(timeout=10))


def test_how_calls_went_is_counted(client, command, deployed):
    _, function = deployed
    assert function.remote("four") == 4
    assert function.with_options(timeout=77).remote("other") == 5
    with pytest.raises(TypeError):
        function.remote(4)
    calls = json.loads(command("function", "calls", "lookups/length", "--json"))
    assert [call["status"] for call in calls[-2:]] == ["success", "failure"]
    assert calls[-1]["container_id"].startswith("ta-")
    since = json.loads(command("function", "calls", "lookups/length", "--since", "1h", "--json"))
    # The end of that time is the second in which it was asked for.
    assert since
    assert since == calls[: len(since)]
    both = json.loads(command("function", "calls", "lookups/length", "--all-variants", "--json"))
    assert len(both) == len(calls) + 1
    stats = json.loads(command("function", "stats", "lookups/length", "--json"))
    assert (stats["input_success_count"], stats["input_failure_count"]) == (len(calls) - 1, 1)
    assert stats["container_started_count"] >= 1
    assert "Execution time (s)" in stats["input_percentile_stats"]
    assert "77" in command("function", "variants", "lookups/length")
    app = json.loads(command("app", "stats", "lookups", "--json"))
    assert json.dumps(app).count('"failed": 1') >= 1


def test_a_rollover_replaces_the_containers(client, command, deployed, shared_plane):
    _, function = deployed
    function.autoscaler.update(min_containers=1)
    assert function.remote("abcd") == 4
    ready = lambda: {c.task_id for c in shared_plane.plane.containers() if c.state == "ready"}  # noqa: E731
    old = shared_plane.wait_for(ready)
    assert "Rollover completed" in command("app", "rollover", "lookups")
    shared_plane.wait_for(lambda: ready() and not ready() & old)
    assert command("app", "history", "lookups").count("local") >= 2
    function.autoscaler.update(min_containers=0)
    command("app", "stop", "lookups", "--yes")
