-- The last real events of each function. They outlive it: who made it again may want to send them again.

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

CREATE INDEX captured_events_of_function ON captured_events (account, region, name, place);
CREATE INDEX captured_events_by_id ON captured_events (request_id);
