-- +goose Up
-- What is kept for auditors alone, and follows from no act: which statements were refused, who
-- decoded what, and who looked whose card up. Each line has a number, and a code that only
-- programs with the vault's key can compute, over itself and the code of the line before; the
-- first is over all lines of before. So nobody adds, changes or takes away one unseen.
ALTER TABLE refused_acts ADD COLUMN seq bigint CONSTRAINT refused_act_number UNIQUE, ADD COLUMN mac bytea, ADD COLUMN txid bigint NOT NULL DEFAULT 0;
ALTER TABLE decodes ADD COLUMN seq bigint CONSTRAINT decode_number UNIQUE, ADD COLUMN mac bytea, ADD COLUMN txid bigint NOT NULL DEFAULT 0;
ALTER TABLE reads ADD COLUMN seq bigint CONSTRAINT read_number UNIQUE, ADD COLUMN mac bytea, ADD COLUMN txid bigint NOT NULL DEFAULT 0;
ALTER TABLE refused_acts ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint,
    ADD CONSTRAINT refused_act_is_chained CHECK (seq IS NOT NULL AND mac IS NOT NULL) NOT VALID;
ALTER TABLE decodes ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint,
    ADD CONSTRAINT decode_is_chained CHECK (seq IS NOT NULL AND mac IS NOT NULL) NOT VALID;
ALTER TABLE reads ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint,
    ADD CONSTRAINT read_is_chained CHECK (seq IS NOT NULL AND mac IS NOT NULL) NOT VALID;

-- +goose Down
ALTER TABLE refused_acts DROP COLUMN seq, DROP COLUMN mac, DROP COLUMN txid;
ALTER TABLE decodes DROP COLUMN seq, DROP COLUMN mac, DROP COLUMN txid;
ALTER TABLE reads DROP COLUMN seq, DROP COLUMN mac, DROP COLUMN txid;
