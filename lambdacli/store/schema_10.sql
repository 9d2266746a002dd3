-- How far each shard of a stream was read for a mapping. It goes with its mapping.

CREATE TABLE checkpoints (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    uuid     TEXT NOT NULL,
    shard    TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, uuid, shard)
) STRICT, WITHOUT ROWID;
