-- +goose Up

-- What became of a card by no officer's act: its holder said that it is lost, or another
-- register what became of the holder. A line for each, in a chain of codes as lines for
-- auditors have, since nobody signs it.
CREATE TABLE card_reports (
    at      timestamptz NOT NULL DEFAULT now(),
    card    bigint NOT NULL,
    became  text NOT NULL,
    by_whom text NOT NULL,
    reason  text NOT NULL,
    seq     bigint NOT NULL CONSTRAINT card_report_number UNIQUE,
    mac     bytea NOT NULL,
    txid    bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE TRIGGER keep_card_reports BEFORE UPDATE OR DELETE OR TRUNCATE ON card_reports FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- The transaction in which a card became something, which is that of the act or of the line
-- behind it; null: of before that was kept.
ALTER TABLE card_life ADD COLUMN txid bigint;
ALTER TABLE card_life ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint;
