"""The hub's answers: files with ranges, JSON, and errors as its client knows them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tminus.rehearse.hub.repository import RepoFile

_CHUNK_BYTES = 1 << 20


def error(
    status: int, message: str, code: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """An error with the headers by which huggingface_hub picks its exception (``X-Error-Code``)."""
    # A header holds one line of Latin-1.
    line = " ".join(message.split()).encode("latin-1", "replace").decode("latin-1")
    all_headers = {"X-Error-Message": line, **(headers or {})}
    if code is not None:
        all_headers["X-Error-Code"] = code
    return web.json_response({"error": message}, status=status, headers=all_headers)


def json_answer(payload: Any, commit: str | None = None) -> web.Response:
    """A JSON answer."""
    return web.json_response(payload, headers={"X-Repo-Commit": commit} if commit else None)


async def send_file(request: web.Request, file: RepoFile, commit: str) -> web.StreamResponse:
    """A file or the part of it that ``Range`` asks for; for HEAD only its headers."""
    headers = {
        "X-Repo-Commit": commit,
        "ETag": f'"{file.etag}"',
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
    }
    if file.sha256 is not None:
        headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
    try:
        wanted = request.http_range
        start, stop, _ = slice(wanted.start, wanted.stop).indices(file.size)
        partial = wanted.start is not None
        if partial and start >= file.size:
            raise ValueError("the range begins behind the end of the file")
    except ValueError as problem:
        return error(416, str(problem), headers={"Content-Range": f"bytes */{file.size}"})
    if partial:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    response = web.StreamResponse(status=206 if partial else 200, headers=headers)
    response.content_length = stop - start
    await response.prepare(request)
    if request.method != "HEAD":
        await _send(response, file, start, stop)
    await response.write_eof()
    return response


async def _send(response: web.StreamResponse, file: RepoFile, start: int, stop: int) -> None:
    with file.location.open("rb") as content:
        content.seek(start)
        left = stop - start
        while left > 0 and (chunk := content.read(min(_CHUNK_BYTES, left))):
            await response.write(chunk)
            left -= len(chunk)
