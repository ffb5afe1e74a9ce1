"""Who may run commands in which container: a token for each, good for an hour."""

from __future__ import annotations

import base64
import json
import secrets
import time

LIFE_S = 3600.0


class CommandAccess:
    """Tokens by their text. The client reads their end from them, as from a JSON Web Token."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[str, float]] = {}

    def grant(self, task_id: str) -> str:
        """A token for the commands of one container."""
        now = time.time()
        self._tokens = {token: given for token, given in self._tokens.items() if given[1] > now}
        claims = base64.urlsafe_b64encode(json.dumps({"exp": int(now + LIFE_S)}).encode())
        token = f"e30.{claims.decode().rstrip('=')}.{secrets.token_urlsafe(32)}"
        self._tokens[token] = (task_id, now + LIFE_S)
        return token

    def allows(self, token: str, task_id: str) -> bool:
        """Whether a token was given for a container, and is still good."""
        granted, end_s = self._tokens.get(token, ("", 0.0))
        return bool(granted) and granted == task_id and end_s > time.time()
