-- +goose Up

-- An identifier is one statement's, whoever signs it: who uses another officer's for his own
-- would make both look forged.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION may_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused text := refused_act(NEW.act, NEW.subject, NEW.officer, NEW.key);
BEGIN
    -- Who says two things under one identifier at one moment takes turns. Said again, it may be
    -- signed anew, and be taken in for longer.
    PERFORM pg_advisory_xact_lock(hashtextextended('act ' || NEW.id, 0));
    IF refused IS NULL AND EXISTS (SELECT FROM acts WHERE id = NEW.id
        AND convert_from(statement, 'UTF8')::jsonb - 'until' <> convert_from(NEW.statement, 'UTF8')::jsonb - 'until') THEN
        refused := 'act_said_otherwise';
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION 'act refused' USING ERRCODE = 'check_violation', CONSTRAINT = refused;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- That a program of the office took an act in, after it had looked that the statement was not
-- too old: a code that only programs with the vault's key can compute. Who has the database's
-- password alone, and a statement that was never taken in, cannot add it.
ALTER TABLE acts ADD COLUMN mac bytea;
ALTER TABLE acts ADD CONSTRAINT act_has_code CHECK (mac IS NOT NULL) NOT VALID;

-- A key has one spelling, as RFC 8410 and RFC 5480 give it: else one key would be two officers'.
ALTER TABLE credentials ADD CONSTRAINT credential_key CHECK (
    length(key) = 44 AND substr(key, 1, 12) = '\x302a300506032b6570032100'
    OR length(key) = 91 AND substr(key, 1, 27) = '\x3059301306072a8648ce3d020106082a8648ce3d03010703420004') NOT VALID;
