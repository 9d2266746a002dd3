-- A state folder's lam.db as schema 9 left it.
BEGIN TRANSACTION;
CREATE TABLE aliases (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    name     TEXT NOT NULL,
    alias    TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, alias),
    FOREIGN KEY (account, region, name) REFERENCES "functions" ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO "aliases" VALUES('000000000000','us-east-1','uploaded','live','{"is":"Alias","version":"1","description":"","weights":{},"revision_id":"a"}');
CREATE TABLE captured_events (
    place      INTEGER PRIMARY KEY,
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    name       TEXT NOT NULL,
    request_id TEXT NOT NULL,
    document   TEXT NOT NULL,
    payload    BLOB NOT NULL,
    UNIQUE (account, region, name, request_id)
) STRICT;
CREATE TABLE code_signing_configs (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    id       TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_attempts (
    number   INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (number, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_lanes (
    lane      INTEGER PRIMARY KEY,
    account   TEXT NOT NULL,
    region    TEXT NOT NULL,
    name      TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    UNIQUE (account, region, name, qualifier)
) STRICT;
CREATE TABLE event_source_mappings (
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    uuid       TEXT NOT NULL,
    -- The function's name, and the qualifier as it was written; empty: none.
    name       TEXT NOT NULL,
    qualifier  TEXT NOT NULL,
    -- Empty: self-managed servers, which have no ARN.
    source_arn TEXT NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (account, region, uuid)
) STRICT, WITHOUT ROWID;
INSERT INTO "event_source_mappings" VALUES('000000000000','us-east-1','00000000-0000-4000-8000-000000000001','f','live','','{"is":"EventSourceMapping","source":{"is":"Source","kind":"self-managed Kafka","arn":null,"servers":["a:1","b:2"],"topic":"topic","queue":"queue"},"last_modified":"2026-01-02T03:04:05.678000+00:00","is_enabled":false,"last_result":"OK","tags":{"k":"v"},"batch_size":7,"window_seconds":3,"starting_position":"AT_TIMESTAMP","starting_timestamp":"2026-01-02T03:04:05.678000+00:00","parallelization":2,"max_record_age_seconds":60,"max_retries":0,"bisects_on_error":true,"tumbling_window_seconds":9,"response_types":["ReportBatchItemFailures"],"failure_destination":"kafka://failed","filters":["{\"a\": [\"é\"]}"],"max_concurrency":5,"pollers":{"is":"Pollers","minimum":1,"maximum":2,"group":"g"},"metrics":["EventCount"],"log_level":"WARN","access":[{"is":"AccessConfiguration","type":"BASIC_AUTH","uri":"arn:secret"}],"consumer":{"is":"KafkaConsumer","group_id":"group","schema_registry":{"is":"SchemaRegistry","uri":"uri","record_format":"JSON","access":[{"is":"AccessConfiguration","type":"BASIC_AUTH","uri":"arn:secret"}],"validated":["KEY"]},"mode":"Stream"},"documents":{"is":"DocumentSelection","database":"d","collection":"c","full_document":"Default"},"kms_key_arn":"arn:key"}');
CREATE TABLE events (
    number      INTEGER PRIMARY KEY,
    lane        INTEGER NOT NULL REFERENCES event_lanes,
    state       TEXT NOT NULL,
    due_at      REAL NOT NULL,
    request_id  TEXT NOT NULL,
    trace_id    TEXT,
    accepted_at REAL NOT NULL,
    attempts    INTEGER NOT NULL,
    refusals    INTEGER NOT NULL,
    ending      TEXT,
    payload     BLOB NOT NULL,
    answer      BLOB
) STRICT;
CREATE TABLE events_history (
    place          INTEGER PRIMARY KEY,
    number         INTEGER NOT NULL,
    lane           INTEGER NOT NULL REFERENCES event_lanes,
    finished_at    REAL NOT NULL,
    bytes_so_far   INTEGER NOT NULL,
    request_id     TEXT NOT NULL,
    trace_id       TEXT,
    accepted_at    REAL NOT NULL,
    attempts       INTEGER NOT NULL,
    refusals       INTEGER NOT NULL,
    delivery_error TEXT,
    ending         TEXT NOT NULL,
    payload        BLOB NOT NULL,
    answer         BLOB
) STRICT;
CREATE TABLE "functions" (
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
INSERT INTO "functions" VALUES('000000000000','us-east-1','full','lam.yaml','{"k": "v"}',0,0,NULL);
INSERT INTO "functions" VALUES('000000000000','us-east-1','uploaded','api','{}',NULL,4,'df158daa317e15499be98e66b12e2b33b7839112e581c260420b4d32cecc3c87');
CREATE TABLE layer_versions (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    code_sha256 TEXT    NOT NULL,
    code_bytes  INTEGER NOT NULL,
    document    TEXT    NOT NULL,
    PRIMARY KEY (account, region, name, number),
    FOREIGN KEY (account, region, name) REFERENCES layers
) STRICT, WITHOUT ROWID;
CREATE TABLE layers (
    account      TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    -- Numbers are never given twice, not even when all versions are gone.
    last_version INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE metrics (
    account TEXT    NOT NULL,
    region  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    -- Minutes since 1970.
    minute  INTEGER NOT NULL,
    version TEXT    NOT NULL,
    metric  TEXT    NOT NULL,
    total   REAL    NOT NULL,
    count   INTEGER NOT NULL,
    least   REAL    NOT NULL,
    most    REAL    NOT NULL,
    PRIMARY KEY (account, region, name, minute, version, metric)
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
    FOREIGN KEY (account, region, name) REFERENCES "functions" ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
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
    FOREIGN KEY (account, region, name) REFERENCES "functions" ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO "versions" VALUES('000000000000','us-east-1','full',0,NULL,NULL,'{"is":"Function","runtime":"python3.11","handler":"app.handler","role":"arn:aws:iam::000000000000:role/r","code":{"is":"FolderCode","folder":"/project/full"},"revision_id":"one","last_modified":"2026-01-02T03:04:05.678901+00:00","description":"d é \"quoted\"","memory_mb":256,"timeout_seconds":9,"ephemeral_storage_mb":1024,"architecture":"arm64","variables":{"B":"2","A":"1"},"layers":[{"is":"LocalLayer","path":"/one"},{"is":"LocalLayer","path":"/two"}],"virtual_environment":"/venv","freezes":false,"preloads":false,"has_cpu_share":false,"network":"isolated","state":"Failed","build_id":"one"}');
INSERT INTO "versions" VALUES('000000000000','us-east-1','uploaded',0,'SHA',12,'{"is":"Function","runtime":"python3.11","handler":"app.handler","role":"arn:aws:iam::000000000000:role/r","code":{"is":"ArchiveCode","sha256":"SHA","size_bytes":12},"revision_id":"one","last_modified":"2026-01-02T03:04:05.678901+00:00","description":"","memory_mb":128,"timeout_seconds":3,"ephemeral_storage_mb":512,"architecture":"x86_64","variables":null,"layers":[],"virtual_environment":null,"freezes":true,"preloads":true,"has_cpu_share":true,"network":"host","dead_letter_target":null,"tracing":"PassThrough","kms_key_arn":null,"vpc":null,"file_systems":[],"snap_start":"None","logging":{"is":"Logging","format":"Text","application_level":null,"system_level":null,"group":null},"state":"Active","build_id":"one"}');
INSERT INTO "versions" VALUES('000000000000','us-east-1','uploaded',1,'SHA',12,'{"is":"Function","runtime":"python3.11","handler":"app.handler","role":"arn:aws:iam::000000000000:role/r","code":{"is":"ArchiveCode","sha256":"SHA","size_bytes":12},"revision_id":"v1","last_modified":"2026-01-02T03:04:05.678901+00:00","description":"first","memory_mb":128,"timeout_seconds":3,"ephemeral_storage_mb":512,"architecture":"x86_64","variables":null,"layers":[],"virtual_environment":null,"freezes":true,"preloads":true,"has_cpu_share":true,"network":"host","dead_letter_target":null,"tracing":"PassThrough","kms_key_arn":null,"vpc":null,"file_systems":[],"snap_start":"None","logging":{"is":"Logging","format":"Text","application_level":null,"system_level":null,"group":null},"state":"Active","build_id":"one"}');
CREATE INDEX functions_reserved ON "functions" (account, region, reserved_concurrency)
    WHERE reserved_concurrency IS NOT NULL;
CREATE INDEX settings_by_kind ON settings (kind, account, region, name, qualifier);
CREATE INDEX event_source_mappings_of_function ON event_source_mappings (account, region, name, uuid);
CREATE INDEX events_due ON events (lane, state, due_at);
CREATE INDEX events_history_numbers ON events_history (number);
CREATE INDEX metrics_by_minute ON metrics (minute);
CREATE INDEX captured_events_of_function ON captured_events (account, region, name, place);
CREATE INDEX captured_events_by_id ON captured_events (request_id);
COMMIT;
PRAGMA user_version = 9;
