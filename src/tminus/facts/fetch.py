"""Fetching the pages that facts come from. Needs the extra ``facts`` (httpx)."""

from __future__ import annotations

from collections.abc import Callable

from tminus.facts.verify import UnreadableError, page_address

_TIMEOUT_S = 20.0


def live_pages() -> Callable[[str], str]:
    """A reader that fetches pages over the network.

    Raises:
        ImportError: httpx is not installed.
    """
    import httpx

    client = httpx.Client(
        follow_redirects=True, timeout=_TIMEOUT_S, headers={"user-agent": "tminus facts verify"}
    )

    def read(source: str) -> str:
        address = page_address(source)
        try:
            response = client.get(address)
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise UnreadableError(f"{address}: {error or type(error).__name__}") from error
        return str(response.text)

    return read
