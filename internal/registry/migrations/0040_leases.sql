-- +goose Up

-- Who does what only one process should do at a time. A lease that was not renewed may
-- be taken by another: nothing has to be given back, and no session is bound to it.
CREATE TABLE leases (
    name   text PRIMARY KEY,
    holder text NOT NULL,
    until  timestamptz NOT NULL
);
