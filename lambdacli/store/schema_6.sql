-- Code signing configs. Which function has which is a setting of the function.

CREATE TABLE code_signing_configs (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    id       TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;
