"""The tables of a control plane's database, and the steps from each version of them to the next.

A migration, once released, is never changed: a new version is one more entry. The version of a database is
its ``PRAGMA user_version``: the number of migrations that it has been through.
"""

from __future__ import annotations

_RECORDS = """
CREATE TABLE environments (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_s REAL NOT NULL,
    web_suffix TEXT NOT NULL,
    image_builder_version TEXT NOT NULL
) STRICT;

CREATE TABLE apps (
    id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    detached INTEGER NOT NULL,
    created_s REAL NOT NULL,
    deployed_s REAL NOT NULL,
    stopped_s REAL NOT NULL,
    version INTEGER NOT NULL,
    tags TEXT NOT NULL,
    function_ids TEXT NOT NULL,
    class_ids TEXT NOT NULL
) STRICT;

CREATE TABLE deployments (
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    deployed_s REAL NOT NULL,
    client_version TEXT NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (app_id, version)
) STRICT;

CREATE TABLE functions (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    metadata BLOB NOT NULL,
    definition BLOB NOT NULL
) STRICT;
CREATE INDEX functions_of_app ON functions (app_id);

CREATE TABLE images (
    id TEXT PRIMARY KEY,
    definition BLOB NOT NULL,
    builder_version TEXT NOT NULL
) STRICT;

CREATE TABLE mounts (
    id TEXT PRIMARY KEY,
    files TEXT NOT NULL,
    checksum TEXT NOT NULL
) STRICT;

CREATE TABLE secrets (
    id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    created_s REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX secrets_by_name ON secrets (environment, name) WHERE name <> '';

CREATE TABLE volumes (
    id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_s REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX volumes_by_name ON volumes (environment, name) WHERE name <> '';

CREATE TABLE logs (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    time_s REAL NOT NULL,
    task_id TEXT NOT NULL,
    function_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    stream INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX logs_of_app ON logs (app_id, position);
"""

_DICTS_AND_QUEUES = """
CREATE TABLE dicts (
    id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    created_s REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX dicts_by_name ON dicts (environment, name) WHERE name <> '';

CREATE TABLE dict_entries (
    dict_id TEXT NOT NULL REFERENCES dicts (id) ON DELETE CASCADE,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    used_s REAL NOT NULL,
    PRIMARY KEY (dict_id, key)
) STRICT;

CREATE TABLE queues (
    id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    created_s REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX queues_by_name ON queues (environment, name) WHERE name <> '';

CREATE TABLE queue_partitions (
    queue_id TEXT NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    key BLOB NOT NULL,
    expires_s REAL NOT NULL,
    PRIMARY KEY (queue_id, key)
) STRICT;

CREATE TABLE queue_items (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id TEXT NOT NULL,
    partition BLOB NOT NULL,
    value BLOB NOT NULL,
    FOREIGN KEY (queue_id, partition) REFERENCES queue_partitions (queue_id, key) ON DELETE CASCADE
) STRICT;
CREATE INDEX queue_items_in_order ON queue_items (queue_id, partition, position);
"""

_PROXY_TOKENS = """
CREATE TABLE proxy_tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_s REAL NOT NULL,
    secret_sha256 TEXT NOT NULL
) STRICT;
"""

_EARLIER_DEPLOYMENTS = """
ALTER TABLE deployments ADD COLUMN rollback_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployments ADD COLUMN function_ids TEXT NOT NULL DEFAULT '{}';
ALTER TABLE deployments ADD COLUMN class_ids TEXT NOT NULL DEFAULT '{}';

CREATE TABLE deployed_functions (
    app_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    id TEXT NOT NULL,
    metadata BLOB NOT NULL,
    definition BLOB NOT NULL,
    PRIMARY KEY (app_id, version, id),
    FOREIGN KEY (app_id, version) REFERENCES deployments (app_id, version) ON DELETE CASCADE
) STRICT;
INSERT INTO deployed_functions
    SELECT f.app_id, a.version, f.id, f.metadata, f.definition
    FROM functions f JOIN deployments a ON a.app_id = f.app_id
    WHERE a.version = (SELECT max(version) FROM deployments WHERE app_id = f.app_id);
UPDATE deployments SET function_ids = a.function_ids, class_ids = a.class_ids
    FROM apps a WHERE a.id = app_id AND a.version = deployments.version;
DROP TABLE functions;
"""

_CALLS = """
CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    function_id TEXT NOT NULL,
    base_id TEXT NOT NULL,
    binding BLOB NOT NULL,
    invocation_type INTEGER NOT NULL,
    parent_input_id TEXT NOT NULL,
    created_s REAL NOT NULL
) STRICT;

CREATE TABLE inputs (
    id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    payload BLOB NOT NULL,
    retries_used INTEGER NOT NULL,
    output BLOB,
    place INTEGER
) STRICT;
CREATE INDEX inputs_of_call ON inputs (call_id);
"""

MIGRATIONS: tuple[str, ...] = (
    _RECORDS,
    _DICTS_AND_QUEUES,
    _PROXY_TOKENS,
    _EARLIER_DEPLOYMENTS,
    _CALLS,
)
