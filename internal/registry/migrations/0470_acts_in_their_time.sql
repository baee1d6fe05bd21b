-- +goose Up

-- Until when an act may have been kept long after its statement had run out: until this schema.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION acts_were_kept_late_until() RETURNS timestamptz LANGUAGE sql IMMUTABLE AS %L', format('SELECT %L::timestamptz', now()));
END $$;

-- An act is kept while its statement is valid, or within a day after: the engine may have taken it in
-- just before, and found the database away. So a statement that was refused, or had run out, is
-- no act later, whoever puts it here. And its row says what the statement says.
CREATE OR REPLACE FUNCTION may_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said    jsonb := convert_from(NEW.statement, 'UTF8');
    until   timestamptz := (said ->> 'until')::timestamptz;
    ahead   interval := CASE NEW.act WHEN 'enroll' THEN interval '31 days' ELSE interval '1 hour' END;
    refused text := refused_act(NEW.act, NEW.subject, NEW.officer, NEW.key);
BEGIN
    -- Who says two things under one identifier at one moment takes turns. Said again, it may be
    -- signed anew, and be taken in for longer.
    PERFORM pg_advisory_xact_lock(hashtextextended('act ' || NEW.id, 0));
    IF refused IS NULL AND EXISTS (SELECT FROM acts WHERE id = NEW.id
        AND convert_from(statement, 'UTF8')::jsonb - 'until' <> said - 'until') THEN
        refused := 'act_said_otherwise';
    END IF;
    IF refused IS NULL AND (said ->> 'id', said ->> 'act', said ->> 'subject') IS DISTINCT FROM (NEW.id, NEW.act, NEW.subject) THEN
        refused := 'act_as_signed';
    END IF;
    -- What is kept already is left as it is, however late it comes again.
    IF refused IS NULL AND NOT EXISTS (SELECT FROM acts WHERE id = NEW.id AND officer = NEW.officer) THEN
        refused := CASE WHEN (now() <= until + interval '1 day') IS NOT TRUE THEN 'act_in_its_time'
            WHEN now() < until - ahead - interval '1 minute' THEN 'act_not_so_far_ahead' END;
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION 'act refused' USING ERRCODE = 'check_violation', CONSTRAINT = refused;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
