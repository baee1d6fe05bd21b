-- +goose Up
-- +goose StatementBegin

-- The audit trail: a chain of hashes for each application. Nothing is changed or taken away,
-- and each entry holds the hash of the one before. By the transaction that wrote an entry the heads
-- of chains that changed since the last anchoring (internal/transparency) are found without reading
-- the others, and without trusting a clock: whatever was in progress then has this number or a
-- later one. So it is of acts and of what is kept for auditors.
CREATE TABLE audit (
    application text NOT NULL REFERENCES applications (number),
    seq         integer NOT NULL,
    at          timestamptz NOT NULL,
    actor       text NOT NULL, -- an officer's badge, a station, or system
    event       text NOT NULL,
    reason      text NOT NULL,
    prev        bytea NOT NULL,
    hash        bytea NOT NULL,
    txid        bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint, -- which wrote it: by this internal/transparency finds what is new
    PRIMARY KEY (application, seq),
    CONSTRAINT audit_is_plain CHECK (is_plain(actor) AND is_plain(event) AND is_plain(reason) AND actor <> '' AND event <> '')
);
-- A summary of blocks: entries are added in the order of their transactions, nearly.
CREATE INDEX audit_by_transaction ON audit USING brin (txid) WITH (pages_per_range = 32, autosummarize = on);
-- Whose chip is whose the station that wrote it says in the trail; a maker's manifest, if there
-- was one, says it of the blank.
CREATE INDEX audit_chips ON audit (lower(substr(reason, 6))) WHERE event LIKE 'personalized card %' AND reason LIKE 'chip %';
-- The citizens' page reads when an application came to each stage in an index alone.
CREATE INDEX audit_stages ON audit (application, event, at) WHERE event LIKE 'entered %';

-- A field as it is hashed: with its length in bytes in front. It is no more stable than what it
-- calls: else PostgreSQL would not put it in place of its call, and run it as a query of its own for
-- each field.
CREATE FUNCTION audit_field(t text) RETURNS text LANGUAGE sql STABLE STRICT AS
    $$ SELECT octet_length(convert_to(t, 'UTF8'))::text || ':' || t || ',' $$;

-- The number, time and hashes of an entry are the database's.
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    -- Writers of one chain take turns; the lock is held to the end of the transaction.
    PERFORM FROM applications WHERE number = NEW.application FOR NO KEY UPDATE;
    SELECT a.seq, a.hash INTO last FROM audit a WHERE a.application = NEW.application ORDER BY a.seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.prev := coalesce(last.hash, '\x'::bytea);
    NEW.at := date_trunc('microseconds', clock_timestamp());
    NEW.hash := sha256(NEW.prev || convert_to(
        audit_field(NEW.application) || audit_field(NEW.seq::text) || audit_field((extract(epoch FROM NEW.at) * 1000000)::bigint::text) ||
        audit_field(NEW.actor) || audit_field(NEW.event) || audit_field(NEW.reason), 'UTF8'));
    RETURN NEW;
END $$;
CREATE TRIGGER chain_audit BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION chain_audit();

-- An entry stays as it is.
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_is_final';
END $$;
CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER keep_audit_whole BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();

-- +goose StatementEnd
