-- +goose Up

-- By which officers read, for a short while after they logged in by a signed statement.
CREATE TABLE sessions (
    token    bytea PRIMARY KEY, -- SHA-256 of what the officer holds
    officer  text NOT NULL,
    key      bytea NOT NULL REFERENCES credentials (key), -- a session ends with its key
    act      text NOT NULL,
    until    timestamptz NOT NULL,
    ended_at timestamptz,
    FOREIGN KEY (act, officer) REFERENCES acts (id, officer)
);
CREATE INDEX sessions_by_end ON sessions (until);
