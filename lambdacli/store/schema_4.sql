-- Published layers. Functions keep what they use of them by themselves.

CREATE TABLE layers (
    account      TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    -- Numbers are never given twice, not even when all versions are gone.
    last_version INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

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
