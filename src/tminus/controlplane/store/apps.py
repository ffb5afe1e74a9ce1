"""Apps in the database, and what a deployed one consists of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from modal_proto import api_pb2

from tminus.controlplane.model import AppRecord, Deployment, FunctionRecord
from tminus.controlplane.store.database import Database


class AppStore:
    """Rows of apps, of their deployments, and of the functions of those that are deployed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[AppRecord]:
        """Every app, oldest first."""
        return [_app(row) for row in self._database.rows("SELECT * FROM apps ORDER BY created_s")]

    def functions(self) -> list[FunctionRecord]:
        """Functions of deployed apps, as they were published."""
        return [
            FunctionRecord(
                row["id"],
                row["app_id"],
                api_pb2.FunctionHandleMetadata.FromString(row["metadata"]),
                api_pb2.Function.FromString(row["definition"]),
            )
            for row in self._database.rows("SELECT * FROM functions")
        ]

    def deployments(self, app_id: str) -> list[Deployment]:
        """Deployments of an app, newest first."""
        rows = self._database.rows(
            "SELECT version, deployed_s, client_version, tag FROM deployments WHERE app_id = ? "
            "ORDER BY version DESC",
            (app_id,),
        )
        return [Deployment(**row) for row in rows]

    def save(self, app: AppRecord) -> None:
        """Insert or update an app."""
        self._database.save(
            "apps",
            id=app.id,
            environment=app.environment,
            name=app.name,
            description=app.description,
            detached=int(app.detached),
            created_s=app.created_s,
            deployed_s=app.deployed_s,
            stopped_s=app.stopped_s,
            version=app.version,
            tags=json.dumps(app.tags),
            function_ids=json.dumps(app.function_ids),
            class_ids=json.dumps(app.class_ids),
        )

    def deploy(self, app: AppRecord, functions: Iterable[FunctionRecord], deployment: Deployment) -> None:
        """Keep a deployed app and its functions: all of it, or, after a crash, what was deployed before."""
        with self._database.transaction():
            self.save(app)
            self._database.run("DELETE FROM functions WHERE app_id = ?", (app.id,))
            for function in functions:
                self._database.save(
                    "functions",
                    id=function.id,
                    app_id=app.id,
                    metadata=function.metadata.SerializeToString(),
                    definition=function.definition.SerializeToString(),
                )
            self._database.run(
                "INSERT INTO deployments VALUES (?, ?, ?, ?, ?)",
                (
                    app.id,
                    deployment.version,
                    deployment.deployed_s,
                    deployment.client_version,
                    deployment.tag,
                ),
            )

    def stop(self, app: AppRecord) -> None:
        """Keep that an app stopped; its functions are not needed any more."""
        with self._database.transaction():
            self.save(app)
            self._database.run("DELETE FROM functions WHERE app_id = ?", (app.id,))

    def forget(self, before_s: float) -> None:
        """Remove apps that stopped before a time, with their deployments and output."""
        self._database.run("DELETE FROM apps WHERE stopped_s > 0 AND stopped_s < ?", (before_s,))


def _app(row: sqlite3.Row) -> AppRecord:
    return AppRecord(
        row["id"],
        row["description"],
        row["environment"],
        detached=bool(row["detached"]),
        created_s=row["created_s"],
        name=row["name"],
        deployed_s=row["deployed_s"],
        stopped_s=row["stopped_s"],
        version=row["version"],
        tags=json.loads(row["tags"]),
        function_ids=json.loads(row["function_ids"]),
        class_ids=json.loads(row["class_ids"]),
    )
