"""Web functions answer real HTTP on ports of loopback."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from contextlib import closing

import aiohttp
import httpx
import modal
import pytest
from client import Commands, client_of
from conftest import SCRIPTS, running_plane

pytestmark = pytest.mark.slow
CHANGING = """
import modal

app = modal.App("changing")


@app.function(scaledown_window=2)
@modal.wsgi_app()
def say():
    def application(environ, start_response):
        start_response("200 OK", [])
        return [b"{word}"]

    return application
"""


UPDATE = """
import multiprocessing
import sys

from modal.output import enable_output
from modal.serving import _run_serve
from modal.cli.import_refs import parse_import_ref

ready = multiprocessing.get_context("spawn").Event()
_run_serve(parse_import_ref(sys.argv[1]), sys.argv[2], ready, "main", False)
assert ready.is_set()
"""


@pytest.fixture(scope="module")
def client(shared_plane):
    with client_of(shared_plane) as client:
        yield client


@pytest.fixture(scope="module")
def urls(shared_plane, client):
    """Addresses of the deployed functions, as a client that looks them up gets them."""
    with closing(Commands(shared_plane)) as command:
        output = command("deploy", str(SCRIPTS / "webs.py"))
        names = ("asgi", "wsgi", "twice", "server", "hidden")
        urls = {n: modal.Function.from_name("webs", n, client=client).get_web_url() for n in names}
        urls["pages"] = modal.Cls.from_name("webs", "Served", client=client)().pages.get_web_url()
        assert all(url.startswith("http://127.0.0.1:") for url in urls.values())
        assert len(set(urls.values())) == 6
        assert all(url in output for url in urls.values()), output
        yield urls
        command("app", "stop", "webs", "--yes")


def test_a_request_reaches_the_function_whole(urls):
    body = b"x" * (5 << 20)
    sent = httpx.post(f"{urls['asgi']}/a%20b/c?q=1&q=%C3%BC", content=body, headers={"X-One": "1"})
    assert sent.status_code == 201
    assert sent.headers.get_list("set-cookie") == ["a=1", "b=2"]
    seen = sent.json()
    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/a b/c", "q=1&q=%C3%BC")
    assert seen["headers"]["x-one"] == "1"
    assert seen["body"] == len(body)


def test_a_response_comes_as_it_is_made(urls):
    with httpx.stream("GET", f"{urls['asgi']}/stream", timeout=20) as response:
        pieces = list(response.iter_raw())
    assert b"".join(pieces) == b"0 1 2 end"
    assert len(pieces) == 4


def test_what_fails_is_an_error_of_the_server(urls):
    failed = httpx.get(f"{urls['asgi']}/fail", timeout=20)
    assert failed.status_code == 500
    assert "nothing works" in failed.text
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{urls['asgi']}/half", timeout=20)


def test_another_container_answers_while_one_works_for_a_caller_who_then_leaves(urls, shared_plane):
    async def ask() -> dict:
        async with httpx.AsyncClient(timeout=30) as web:
            patient = asyncio.create_task(web.get(f"{urls['asgi']}/wait"))
            await asyncio.to_thread(shared_plane.wait_for_log, "waiting for the caller to leave")
            answer = await web.get(f"{urls['asgi']}/x")
            patient.cancel()
        return answer.json()

    other = asyncio.run(ask())["container"]
    assert shared_plane.wait_for_log("then came http.disconnect").task_id != other


def test_a_websocket_goes_both_ways(urls, shared_plane):
    async def talk() -> str:
        async with aiohttp.ClientSession() as session, session.ws_connect(urls["asgi"]) as socket:
            await socket.send_str("word")
            return await socket.receive_str(timeout=10)

    assert asyncio.run(talk()) == "WORD"
    shared_plane.wait_for_log("websocket closed with 1000")


def test_a_function_becomes_an_endpoint(urls):
    said = httpx.post(f"{urls['twice']}/?times=3", json={"word": "ab"}, timeout=20)
    assert said.json() == {"word": "ababab"}
    assert httpx.post(urls["twice"], json={"word": "ab"}).json() == {"word": "abab"}
    assert httpx.get(urls["twice"]).status_code == 405
    assert httpx.post(f"{urls['twice']}/?times=many", json={"word": "ab"}).status_code == 422
    assert httpx.post(f"{urls['twice']}/?times=-1", json={"word": "ab"}).status_code == 500
    assert "/" in httpx.get(f"{urls['twice']}/openapi.json").json()["paths"]


def test_a_class_serves_with_what_it_loaded(urls):
    assert httpx.get(f"{urls['pages']}/x", timeout=20).text == "loaded /x"


def test_a_proxy_token_opens_what_asks_for_one(urls, client):
    tokens = modal.Workspace.from_context(client=client).proxy_tokens
    assert httpx.get(urls["wsgi"]).status_code == 401
    token = tokens.create(name="first")
    tokens.update(token.token_id, name="second")
    assert [t.name for t in tokens.list()] == ["second"]
    pass_on = {"Modal-Key": token.token_id, "Modal-Secret": token.token_secret}
    assert httpx.get(f"{urls['wsgi']}/p", headers=pass_on, timeout=20).text == "wsgi /p"
    wrong = {**pass_on, "Modal-Secret": "ws-guessed"}
    assert httpx.get(urls["wsgi"], headers=wrong).status_code == 401
    tokens.delete(token.token_id)
    assert httpx.get(urls["wsgi"], headers=pass_on).status_code == 401


def test_a_web_server_is_found_where_the_platform_finds_it(urls, isolation):
    if not isolation.cluster_network:
        pytest.skip("this machine gives no private network namespace")
    page = httpx.get(urls["server"], timeout=30)
    assert page.status_code == 200
    assert "webs.py" in page.text
    hidden = httpx.get(urls["hidden"], timeout=30)
    assert hidden.status_code == 500
    assert "0.0.0.0" in hidden.text


def test_an_app_that_runs_answers_until_it_ends(shared_plane):
    process = shared_plane.start("webs.py")
    assert process.stdout is not None
    while "address: " not in (line := process.stdout.readline()):
        assert line, "the client ended"
    url = line.partition("address: ")[2].strip()
    assert httpx.get(url, timeout=20).status_code == 201
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    def gone() -> bool:
        try:
            return httpx.get(url).status_code == 404
        except httpx.ConnectError:
            return True

    shared_plane.wait_for(gone)


def test_serve_takes_up_what_changes(shared_plane, tmp_path):
    script = tmp_path / "changing.py"
    script.write_text(CHANGING.format(word="first"))
    process = subprocess.Popen(
        shared_plane.command("serve", str(script)),
        env=shared_plane.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        while "http://127.0.0.1:" not in (line := process.stdout.readline()):
            assert line, "the client ended"
        url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
        shared_plane.wait_for(lambda: httpx.get(url, timeout=30).status_code == 200)
        assert httpx.get(url).text == "first"
        script.write_text(CHANGING.format(word="second"))
        # What the client starts for a change, and gives 5 s to begin: too little on a busy machine.
        app_id = shared_plane.events("app_created")[-1].fields["app_id"]
        subprocess.run(
            [sys.executable, "-c", UPDATE, str(script), app_id],
            env=shared_plane.environment(),
            timeout=60,
            check=True,
        )
        assert httpx.get(url, timeout=30).text == "second"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def test_what_has_no_local_form_is_refused_by_name(client):
    @modal.asgi_app(custom_domains=["example.org"])
    def somewhere(): ...

    class Many:
        size: int = modal.parameter(default=1)

        @modal.asgi_app()
        def pages(self): ...

    app = modal.App("refused-web")
    app.function(serialized=True, name="somewhere")(somewhere)
    with pytest.raises(modal.exception.Error, match="does not serve custom domains"):
        app.deploy(client=client)
    Many.__annotations__ = {"size": int}  # which the client reads as a type, not as text
    other = modal.App("refused-web")
    other.cls(serialized=True)(Many)
    with pytest.raises(modal.exception.Error, match="does not serve web methods of a class with parameters"):
        other.deploy(client=client)


def test_a_deployed_app_gets_its_address_back(tmp_path):
    def pages():
        def application(environ, start_response):
            start_response("200 OK", [])
            return [b"here"]

        return application

    app = modal.App("back")
    app.function(serialized=True, name="pages", scaledown_window=2)(modal.wsgi_app()(pages))
    with running_plane(tmp_path) as plane, client_of(plane) as client:
        app.deploy(client=client)
        url = modal.Function.from_name("back", "pages", client=client).get_web_url()
    with running_plane(tmp_path) as plane, client_of(plane) as client:
        assert modal.Function.from_name("back", "pages", client=client).get_web_url() == url
        assert httpx.get(url, timeout=20).text == "here"
