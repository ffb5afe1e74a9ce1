"""Which repositories the local hub has: those given, and those made on the first request for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from tminus.facts import Facts
from tminus.rehearse.hub.repository import RepoKind, Repository

Resolve = Callable[[RepoKind, str], Path | None]
"""Makes the folder of a repository that was not given; None or a LookupError if there can be none."""


class Catalogue:
    """Repositories by kind and id, whose case does not matter. Safe to use from several threads."""

    def __init__(
        self, models: Mapping[str, Path], datasets: Mapping[str, Path], resolve: Resolve | None
    ) -> None:
        self._folders: dict[tuple[RepoKind, str], tuple[str, Path]] = {}
        for kind, given in _kinds(models, datasets):
            self._folders |= {(kind, repo_id.lower()): (repo_id, path) for repo_id, path in given.items()}
        self._resolve = resolve
        self._repositories: dict[tuple[RepoKind, str], Repository] = {}
        self._lock = threading.Lock()

    def find(self, kind: RepoKind, repo_id: str) -> Repository:
        """The repository of that id.

        Raises:
            LookupError: There is none and none can be made; the message says why.
        """
        key = (kind, repo_id.lower())
        # One lock for all: two ranks that ask for the same model at once must not make it twice.
        with self._lock:
            if key not in self._repositories:
                name, folder = self._folders.get(key) or (repo_id, self._made(kind, repo_id))
                gated = kind == "model" and _is_gated(name)
                self._repositories[key] = Repository.scan(kind, name, folder, gated=gated)
            return self._repositories[key]

    def _made(self, kind: RepoKind, repo_id: str) -> Path:
        folder = self._resolve(kind, repo_id) if self._resolve is not None else None
        if folder is None:
            raise LookupError(f"no stand-in for the {kind} {repo_id!r}")
        return folder


def _kinds(
    models: Mapping[str, Path], datasets: Mapping[str, Path]
) -> tuple[tuple[RepoKind, Mapping[str, Path]], ...]:
    return ("model", models), ("dataset", datasets)


def _is_gated(model_id: str) -> bool:
    shape = Facts.bundled().model(model_id)
    return shape is not None and shape.gated
