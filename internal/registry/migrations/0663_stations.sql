-- +goose Up
-- +goose StatementBegin

-- Stations that send packets, and stations that make cards.
CREATE TABLE stations (
    id         text PRIMARY KEY CONSTRAINT station_is_no_actor CHECK (id !~ '^(system|holder)?$'),
    kind       text NOT NULL CONSTRAINT station_kind CHECK (kind IN ('enrollment', 'personalization')),
    province   text NOT NULL DEFAULT '',
    name       text NOT NULL DEFAULT '',
    address    text NOT NULL DEFAULT '', -- where and when citizens find it open, whom the status page sends there
    hours      text NOT NULL DEFAULT '',
    public_key bytea, -- Ed25519, 32 bytes; of enrollment stations
    revoked    boolean NOT NULL DEFAULT false
);

-- The personalization stations, as they report themselves, and as people pause them. One that is
-- gone for good is out of service since then, and its blanks are elsewhere, or were lost with it;
-- when it is heard of afterwards it is back, and paused.
CREATE TABLE stations_at_work (
    id         text PRIMARY KEY CONSTRAINT station_is_no_actor CHECK (id !~ '^(system|holder)?$' AND is_plain(id)),
    slots      integer NOT NULL DEFAULT 0,
    seen_at    timestamptz NOT NULL DEFAULT now(), -- when it was last heard of
    back_at    timestamptz NOT NULL DEFAULT now(), -- when it was last heard of again, or resumed: what waited for it goes on
    paused_at  timestamptz, -- it takes no card since then; null: it works
    paused_by  text NOT NULL DEFAULT '', -- an officer, or the station itself
    paused_why text NOT NULL DEFAULT '',
    removed_at timestamptz, -- it is gone for good; null: it is not
    CONSTRAINT pause_has_author_and_reason CHECK ((paused_at IS NULL) = (paused_by = '') AND (paused_at IS NULL) = (paused_why = '')),
    CONSTRAINT station_name CHECK (id ~ '^[A-Z0-9-]{1,64}$')
);

-- Who paused, resumed and removed them, for good.
CREATE TABLE station_acts (
    station text NOT NULL REFERENCES stations_at_work (id),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor   text NOT NULL CONSTRAINT station_act_actor CHECK (actor <> ''),
    act     text NOT NULL CONSTRAINT station_act CHECK (act IN ('pause', 'resume', 'remove')),
    reason  text NOT NULL,
    CONSTRAINT station_act_is_plain CHECK (is_plain(actor) AND is_plain(reason))
);
CREATE INDEX station_acts_by_station ON station_acts (station, at);
CREATE TRIGGER keep_station_acts BEFORE UPDATE OR DELETE OR TRUNCATE ON station_acts FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Who is who in the trail: nobody's badge is the name of a station.
CREATE FUNCTION name_is_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (CASE TG_TABLE_NAME WHEN 'officers' THEN EXISTS (SELECT FROM stations WHERE id = to_jsonb(NEW) ->> 'badge') OR EXISTS (SELECT FROM stations_at_work WHERE id = to_jsonb(NEW) ->> 'badge')
        ELSE EXISTS (SELECT FROM officers WHERE badge = to_jsonb(NEW) ->> 'id') END) THEN
        RAISE EXCEPTION 'the name is taken' USING ERRCODE = 'check_violation', CONSTRAINT = 'badge_is_no_station';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER name_is_free BEFORE INSERT ON officers FOR EACH ROW EXECUTE FUNCTION name_is_free();
CREATE TRIGGER name_is_free BEFORE INSERT ON stations FOR EACH ROW EXECUTE FUNCTION name_is_free();
CREATE TRIGGER name_is_free BEFORE INSERT ON stations_at_work FOR EACH ROW EXECUTE FUNCTION name_is_free();

-- A station's row changes by what administrators sign, whatever kind it is said to be of.
CREATE FUNCTION sign_station() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT signed_now(ARRAY['register-station', 'revoke-station'], 'station/' || NEW.id) THEN
        PERFORM refuse_unsigned('station_is_signed_for');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sign_station AFTER INSERT OR UPDATE ON stations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_station();

-- A station pauses itself, and an officer does; it works again by an officer alone.
CREATE FUNCTION sign_station_at_work() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about text := 'station/' || NEW.id;
BEGIN
    IF NOT (CASE
        WHEN NEW.removed_at IS NOT NULL AND NEW.removed_at IS DISTINCT FROM OLD.removed_at THEN signed_now(ARRAY['remove-station'], about)
        WHEN NEW.paused_at IS NULL OR NEW.removed_at IS DISTINCT FROM OLD.removed_at THEN signed_now(ARRAY['resume-station'], about)
        WHEN NEW.paused_by = NEW.id THEN OLD.paused_at IS NULL
        ELSE signed_now(ARRAY['pause-station'], about) END) THEN
        PERFORM refuse_unsigned('station_is_signed_for');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sign_station_at_work AFTER UPDATE OF paused_at, paused_by, paused_why, removed_at ON stations_at_work DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((NEW.paused_at, NEW.paused_by, NEW.paused_why, NEW.removed_at) IS DISTINCT FROM (OLD.paused_at, OLD.paused_by, OLD.paused_why, OLD.removed_at))
    EXECUTE FUNCTION sign_station_at_work();

-- +goose StatementEnd
