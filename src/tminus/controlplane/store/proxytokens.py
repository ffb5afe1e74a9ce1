"""Proxy tokens, which web functions with ``requires_proxy_auth=True`` ask for, in the database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from tminus.controlplane.store.database import Database


@dataclass(frozen=True, slots=True)
class ProxyToken:
    """A token; its secret is told once, when it is made."""

    id: str
    name: str
    created_s: float


class ProxyTokenStore:
    """Rows of `ProxyToken`, each with the SHA-256 of its secret."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str) -> tuple[ProxyToken, str]:
        """Make a token.

        Returns:
            The token and its secret.
        """
        token = ProxyToken(f"wk-{secrets.token_hex(11)}", name, time.time())
        secret = f"ws-{secrets.token_hex(16)}"
        self._database.save(
            "proxy_tokens",
            id=token.id,
            name=token.name,
            created_s=token.created_s,
            secret_sha256=_digest(secret),
        )
        return token, secret

    def all(self) -> list[ProxyToken]:
        """Every token, oldest first."""
        rows = self._database.rows("SELECT id, name, created_s FROM proxy_tokens ORDER BY created_s")
        return [ProxyToken(**row) for row in rows]

    def rename(self, token_id: str, name: str) -> ProxyToken | None:
        """Give a token another name; None where there is no such token."""
        self._database.run("UPDATE proxy_tokens SET name = ? WHERE id = ?", (name, token_id))
        return next((token for token in self.all() if token.id == token_id), None)

    def delete(self, token_id: str) -> bool:
        """Remove a token; False where there is none."""
        return bool(self._database.run("DELETE FROM proxy_tokens WHERE id = ?", (token_id,)))

    def accepts(self, token_id: str, secret: str) -> bool:
        """Whether this is a token with its secret."""
        row = self._database.row("SELECT secret_sha256 FROM proxy_tokens WHERE id = ?", (token_id,))
        return row is not None and hmac.compare_digest(row["secret_sha256"], _digest(secret))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
