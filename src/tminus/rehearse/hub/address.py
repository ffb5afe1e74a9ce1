"""Reading the hub's paths: which repository, which action, which revision and file."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from tminus.rehearse.hub.repository import RepoKind

_API_KINDS: dict[str, RepoKind] = {"models": "model", "datasets": "dataset"}
_API_ACTIONS = frozenset(
    {
        "revision",
        "tree",
        "paths-info",
        "refs",
        "commits",
        "auth-check",
        "preupload",
        "commit",
        "branch",
        "tag",
    }
)
_FILE_ACTIONS = frozenset({"resolve", "raw"})


@dataclass(frozen=True, slots=True)
class Address:
    """What a path names.

    Attributes:
        kind: Of the repository.
        repo_id: ``name`` or ``namespace/name``.
        action: ``info``, ``resolve``, or the API's own word for it.
        revision: Branch, tag or commit.
        path: File or folder in the repository, "" for its root.
    """

    kind: RepoKind
    repo_id: str
    action: str
    revision: str = "main"
    path: str = ""


def parse_address(raw_path: str) -> Address | None:
    """The address in a request's path, as sent (percent-encoded); None if it names no repository.

    The forms are those that huggingface_hub builds: ``/api/{kind}s/{id}[/{action}[/{revision}[/{path}]]]``
    and ``[/datasets]/{id}/resolve/{revision}/{path}``.
    """
    parts = [unquote(part) for part in raw_path.strip("/").split("/")]
    if parts[0] == "api":
        if len(parts) < 3 or parts[1] not in _API_KINDS:
            return None
        return _api_address(_API_KINDS[parts[1]], parts[2:])
    kind: RepoKind = "model"
    if parts[0] == "datasets":
        kind, parts = "dataset", parts[1:]
    for length in (1, 2):
        if len(parts) >= length + 3 and parts[length] in _FILE_ACTIONS:
            repo_id, path = "/".join(parts[:length]), "/".join(parts[length + 2 :])
            return Address(kind, repo_id, "resolve", parts[length + 1], path)
    return None


def _api_address(kind: RepoKind, parts: list[str]) -> Address:
    # A name without a namespace (gpt2) is followed at once by the action.
    length = 1 if len(parts) == 1 or parts[1] in _API_ACTIONS else 2
    repo_id, rest = "/".join(parts[:length]), parts[length:]
    if not rest:
        return Address(kind, repo_id, "info")
    action = "info" if rest[0] == "revision" else rest[0]
    revision = rest[1] if len(rest) > 1 else "main"
    return Address(kind, repo_id, action, revision, "/".join(rest[2:]))
