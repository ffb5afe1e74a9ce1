"""The database under a control plane: versions, transactions, who may read it."""

from __future__ import annotations

import sqlite3
import stat

import pytest

from tminus.controlplane import ControlPlane
from tminus.controlplane.model import AppRecord, Deployment, SecretRecord
from tminus.controlplane.store import Database, Store, StoreError, schema
from tminus.facts import Facts


def test_every_migration_leads_from_the_version_before(tmp_path):
    """Each version's database, with a row in it, is brought up to the newest and keeps the row."""
    for version in range(1, len(schema.MIGRATIONS) + 1):
        path = tmp_path / f"{version}.db"
        old = sqlite3.connect(path)
        for script in schema.MIGRATIONS[:version]:
            old.executescript(script)
        old.execute(f"PRAGMA user_version = {version}")
        old.execute("INSERT INTO environments VALUES ('en-1', 'main', 1.0, '', '')")
        old.commit()
        old.close()
        database = Database(path)
        assert [row["name"] for row in database.rows("SELECT name FROM environments")] == ["main"]
        assert database.row("PRAGMA user_version")[0] == len(schema.MIGRATIONS)
        database.close()


def test_a_migration_that_fails_leaves_the_version_before(tmp_path, monkeypatch):
    path = tmp_path / "state.db"
    Database(path).close()
    broken = ("CREATE TABLE half (a) STRICT; CREATE TABLE half (a);",)
    monkeypatch.setattr("tminus.controlplane.store.database.MIGRATIONS", (*schema.MIGRATIONS, *broken))
    with pytest.raises(StoreError, match=r"state\.db"):
        Database(path)
    monkeypatch.undo()
    database = Database(path)
    assert database.row("SELECT 1 FROM sqlite_schema WHERE name = 'half'") is None
    database.close()


def test_a_newer_database_and_a_broken_one_are_refused(tmp_path):
    newer = tmp_path / "newer.db"
    database = sqlite3.connect(newer)
    database.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    database.close()
    with pytest.raises(StoreError, match="upgrade tminus"):
        Database(newer)
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="move it away"):
        Database(broken)


def test_a_deployment_is_kept_whole_or_not_at_all(tmp_path):
    store = Store(tmp_path, Facts.bundled())
    app = AppRecord("ap-1", "d", "main", detached=False, name="first")
    store.apps.deploy(app, [], Deployment(1, 1.0, "1.6.4", ""))
    app.name = "second"
    with pytest.raises(sqlite3.IntegrityError):
        store.apps.deploy(app, [], Deployment(1, 2.0, "1.6.4", ""))  # its number is taken
    assert [kept.name for kept in store.apps.all()] == ["first"]
    store.close()


def test_what_is_on_disk_is_its_owners_alone(tmp_path):
    store = Store(tmp_path, Facts.bundled())
    store.secrets.save(SecretRecord("st-1", "name", {"KEY": "the-value"}, "main"))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"state.db", "st-1.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    holders = [path.name for path in files if b"the-value" in path.read_bytes()]
    assert holders == ["st-1.json"]
    store.secrets.delete("st-1")
    assert not (tmp_path / "secrets" / "st-1.json").exists()
    store.close()


def test_one_control_plane_a_folder(tmp_path):
    with (
        ControlPlane.running(tmp_path, facts=Facts.bundled()),
        pytest.raises(OSError, match="another control plane works in"),
    ):
        ControlPlane(tmp_path, facts=Facts.bundled())
    with ControlPlane.running(tmp_path, facts=Facts.bundled()):
        pass
