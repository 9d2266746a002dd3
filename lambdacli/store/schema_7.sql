-- The queue of asynchronous events: what waits, what is at its end, and each try.

-- A function under one qualifier ('' is none): small numbers keep the index of a long backlog small.
CREATE TABLE event_lanes (
    lane      INTEGER PRIMARY KEY,
    account   TEXT NOT NULL,
    region    TEXT NOT NULL,
    name      TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    UNIQUE (account, region, name, qualifier)
) STRICT;

-- states: queued claim→running · running retry→queued (due later) · running reclaim→queued
--         running finish→delivering · delivering retry→delivering (due later)
--         delivering sent→(events_history) · queued or delivering drop→(events_history)
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

-- Begins with the function: how long the others' backlog is does not matter.
CREATE INDEX events_due ON events (lane, state, due_at);

-- In the order of their ends. `bytes_so_far` grows from row to row: the difference of two is what lies between.
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

-- For the start, which goes on counting behind the highest.
CREATE INDEX events_history_numbers ON events_history (number);

CREATE TABLE event_attempts (
    number   INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (number, ordinal)
) STRICT, WITHOUT ROWID;
