-- +goose Up

-- The transaction that kept an act, or a credential, so that what is new since the last
-- anchoring (internal/transparency) is found as it is in the trail.
ALTER TABLE acts ADD COLUMN txid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX acts_by_transaction ON acts USING brin (txid) WITH (pages_per_range = 32, autosummarize = on);
ALTER TABLE credentials ADD COLUMN txid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
