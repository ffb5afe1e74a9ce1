"""Apps in the database, and what each of their deployments consists of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from modal_proto import api_pb2

from tminus.controlplane.model import AppRecord, Deployment, FunctionRecord
from tminus.controlplane.store.database import Database


class AppStore:
    """Rows of apps, of their deployments, and of the functions of these."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[AppRecord]:
        """Every app, oldest first."""
        return [_app(row) for row in self._database.rows("SELECT * FROM apps ORDER BY created_s")]

    def functions(self) -> list[FunctionRecord]:
        """Functions of deployed apps, as they were published last."""
        rows = self._database.rows(
            "SELECT f.* FROM deployed_functions f JOIN apps a ON f.app_id = a.id AND f.version = a.version"
        )
        return [_function(row) for row in rows]

    def functions_of(self, app_id: str, version: int) -> list[FunctionRecord]:
        """Functions of an app as one of its deployments published them."""
        rows = self._database.rows(
            "SELECT * FROM deployed_functions WHERE app_id = ? AND version = ?", (app_id, version)
        )
        return [_function(row) for row in rows]

    def secret_ids(self) -> set[str]:
        """Secrets that any deployment needs which could still be deployed again."""
        return {
            secret_id
            for row in self._database.rows("SELECT DISTINCT definition FROM deployed_functions")
            for secret_id in api_pb2.Function.FromString(row["definition"]).secret_ids
        }

    def deployments(self, app_id: str) -> list[Deployment]:
        """Deployments of an app, newest first."""
        rows = self._database.rows(
            "SELECT * FROM deployments WHERE app_id = ? ORDER BY version DESC", (app_id,)
        )
        return [_deployment(row) for row in rows]

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
            self._database.run(
                "INSERT INTO deployments "
                "(app_id, version, deployed_s, client_version, tag, rollback_version, function_ids, "
                "class_ids) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    app.id,
                    deployment.version,
                    deployment.deployed_s,
                    deployment.client_version,
                    deployment.tag,
                    deployment.rollback_version,
                    json.dumps(deployment.function_ids),
                    json.dumps(deployment.class_ids),
                ),
            )
            for function in functions:
                self._database.run(
                    "INSERT INTO deployed_functions (app_id, version, id, metadata, definition) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (
                        app.id,
                        deployment.version,
                        function.id,
                        function.metadata.SerializeToString(),
                        function.definition.SerializeToString(),
                    ),
                )

    def stop(self, app: AppRecord) -> None:
        """Keep that an app stopped; its functions are not needed any more."""
        with self._database.transaction():
            self.save(app)
            self._database.run("DELETE FROM deployed_functions WHERE app_id = ?", (app.id,))

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


def _function(row: sqlite3.Row) -> FunctionRecord:
    return FunctionRecord(
        row["id"],
        row["app_id"],
        api_pb2.FunctionHandleMetadata.FromString(row["metadata"]),
        api_pb2.Function.FromString(row["definition"]),
    )


def _deployment(row: sqlite3.Row) -> Deployment:
    return Deployment(
        row["version"],
        row["deployed_s"],
        row["client_version"],
        row["tag"],
        json.loads(row["function_ids"]),
        json.loads(row["class_ids"]),
        row["rollback_version"],
    )
