-- +goose Up
-- +goose StatementBegin

-- Who had which payloads of Temporal's histories decrypted. Nothing is decrypted for anybody
-- before it stands here. A line for auditors, as refused_acts are.
CREATE TABLE decodes (
    at       timestamptz NOT NULL DEFAULT now(),
    officer  text NOT NULL REFERENCES officers (badge),
    payloads integer NOT NULL CONSTRAINT something_was_decoded CHECK (payloads > 0),
    named    text[] NOT NULL, -- the applications and consignments that stand in them
    redacted boolean NOT NULL, -- without what people wrote
    seq      bigint CONSTRAINT decode_number UNIQUE,
    mac      bytea,
    txid     bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    CONSTRAINT decode_is_chained CHECK (seq IS NOT NULL AND mac IS NOT NULL)
);
CREATE INDEX decodes_by_time ON decodes (at);
CREATE INDEX decodes_by_name ON decodes USING gin (named);
CREATE TRIGGER keep_decodes BEFORE UPDATE OR DELETE OR TRUNCATE ON decodes FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Who looked at whose record, by what: for the citizen who asks who did. A line for auditors
-- too. Other systems read the population register as well: a line of theirs has the name of the
-- client, and no officer's.
CREATE TABLE reads (
    at      timestamptz NOT NULL DEFAULT now(),
    officer text NOT NULL,
    subject text NOT NULL, -- as package statement names it
    what    text NOT NULL CONSTRAINT read_what CHECK (what IN ('card', 'person', 'register')),
    seq     bigint CONSTRAINT read_number UNIQUE,
    mac     bytea,
    txid    bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    CONSTRAINT read_is_chained CHECK (seq IS NOT NULL AND mac IS NOT NULL)
);
CREATE INDEX reads_by_subject ON reads (subject, at);
CREATE TRIGGER keep_reads BEFORE UPDATE OR DELETE OR TRUNCATE ON reads FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

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

-- But for other systems, it is an officer who reads.
CREATE FUNCTION read_by_somebody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.what <> 'register' AND NOT EXISTS (SELECT FROM officers WHERE badge = NEW.officer) THEN
        RAISE EXCEPTION 'nobody has that badge' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'reads_officer_fkey';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER read_by_somebody BEFORE INSERT ON reads FOR EACH ROW EXECUTE FUNCTION read_by_somebody();

-- What a citizen is shown of an application (registry.LookUp) where it has it, each in a function,
-- so that the look-up of one that has none of it opens none of their tables: a statement opens and
-- locks every table that stands in it.

-- Whether what became of a card's holder, or of the last card, keeps it from being handed over now.
CREATE FUNCTION is_impeded(whose text, which integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM cards WHERE application = whose AND attempt = which AND card_impediment(citizen, whose) IS NOT NULL);
END $$;

-- What is still to be paid, in VND.
CREATE FUNCTION unpaid_of(whose text, owed integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN EXISTS (SELECT FROM payments WHERE application = whose AND amount = owed AND refunded_at IS NULL) THEN 0 ELSE owed END;
END $$;

-- What a capture was found wanting in.
CREATE FUNCTION findings_of(whose text, at_stage text, in_round integer) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT f.found FROM findings f WHERE f.application = whose AND f.stage = at_stage AND f.round = in_round);
END $$;

-- Whether a card of it is reported lost, and no authority keeps it.
CREATE FUNCTION is_lost(whose text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM cards WHERE application = whose AND state = 'reported-lost' AND kept_since(citizen) IS NULL);
END $$;

-- The last decision of that step: its reason, and whether it is for the citizen's part.
CREATE FUNCTION last_decision(whose text, of_step text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('reason', reason, 'for_citizen', for_citizen) FROM decisions WHERE application = whose AND step = of_step ORDER BY round DESC LIMIT 1);
END $$;

-- Whom officers last took the applicant for.
CREATE FUNCTION last_identified(whose text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT person FROM identifications WHERE application = whose ORDER BY round DESC LIMIT 1);
END $$;

-- The wrapped key of what is sealed of it, and the last of its cards.
CREATE FUNCTION data_key_of(whose text) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT wrapped FROM vault_keys WHERE application = whose);
END $$;
CREATE FUNCTION last_attempt(whose text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT max(attempt) FROM cards WHERE application = whose);
END $$;
CREATE FUNCTION last_sealed_card(whose text) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT sealed FROM cards WHERE application = whose ORDER BY attempt DESC LIMIT 1);
END $$;

-- +goose StatementEnd
