"""Fetching the pages that facts come from. Needs the extra ``facts`` (httpx)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tminus.facts.verify import UnreadableError, page_address

if TYPE_CHECKING:
    import httpx

_TIMEOUT_S = 20.0
_ATTEMPTS = 3
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that another attempt may better."""


def live_pages(
    timeout_s: float = _TIMEOUT_S, attempts: int = _ATTEMPTS, first_pause_s: float = _FIRST_PAUSE_S
) -> Callable[[str], str]:
    """A reader that fetches pages over the network, for several threads.

    A page is asked for again after an error of the connection, a timeout, or an answer that may pass; the
    pause doubles each time, unless the answer names one (``Retry-After``).

    Args:
        timeout_s: Seconds without an answer after which an attempt fails.
        attempts: How often a page is asked for at most.
        first_pause_s: Seconds before the second attempt.

    Raises:
        ImportError: httpx is not installed.
    """
    import httpx

    from tminus import __version__

    client = httpx.Client(
        follow_redirects=True,
        timeout=timeout_s,
        headers={
            "user-agent": f"tminus/{__version__} (tminus facts verify)",
            "accept": "text/markdown, text/plain, text/html;q=0.5",
        },
    )

    def read(source: str) -> str:
        address = page_address(source)
        pause_s = first_pause_s
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                response = client.get(address)
            except httpx.TransportError as error:
                if last:
                    said = error if str(error) else type(error).__name__
                    raise UnreadableError(f"{address}: {said}, {attempts} times") from error
                _sleep(pause_s)
            except httpx.HTTPError as error:
                raise UnreadableError(f"{address}: {error or type(error).__name__}") from error
            else:
                if response.is_success:
                    return _page(address, response)
                if response.status_code not in _PASSING or last:
                    raise UnreadableError(f"{address}: {response.status_code} {response.reason_phrase}")
                asked_s = _asked_pause_s(response)
                if asked_s is not None and asked_s > _LONGEST_PAUSE_S:
                    raise UnreadableError(
                        f"{address}: {response.status_code}, to be asked again in {asked_s:.0f} s"
                    )
                _sleep(pause_s if asked_s is None else asked_s)
            pause_s *= 2
        raise AssertionError("the last attempt returns or raises")

    return read


def _page(address: str, response: httpx.Response) -> str:
    """The text of an answer.

    Raises:
        UnreadableError: Markdown was asked for and a page for people came, such as a notice that it is gone.
    """
    html = response.headers.get("content-type", "").startswith("text/html")
    if address.endswith(".md") and html:
        raise UnreadableError(f"{address}: is no Markdown but HTML ({response.url})")
    return response.text


def _asked_pause_s(response: httpx.Response) -> float | None:
    """Seconds that the answer asks to wait, given as a number or as a date; None where it does not."""
    asked = response.headers.get("retry-after", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _sleep(pause_s: float) -> None:
    # Threads that were turned away together must not come back together.
    time.sleep(pause_s * random.uniform(1.0, 1.1))
