-- +goose Up

-- What the citizens' page says: until when the application waits for its citizen, and
-- where and when the place is open that it sends them to.
ALTER TABLE applications ADD COLUMN awaiting_until timestamptz; -- null: without end
ALTER TABLE stations
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN hours   text NOT NULL DEFAULT '';

-- Look-ups that found nothing: by a client, of a receipt, and by a client of a receipt.
-- Both are codes under the office's master key, so that the table says neither who asked
-- nor for what; an unknown receipt is counted as a known one is.
CREATE TABLE look_up_misses (
    client  bytea NOT NULL, -- empty: whoever asked
    receipt bytea NOT NULL, -- empty: whichever was asked for
    misses  integer NOT NULL,
    until   timestamptz NOT NULL, -- when they are forgotten
    PRIMARY KEY (client, receipt)
);
CREATE INDEX look_up_misses_by_end ON look_up_misses (until);
