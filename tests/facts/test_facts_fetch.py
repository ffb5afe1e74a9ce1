"""Fetching pages from a server that behaves as servers do."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("httpx")

from tminus import __version__
from tminus.facts import Fact
from tminus.facts.fetch import live_pages
from tminus.facts.verify import Checked, UnreadableError, Verdict, verify

PAGE = b"instances support up to 8 GPUs"


class Server(ThreadingHTTPServer):
    """Answers by path, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up waiting is what some of the tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.asked[self.path] += 1
            self.server.agents.add(self.headers["user-agent"])
        ANSWERS[self.path.partition("?")[0]](self)

    def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def first(self) -> bool:
        return self.server.asked[self.path] == 1

    def log_message(self, format: str, *args: object) -> None: ...


def slow(handler: Handler) -> None:
    server = handler.server
    with server.lock:
        server.at_once += 1
        server.most_at_once = max(server.most_at_once, server.at_once)
    time.sleep(0.6)
    # Before the answer: the client may ask for the next page as soon as it has this one.
    with server.lock:
        server.at_once -= 1
    handler.answer(200, PAGE)


def busy(handler: Handler) -> None:
    if handler.first():
        handler.answer(429, retry_after="1")
    else:
        handler.answer(200, PAGE)


def busy_until(handler: Handler) -> None:
    if handler.first():
        # The date has whole seconds: two ahead are one at least.
        handler.answer(
            503, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        )
    else:
        handler.answer(200, PAGE)


def cut(handler: Handler) -> None:
    if handler.first():
        handler.close_connection = True
        handler.connection.close()
    else:
        handler.answer(200, PAGE)


ANSWERS: dict[str, Callable[[Handler], None]] = {
    "/limits": lambda handler: handler.answer(200, PAGE, content_type="text/markdown"),
    "/changed": lambda handler: handler.answer(200, PAGE.replace(b"8", b"16")),
    "/moved": lambda handler: handler.answer(308, location="/limits"),
    "/round": lambda handler: handler.answer(302, location="/round"),
    "/busy": busy,
    "/busy-until": busy_until,
    "/busy-for-long": lambda handler: handler.answer(429, retry_after="3600"),
    "/broken": lambda handler: handler.answer(500),
    "/gone": lambda handler: handler.answer(404),
    "/slow": slow,
    "/cut": cut,
    "/notice.md": lambda handler: handler.answer(200, b"<html>" + PAGE, content_type="text/html"),
}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def checked(server: Server, path: str, **options: float) -> Checked:
    limit = Fact(
        "limit", 8, "GPUs", server.url(path), date(2026, 8, 22), probe=r"support up to (?P<value>\d+) GPUs"
    )
    (one,) = verify([limit], live_pages(**{"first_pause_s": 0.01, **options}))
    return one


@pytest.mark.parametrize("path", ["/limits", "/moved", "/limits#part"])
def test_a_page_is_read(server: Server, path: str) -> None:
    assert checked(server, path).verdict is Verdict.HOLDS
    assert server.agents == {f"tminus/{__version__} (tminus facts verify)"}


def test_a_page_that_changed_is_reported(server: Server) -> None:
    one = checked(server, "/changed")
    assert (one.verdict, one.old, one.new) == (Verdict.MOVED, "8", "16")


def test_a_page_that_is_gone_is_asked_for_once(server: Server) -> None:
    one = checked(server, "/gone")
    assert one.verdict is Verdict.UNREADABLE
    assert "404 Not Found" in one.why
    assert server.asked["/gone"] == 1


@pytest.mark.parametrize(("path", "pause_s"), [("/busy", 1.0), ("/busy-until", 0.9)])
def test_the_pause_that_the_server_asks_for_is_kept(server: Server, path: str, pause_s: float) -> None:
    began = time.monotonic()
    assert checked(server, path).verdict is Verdict.HOLDS
    assert time.monotonic() - began > pause_s
    assert server.asked[path] == 2


def test_an_hour_is_not_waited_for(server: Server) -> None:
    one = checked(server, "/busy-for-long")
    assert one.verdict is Verdict.UNREADABLE
    assert "429, to be asked again in 3600 s" in one.why


def test_a_server_that_stays_broken_is_given_up(server: Server) -> None:
    one = checked(server, "/broken", attempts=3)
    assert (one.verdict, server.asked["/broken"]) == (Verdict.UNREADABLE, 3)
    assert "500 Internal Server Error" in one.why


def test_a_timeout_is_tried_again_and_given_up(server: Server) -> None:
    one = checked(server, "/slow", timeout_s=0.1, attempts=2)
    assert one.verdict is Verdict.UNREADABLE
    assert "timed out" in one.why
    assert one.why.endswith(", 2 times")
    assert checked(server, "/slow", timeout_s=5.0).verdict is Verdict.HOLDS


def test_a_connection_that_breaks_is_tried_again(server: Server) -> None:
    assert checked(server, "/cut").verdict is Verdict.HOLDS
    assert server.asked["/cut"] == 2


def test_redirects_in_a_circle_are_unreadable(server: Server) -> None:
    one = checked(server, "/round")
    assert one.verdict is Verdict.UNREADABLE
    assert "redirect" in one.why.lower()


def test_a_notice_for_people_in_place_of_markdown_is_unreadable(server: Server) -> None:
    # Taken for the page, all its facts would be reported as moved.
    with pytest.raises(UnreadableError, match="no Markdown but HTML"):
        live_pages()(server.url("/notice.md"))


def test_nobody_who_answers_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="Connection refused, 2 times"):
        live_pages(attempts=2, first_pause_s=0.01)("http://127.0.0.1:1/")


def test_some_pages_are_fetched_at_once_and_not_all(server: Server) -> None:
    facts = [
        Fact(f"limit.{number}", 8, "GPUs", server.url(f"/slow?{number}"), date(2026, 8, 22), probe="8 GPUs")
        for number in range(8)
    ]
    assert {one.verdict for one in verify(facts, live_pages())} == {Verdict.HOLDS}
    assert 2 <= server.most_at_once <= 4
