-- State of one project. Times are ISO 8601 in UTC; maps and lists are JSON texts.

CREATE TABLE functions (
    account              TEXT    NOT NULL,
    region               TEXT    NOT NULL,
    name                 TEXT    NOT NULL,
    runtime              TEXT    NOT NULL,
    handler              TEXT    NOT NULL,
    role                 TEXT    NOT NULL,
    -- Exactly one of the two kinds of code: the developer's folder, or an uploaded archive.
    code_folder          TEXT,
    code_sha256          TEXT,
    code_size_bytes      INTEGER,
    origin               TEXT    NOT NULL,
    revision_id          TEXT    NOT NULL,
    last_modified        TEXT    NOT NULL,
    description          TEXT    NOT NULL,
    memory_mb            INTEGER NOT NULL,
    timeout_seconds      INTEGER NOT NULL,
    ephemeral_storage_mb INTEGER NOT NULL,
    architecture         TEXT    NOT NULL,
    variables            TEXT,
    tags                 TEXT    NOT NULL,
    layers               TEXT    NOT NULL,
    reserved_concurrency INTEGER,
    virtual_environment  TEXT,
    state                TEXT    NOT NULL,
    PRIMARY KEY (account, region, name),
    CHECK ((code_folder IS NULL) = (code_sha256 IS NOT NULL)),
    CHECK ((code_sha256 IS NULL) = (code_size_bytes IS NULL))
) STRICT, WITHOUT ROWID;
