-- Counters of functions. They outlive their function, as CloudWatch's do, so they reference none.

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

CREATE INDEX metrics_by_minute ON metrics (minute);
