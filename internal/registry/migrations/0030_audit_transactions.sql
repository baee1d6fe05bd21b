-- +goose Up

-- The transaction that wrote an entry, so that the heads of chains that changed since
-- the last anchoring (internal/transparency) are found without reading the others, and
-- without trusting a clock: whatever was in progress then has this number or a later one.
-- Entries of before have 0; the first anchoring takes every chain. The index is a
-- summary of blocks: entries are added in the order of their transactions, nearly.
ALTER TABLE audit ADD COLUMN txid bigint NOT NULL DEFAULT 0;
ALTER TABLE audit ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX audit_by_transaction ON audit USING brin (txid) WITH (pages_per_range = 32, autosummarize = on);
