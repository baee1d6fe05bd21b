-- +goose Up

-- Which document signer signed the chip of a card, by the serial number of its certificate in
-- hexadecimal digits; empty: unknown, of a card that was inspected before it was noted. And
-- which signers were revoked: what chips that they signed say is not to be believed.
ALTER TABLE cards ADD COLUMN signer text NOT NULL DEFAULT '' CONSTRAINT card_signer CHECK (signer ~ '^([1-9a-f][0-9a-f]*)?$');
CREATE INDEX cards_by_signer ON cards (signer) WHERE signer <> '' AND status_place IS NOT NULL;
CREATE TABLE revoked_signers (
    serial text PRIMARY KEY CONSTRAINT revoked_signer CHECK (serial ~ '^[1-9a-f][0-9a-f]*$'),
    act    text NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER keep_revoked_signers BEFORE UPDATE OR DELETE OR TRUNCATE ON revoked_signers FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();
