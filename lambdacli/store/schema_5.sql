-- Event source mappings. They outlive their function, as AWS's do, so they reference none.

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

CREATE INDEX event_source_mappings_of_function ON event_source_mappings (account, region, name, uuid);
