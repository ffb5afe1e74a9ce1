"""The state folder of a local service, as those see it who start it, ask it and stop it."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tminus.controlplane.access import new_credentials
from tminus.controlplane.folders import LOCK
from tminus.durable import write_json


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A service that runs.

    Attributes:
        pid: Its process.
        url: Where it listens.
        started_s: Since when, in seconds since the epoch.
        isolation: What containers run in.
        workspace_plan: Plan whose limits hold.
        not_shown: What containers here cannot show.
    """

    pid: int
    url: str
    started_s: float
    isolation: str
    workspace_plan: str
    not_shown: tuple[str, ...]


class LocalFolder:
    """Files of a local service. The token and the port stay the same over restarts.

    Args:
        path: The folder; the user's data folder where it is None.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or default_state()).expanduser().resolve()
        self._settings = self.path / "settings.json"
        self._service = self.path / "service.json"
        self.log = self.path / "service.log"
        self.events = self.path / "events.jsonl"
        self.client_config = self.path / "modal.toml"

    def make(self) -> None:
        """Make the folder, for its owner alone.

        Raises:
            OSError: It cannot be made or changed by this user.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def credentials(self) -> tuple[str, str]:
        """Token id and secret of this folder; made at the first call."""
        settings = self._read_settings()
        if "token_id" not in settings:
            settings["token_id"], settings["token_secret"] = new_credentials()
            self._write_settings(settings)
        return settings["token_id"], settings["token_secret"]

    def port(self) -> int:
        """Port that the service had the last time; 0 where it never ran."""
        return int(self._read_settings().get("port", 0))

    def is_running(self) -> bool:
        """Whether a control plane works in this folder: it holds the lock for as long as it lives."""
        try:
            file = (self.path / LOCK).open("r", encoding="utf-8")
        except FileNotFoundError:
            return False
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def service(self) -> ServiceRecord | None:
        """The running service; None where none runs, or one that is still starting."""
        if not self.is_running():
            return None
        try:
            record = json.loads(self._service.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return ServiceRecord(**{**record, "not_shown": tuple(record["not_shown"])})

    def write_service(self, record: ServiceRecord) -> None:
        """Say that the service is up."""
        port = int(record.url.rpartition(":")[2])
        self._write_settings({**self._read_settings(), "port": port})
        write_json(self._service, asdict(record))

    def clear_service(self) -> None:
        """Say that it is not."""
        self._service.unlink(missing_ok=True)

    def _read_settings(self) -> dict[str, Any]:
        try:
            settings: dict[str, Any] = json.loads(self._settings.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return settings

    def _write_settings(self, settings: dict[str, Any]) -> None:
        # The token is in it: the file has its mode before it has its content.
        os.close(os.open(self._settings, os.O_WRONLY | os.O_CREAT, 0o600))
        write_json(self._settings, settings)


def default_state() -> Path:
    """The folder for those who name none: below the user's data folder, as the XDG specification has it."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "tminus" / "local"
