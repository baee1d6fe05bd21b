-- +goose Up

-- Who had which payloads of Temporal's histories decrypted. Nothing is decrypted for
-- anybody before it stands here.
CREATE TABLE decodes (
    at       timestamptz NOT NULL DEFAULT now(),
    officer  text NOT NULL REFERENCES officers (badge),
    payloads int NOT NULL CONSTRAINT something_was_decoded CHECK (payloads > 0),
    named    text[] NOT NULL, -- the applications and consignments that stand in them
    redacted boolean NOT NULL -- without what people wrote
);
CREATE INDEX decodes_by_time ON decodes (at);
CREATE TRIGGER keep_decodes BEFORE UPDATE OR DELETE OR TRUNCATE ON decodes FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();
