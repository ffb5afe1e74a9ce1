"""What of a control plane's state is on disk: records in SQLite, contents in files."""

from __future__ import annotations

from pathlib import Path

from tminus.controlplane.store.apps import AppStore
from tminus.controlplane.store.calls import CallStore
from tminus.controlplane.store.database import Database, StoreError
from tminus.controlplane.store.dicts import DictStore
from tminus.controlplane.store.environments import EnvironmentStore
from tminus.controlplane.store.images import ImageStore
from tminus.controlplane.store.logs import LogStore
from tminus.controlplane.store.proxytokens import ProxyTokenStore
from tminus.controlplane.store.queues import QueueStore
from tminus.controlplane.store.secrets import SecretStore
from tminus.facts import Facts

__all__ = ["Database", "Store", "StoreError"]


class Store:
    """The database of a state folder, one object a family of records.

    Args:
        folder: The folder.
        facts: The platform's documented limits.

    Raises:
        StoreError: The database cannot be used.
    """

    def __init__(self, folder: Path, facts: Facts) -> None:
        self.database = Database(folder / "state.db")
        self.apps = AppStore(self.database)
        self.calls = CallStore(self.database)
        self.dicts = DictStore(self.database, folder / "values", facts)
        self.environments = EnvironmentStore(self.database)
        self.images = ImageStore(self.database)
        self.logs = LogStore(self.database)
        self.proxy_tokens = ProxyTokenStore(self.database)
        self.queues = QueueStore(self.database, facts)
        self.secrets = SecretStore(self.database, folder / "secrets")

    def close(self) -> None:
        """Close the database."""
        self.database.close()
