"""What another user of the machine tries on a control plane that is not theirs; prints the outcomes as JSON.

Arguments: its address, the address of its blobs, its state folder, the folder of its sockets, its process.
"""

from __future__ import annotations

import json
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

import modal

url, blobs, state, sockets, pid = sys.argv[1:]


def tried(attempt) -> str:
    try:
        return f"worked: {attempt()}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def call(token_id: str, token_secret: str):
    client = modal.Client.from_credentials(token_id, token_secret)
    return modal.Secret.objects.list(client=client)


def connect() -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(f"{sockets}/ta-guessed.sock")


print(
    json.dumps(
        {
            "guessed token": tried(lambda: call("ak-guessed", "as-guessed")),
            "empty token": tried(lambda: call("", "")),
            "list state": tried(lambda: [path.name for path in Path(state).iterdir()]),
            "read events": tried(lambda: Path(state, "events.jsonl").read_text()),
            "list sockets": tried(lambda: [path.name for path in Path(sockets).iterdir()]),
            "connect to a socket": tried(connect),
            "read its environment": tried(lambda: Path(f"/proc/{pid}/environ").read_bytes()),
            "get a blob": tried(lambda: urllib.request.urlopen(f"{blobs}/blob/bl-guessed").read()),
        }
    )
)
