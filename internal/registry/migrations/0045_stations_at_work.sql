-- +goose Up

-- The personalization stations, as they report themselves, and as people pause them.
CREATE TABLE stations_at_work (
    id         text PRIMARY KEY,
    seen_at    timestamptz NOT NULL DEFAULT now(),    -- when it was last heard of
    slots      integer NOT NULL DEFAULT 0,
    paused_at  timestamptz,                           -- it takes no card since then; null: it works
    paused_by  text NOT NULL DEFAULT '',              -- an officer, or the station itself
    paused_why text NOT NULL DEFAULT '',
    CONSTRAINT pause_has_author_and_reason CHECK ((paused_at IS NULL) = (paused_by = '') AND (paused_at IS NULL) = (paused_why = ''))
);

-- Who paused and resumed them, for good.
CREATE TABLE station_acts (
    station text NOT NULL REFERENCES stations_at_work (id),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor   text NOT NULL CONSTRAINT station_act_actor CHECK (actor <> ''),
    act     text NOT NULL CONSTRAINT station_act CHECK (act IN ('pause', 'resume')),
    reason  text NOT NULL
);
CREATE INDEX station_acts_by_station ON station_acts (station, at);
CREATE TRIGGER keep_station_acts BEFORE UPDATE OR DELETE OR TRUNCATE ON station_acts FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- What went wrong last at the station that makes the card; empty while all goes well.
ALTER TABLE applications
    ADD COLUMN trouble       text NOT NULL DEFAULT '',
    ADD COLUMN trouble_since timestamptz;
CREATE INDEX applications_in_trouble ON applications (trouble_since) WHERE trouble <> '';

-- Cards in the slots of a station, for the station that asks when it starts.
CREATE INDEX cards_at_station ON cards (station) WHERE state IN ('begun', 'personalized', 'printed');

-- A blank that nothing was written to is given back to stock. One that was given back
-- often is taken last: it may be the blank that is at fault.
ALTER TABLE blanks ADD COLUMN given_back integer NOT NULL DEFAULT 0;
DROP INDEX blanks_in_stock;
CREATE INDEX blanks_in_stock ON blanks (location, given_back, serial) WHERE account = 'stock';

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION move_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.account <> 'stock' THEN
            RAISE EXCEPTION 'a blank enters stock' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.account = 'production' AND NEW.account = 'stock' THEN
        -- Its card has lost it in the same statement, or never was more than begun.
        IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR NEW.given_back <> OLD.given_back + 1
            OR EXISTS (SELECT FROM cards WHERE blank = OLD.serial AND state NOT IN ('begun', 'prepared')) THEN
            RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR (OLD.application IS NOT NULL AND (NEW.application, NEW.attempt) IS DISTINCT FROM (OLD.application, OLD.attempt)) THEN
        RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
    END IF;
    IF NEW.account <> OLD.account AND (OLD.account, NEW.account) NOT IN (('stock', 'production'), ('production', 'spoiled'), ('production', 'issued'), ('production', 'destroyed'), ('spoiled', 'destroyed'), ('issued', 'destroyed')) THEN
        RAISE EXCEPTION 'a blank cannot go there' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION note_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO blank_movements (serial, debited, credited, application, attempt)
        VALUES (NEW.serial, CASE TG_OP WHEN 'INSERT' THEN 'received' ELSE OLD.account END, NEW.account,
            coalesce(NEW.application, CASE TG_OP WHEN 'UPDATE' THEN OLD.application END),
            coalesce(NEW.attempt, CASE TG_OP WHEN 'UPDATE' THEN OLD.attempt END));
    RETURN NULL;
END $$;
-- +goose StatementEnd
