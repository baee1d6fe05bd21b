-- +goose Up

-- How often an authenticator had signed when it signed last, and what it signed then. One
-- that counts never counts backwards, unless there are two of it; many do not count, and
-- say 0.
ALTER TABLE credentials
    ADD COLUMN counter bigint NOT NULL DEFAULT 0,
    ADD COLUMN counted bytea; -- the last signature; null before the first
