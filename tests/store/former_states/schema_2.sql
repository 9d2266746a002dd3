-- A state folder's lam.db as schema 2 left it.
BEGIN TRANSACTION;
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
    state                TEXT    NOT NULL, freezes       INTEGER NOT NULL DEFAULT 1, preloads      INTEGER NOT NULL DEFAULT 1, has_cpu_share INTEGER NOT NULL DEFAULT 1, network       TEXT    NOT NULL DEFAULT 'host',
    PRIMARY KEY (account, region, name),
    CHECK ((code_folder IS NULL) = (code_sha256 IS NOT NULL)),
    CHECK ((code_sha256 IS NULL) = (code_size_bytes IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO "functions" VALUES('000000000000','us-east-1','full','python3.11','app.handler','arn:aws:iam::000000000000:role/r','/project/full',NULL,NULL,'lam.yaml','one','2026-01-02T03:04:05.678901+00:00','d é "quoted"',256,9,1024,'arm64','{"B": "2", "A": "1"}','{"k": "v"}','["/one", "/two"]',0,'/venv','Failed',0,0,0,'isolated');
INSERT INTO "functions" VALUES('000000000000','us-east-1','uploaded','python3.11','app.handler','arn:aws:iam::000000000000:role/r',NULL,'SHA',12,'api','one','2026-01-02T03:04:05.678901+00:00','',128,3,512,'x86_64',NULL,'{}','[]',NULL,NULL,'Active',1,1,1,'host');
COMMIT;
PRAGMA user_version = 2;
