"""Contents that do not fit a message: uploaded and downloaded over HTTP, kept as files."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

LOOPBACK = "127.0.0.1"
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileRange:
    """A piece of a file that an address was given out for."""

    path: Path
    start: int
    length: int


class BlobStore:
    """Files by id, reachable over HTTP on the loopback interface.

    An address holds a random name of 128 bits: who was not given it cannot guess it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._content = folder / "content"
        self._uploads = folder / "uploads"
        for path in (self._content, self._uploads):
            path.mkdir(parents=True, exist_ok=True)
        self._ranges: dict[str, FileRange] = {}
        self._runner: web.AppRunner | None = None
        self.url = ""
        self.port = 0

    async def start(self) -> None:
        """Serve on a free port."""
        app = web.Application(client_max_size=0)
        app.router.add_put("/blob/{name}", self._put)
        app.router.add_get("/blob/{name}", self._get)
        app.router.add_get("/range/{name}", self._get_range)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://{LOOPBACK}:{self.port}"

    async def stop(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()

    def new_blob(self) -> tuple[str, str]:
        """A fresh blob: its id and the address to PUT it to."""
        blob_id = f"bl-{secrets.token_hex(16)}"
        return blob_id, f"{self.url}/blob/{blob_id}"

    def download_url(self, blob_id: str) -> str:
        """Address to GET a blob from."""
        return f"{self.url}/blob/{blob_id}"

    def range_url(self, path: Path, start: int, length: int) -> str:
        """Address of a piece of a file."""
        name = secrets.token_hex(16)
        self._ranges[name] = FileRange(path, start, length)
        return f"{self.url}/range/{name}"

    def blob_path(self, blob_id: str) -> Path:
        """File of an uploaded blob; it may not exist."""
        return self._uploads / Path(blob_id).name

    def content_path(self, sha256_hex: str) -> Path:
        """File that holds the content with this hash; it may not exist."""
        return self._content / Path(sha256_hex).name

    def has_content(self, sha256_hex: str) -> bool:
        """Whether the content with this hash is here."""
        return self.content_path(sha256_hex).exists()

    def add_content(self, sha256_hex: str, data: bytes) -> None:
        """Keep content under its hash.

        Raises:
            ValueError: The data do not have that hash.
        """
        found = hashlib.sha256(data).hexdigest()
        if found != sha256_hex:
            raise ValueError(f"content with SHA-256 {found} was sent as {sha256_hex}")
        _write(self.content_path(sha256_hex), data)

    def adopt_blob(self, sha256_hex: str, blob_id: str) -> None:
        """Keep an uploaded blob under the hash of its content.

        Raises:
            FileNotFoundError: The blob was never uploaded.
            ValueError: Its content does not have that hash.
        """
        path = self.blob_path(blob_id)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != sha256_hex:
            raise ValueError(f"content with SHA-256 {digest} was sent as {sha256_hex}")
        path.rename(self.content_path(sha256_hex))

    def join(self, parts: Sequence[Path]) -> str:
        """Keep the concatenation of some files as content.

        Returns:
            Its SHA-256.
        """
        digest = hashlib.sha256()
        part = self._content / f".{secrets.token_hex(8)}"
        with part.open("wb") as whole:
            for path in parts:
                data = path.read_bytes()
                digest.update(data)
                whole.write(data)
            whole.flush()
            os.fsync(whole.fileno())
        part.replace(self.content_path(digest.hexdigest()))
        return digest.hexdigest()

    async def _put(self, request: web.Request) -> web.Response:
        path = self.blob_path(request.match_info["name"])
        digest = hashlib.md5(usedforsecurity=False)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            async for piece in request.content.iter_chunked(PIECE_BYTES):
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
        part.replace(path)
        # The client compares the tag with the MD5 that it computed, as with an object store; the body is
        # what it hands back for a block of a volume's file.
        return web.Response(text=path.name, headers={"ETag": f'"{digest.hexdigest()}"'})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = self.blob_path(request.match_info["name"])
        if not path.exists():
            raise web.HTTPNotFound(text="no such blob")
        return web.FileResponse(path)

    async def _get_range(self, request: web.Request) -> web.StreamResponse:
        piece = self._ranges.get(request.match_info["name"])
        if piece is None or not piece.path.exists():
            raise web.HTTPNotFound(text="no such file")
        return web.Response(body=await asyncio.to_thread(_read, piece))


def _read(piece: FileRange) -> bytes:
    with piece.path.open("rb") as file:
        file.seek(piece.start)
        return file.read(piece.length)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
