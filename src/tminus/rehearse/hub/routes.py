"""What the local hub does with a request.

The routes are those that huggingface_hub, transformers and datasets use to read. Everything else, uploads
among it, is refused with a text that names tminus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from tminus.rehearse.hub.address import Address, parse_address
from tminus.rehearse.hub.answers import error, json_answer, send_file
from tminus.rehearse.hub.catalogue import Catalogue
from tminus.rehearse.hub.repository import RepoKind, Repository

_LOGGED_OUT = "Invalid username or password."  # the hub's own words


class Routes:
    """Answers requests from a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        if path == "/api/whoami-v2":
            return _whoami(request)
        if path.startswith("/api/telemetry"):
            return web.Response()
        address = parse_address(path)
        if address is None:
            return _refusal(request, "it does not serve this path")
        actions = _READING if request.method in ("GET", "HEAD") else _POSTING
        action = actions.get(address.action)
        if action is None or request.method in ("PUT", "DELETE", "PATCH"):
            return _refusal(request, _refused_action(request, address))
        repository = await self._find(address.kind, address.repo_id)
        if isinstance(repository, web.Response):
            return repository
        commit = repository.resolve(address.revision)
        if commit is None:
            message = f"{address.repo_id} has no revision {address.revision!r} here"
            return error(404, message, "RevisionNotFound")
        return await action(request, repository, address, commit)

    async def _find(self, kind: RepoKind, repo_id: str) -> Repository | web.Response:
        try:
            # Making a stand-in takes seconds; other requests go on meanwhile.
            return await asyncio.to_thread(self._catalogue.find, kind, repo_id)
        except LookupError as problem:
            return error(404, f"tminus rehearse: {problem.args[0]}", "RepoNotFound")


async def _info(
    request: web.Request, repository: Repository, address: Address, commit: str
) -> web.StreamResponse:
    blobs = request.query.get("blobs", "").lower() in ("true", "1")
    return json_answer(repository.info(commit, blobs=blobs), commit)


async def _tree(
    request: web.Request, repository: Repository, address: Address, commit: str
) -> web.StreamResponse:
    recursive = request.query.get("recursive", "").lower() in ("true", "1")
    entries = repository.tree(address.path, recursive=recursive)
    if entries is None:
        return _no_entry(repository, address, commit)
    return json_answer(entries, commit)


async def _paths_info(
    request: web.Request, repository: Repository, address: Address, commit: str
) -> web.StreamResponse:
    if request.content_type == "application/json":
        paths = (await request.json())["paths"]
    else:
        paths = (await request.post()).getall("paths", [])
    return json_answer(repository.paths_info([str(path) for path in paths]), commit)


async def _refs(
    request: web.Request, repository: Repository, address: Address, commit: str
) -> web.StreamResponse:
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.commit}
    return json_answer({"branches": [main], "tags": [], "converts": []})


async def _auth_check(
    request: web.Request, repository: Repository, address: Address, commit: str
) -> web.StreamResponse:
    return _gate(request, repository) or json_answer({})


async def _resolve(
    request: web.Request, repository: Repository, address: Address, commit: str
) -> web.StreamResponse:
    closed = _gate(request, repository)
    if closed is not None:
        return closed
    file = repository.files.get(address.path)
    if file is None:
        return _no_entry(repository, address, commit)
    return await send_file(request, file, commit)


_Action = Callable[[web.Request, Repository, Address, str], Awaitable[web.StreamResponse]]
_READING: dict[str, _Action] = {
    "info": _info,
    "tree": _tree,
    "refs": _refs,
    "auth-check": _auth_check,
    "resolve": _resolve,
}
_POSTING: dict[str, _Action] = {"paths-info": _paths_info}


def _gate(request: web.Request, repository: Repository) -> web.Response | None:
    """The hub's refusal of a gated repository's files to those who send no token."""
    if not repository.gated or _token(request):
        return None
    message = (
        f"Access to {repository.kind} {repository.id} is restricted. You must have access to it and be "
        "authenticated to access it. Please log in."
    )
    return error(401, message, "GatedRepo")


def _no_entry(repository: Repository, address: Address, commit: str) -> web.Response:
    # The commit is sent with the error: clients remember by it that an optional file does not exist.
    message = f"{repository.id} has no {address.path!r}"
    return error(404, message, "EntryNotFound", {"X-Repo-Commit": commit})


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _whoami(request: web.Request) -> web.Response:
    if not _token(request):
        return error(401, _LOGGED_OUT)
    access = {"displayName": "rehearsal", "role": "write"}
    return json_answer(
        {
            "type": "user",
            "id": "0" * 24,
            "name": "tminus-rehearsal",
            "fullname": "tminus rehearsal",
            "isPro": False,
            "orgs": [],
            "auth": {"type": "access_token", "accessToken": access},
        }
    )


def _refused_action(request: web.Request, address: Address) -> str:
    if request.method in ("GET", "HEAD"):
        return f"it does not serve {address.action!r} of {address.repo_id}"
    return f"it takes no uploads to {address.repo_id}"


def _refusal(request: web.Request, reason: str) -> web.Response:
    if request.rel_url.raw_path == "/api/repos/create":
        reason = "it makes no repositories and takes no uploads"
    return error(
        501,
        f"tminus rehearse: the local hub stands in for reading models and data sets only; {reason} "
        f"({request.method} {request.rel_url.raw_path}). "
        "Leave push_to_hub out of the rehearsal; on the real hub this call is not affected.",
    )
