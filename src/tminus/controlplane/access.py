"""How clients find a control plane, and are let in."""

from __future__ import annotations

import secrets
from pathlib import Path

from tminus.controlplane.blobs import LOOPBACK

ENVIRONMENT = "main"


def new_credentials() -> tuple[str, str]:
    """A token id and its secret."""
    return f"ak-{secrets.token_hex(16)}", f"as-{secrets.token_hex(16)}"


def client_environment(url: str, credentials: tuple[str, str], config: Path) -> dict[str, str]:
    """Variables for the user's `modal`.

    Args:
        url: Address of the service.
        credentials: Token id and secret.
        config: An empty settings file, in place of the user's own.
    """
    return {
        "MODAL_SERVER_URL": url,
        "MODAL_TOKEN_ID": credentials[0],
        "MODAL_TOKEN_SECRET": credentials[1],
        "MODAL_CONFIG_PATH": str(config),
        "MODAL_PROFILE": "default",
        "MODAL_ENVIRONMENT": ENVIRONMENT,
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
    }
