-- Versions and aliases beside `$LATEST`; settings per qualifier. What a function runs with is a JSON document.

CREATE TABLE functions_3 (
    account              TEXT    NOT NULL,
    region               TEXT    NOT NULL,
    name                 TEXT    NOT NULL,
    origin               TEXT    NOT NULL,
    tags                 TEXT    NOT NULL,
    reserved_concurrency INTEGER,
    -- Numbers are never given twice, so the last one is kept apart from the versions that are still there.
    last_version         INTEGER NOT NULL DEFAULT 0,
    -- What `$LATEST` was when that version was published: equal means that there is nothing to publish.
    published            TEXT,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX functions_reserved ON functions_3 (account, region, reserved_concurrency)
    WHERE reserved_concurrency IS NOT NULL;

CREATE TABLE versions (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    -- 0 is `$LATEST`.
    number      INTEGER NOT NULL,
    code_sha256 TEXT,
    code_bytes  INTEGER,
    document    TEXT    NOT NULL,
    PRIMARY KEY (account, region, name, number),
    FOREIGN KEY (account, region, name) REFERENCES functions_3 ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    name     TEXT NOT NULL,
    alias    TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, alias),
    FOREIGN KEY (account, region, name) REFERENCES functions_3 ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    account   TEXT NOT NULL,
    region    TEXT NOT NULL,
    name      TEXT NOT NULL,
    -- Empty: of the whole function.
    qualifier TEXT NOT NULL,
    kind      TEXT NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (account, region, name, kind, qualifier),
    FOREIGN KEY (account, region, name) REFERENCES functions_3 ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX settings_by_kind ON settings (kind, account, region, name, qualifier);

INSERT INTO functions_3 (account, region, name, origin, tags, reserved_concurrency)
SELECT account, region, name, origin, tags, reserved_concurrency FROM functions;

INSERT INTO versions (account, region, name, number, code_sha256, code_bytes, document)
SELECT account, region, name, 0, code_sha256, code_size_bytes, json_object(
    'is', 'Function',
    'runtime', runtime,
    'handler', handler,
    'role', role,
    'code', CASE WHEN code_folder IS NULL
        THEN json_object('is', 'ArchiveCode', 'sha256', code_sha256, 'size_bytes', code_size_bytes)
        ELSE json_object('is', 'FolderCode', 'folder', code_folder) END,
    'revision_id', revision_id,
    'last_modified', last_modified,
    'description', description,
    'memory_mb', memory_mb,
    'timeout_seconds', timeout_seconds,
    'ephemeral_storage_mb', ephemeral_storage_mb,
    'architecture', architecture,
    'variables', json(variables),
    'layers', (SELECT json_group_array(json_object('is', 'LocalLayer', 'path', value)) FROM json_each(layers)),
    'virtual_environment', virtual_environment,
    'freezes', json(CASE WHEN freezes THEN 'true' ELSE 'false' END),
    'preloads', json(CASE WHEN preloads THEN 'true' ELSE 'false' END),
    'has_cpu_share', json(CASE WHEN has_cpu_share THEN 'true' ELSE 'false' END),
    'network', network,
    'state', state,
    'build_id', revision_id
) FROM functions;

DROP TABLE functions;

ALTER TABLE functions_3 RENAME TO functions;
