-- +goose Up
-- +goose StatementBegin

-- Who is told what, as the settings have it.
CREATE TABLE receivers (
    name   text PRIMARY KEY,
    kinds  text[] NOT NULL,
    way    text NOT NULL CONSTRAINT receiver_way CHECK (way IN ('', 'sms', 'email', 'vneid')), -- empty: everybody's; else of those who agreed to it
    active boolean NOT NULL DEFAULT true
);

-- What happened, each once, in the order of its application; and to whom it is told. Both are
-- written in the transaction of the fact, by triggers: what was undone is told to nobody, and
-- what was done is.
CREATE TABLE events (
    application text NOT NULL REFERENCES applications (number),
    n           integer NOT NULL,
    kind        text NOT NULL CONSTRAINT event_kind CHECK (kind IN ('received', 'recapture', 'ready', 'reminder', 'rejected', 'expired', 'card-lost', 'card-valid')),
    round       integer NOT NULL, -- of capture, or the card's; of a loss, how many there were
    at          timestamptz NOT NULL DEFAULT now(),
    until       timestamptz, -- until when the citizen is waited for
    PRIMARY KEY (application, n),
    CONSTRAINT told_once UNIQUE (application, kind, round)
);

-- To whom an event is told, and whether it was.
CREATE TABLE deliveries (
    receiver    text NOT NULL REFERENCES receivers (name),
    application text NOT NULL,
    n           integer NOT NULL,
    state       text NOT NULL DEFAULT 'waiting' CONSTRAINT delivery_state CHECK (state IN ('waiting', 'delivered', 'dead', 'void')),
    since       timestamptz NOT NULL DEFAULT now(), -- when it was due first, or again
    next_at     timestamptz NOT NULL DEFAULT now(), -- not before then; while it is tried, the time after which it is tried again
    tries       integer NOT NULL DEFAULT 0,
    why         text NOT NULL DEFAULT '', -- the last try failed, or there is nothing to tell any more
    done_at     timestamptz,
    replayed    text, -- the act by which it is sent again
    PRIMARY KEY (receiver, application, n),
    FOREIGN KEY (application, n) REFERENCES events (application, n)
);
CREATE INDEX deliveries_waiting ON deliveries (receiver, next_at, n) WHERE state = 'waiting';
CREATE INDEX deliveries_waiting_since ON deliveries (receiver, since) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries (receiver, since) WHERE state = 'dead';

-- Keeps that it happened, unless it was told before, and to whom it is told. Whether it was kept.
CREATE FUNCTION tell(whose text, what text, times integer, ends timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    place integer;
BEGIN
    IF NOT EXISTS (SELECT FROM receivers WHERE active) THEN
        RETURN false;
    END IF;
    INSERT INTO events (application, n, kind, round, until)
        SELECT whose, coalesce(max(e.n), 0) + 1, what, times, ends FROM events e WHERE e.application = whose
        ON CONFLICT ON CONSTRAINT told_once DO NOTHING RETURNING n INTO place;
    INSERT INTO deliveries (receiver, application, n)
        SELECT r.name, whose, place FROM receivers r JOIN applications a ON a.number = whose
        WHERE place IS NOT NULL AND r.active AND what = ANY (r.kinds) AND (r.way = '' OR r.way = ANY (a.notify));
    RETURN place IS NOT NULL;
END $$;

-- Of an application: received, captured again, ready, rejected, expired.
CREATE FUNCTION tell_of_application() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM tell(NEW.number, 'received', 1, NULL);
    ELSIF NEW.stage = 'Rejected' THEN
        PERFORM tell(NEW.number, 'rejected', 1, NULL);
    ELSIF NEW.stage = 'Expired' THEN
        PERFORM tell(NEW.number, 'expired', 1, NULL);
    ELSIF NEW.awaiting = 'recapture' THEN
        PERFORM tell(NEW.number, 'recapture', NEW.capture_round, NEW.awaiting_until);
    ELSIF NEW.awaiting = 'hand-over' THEN
        PERFORM tell(NEW.number, 'ready', NEW.attempt, NEW.awaiting_until);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_received AFTER INSERT ON applications FOR EACH ROW EXECUTE FUNCTION tell_of_application();
CREATE TRIGGER tell_of_application AFTER UPDATE OF stage, awaiting ON applications FOR EACH ROW
    WHEN (NEW.awaiting IN ('recapture', 'hand-over') AND OLD.awaiting <> NEW.awaiting OR NEW.stage IN ('Rejected', 'Expired') AND OLD.stage <> NEW.stage)
    EXECUTE FUNCTION tell_of_application();

-- Of a card: reported lost, and valid again.
CREATE FUNCTION tell_of_card() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    what text := CASE NEW.state WHEN 'live' THEN 'card-valid' ELSE 'card-lost' END;
BEGIN
    PERFORM tell(NEW.application, what, 1 + (SELECT count(*) FROM events e WHERE e.application = NEW.application AND e.kind = what)::integer, NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_of_card AFTER UPDATE OF state ON cards FOR EACH ROW
    WHEN (NEW.state = 'reported-lost' AND OLD.state <> NEW.state AND NEW.application IS NOT NULL) EXECUTE FUNCTION tell_of_card();
CREATE TRIGGER tell_of_valid_card AFTER UPDATE OF state ON cards FOR EACH ROW
    WHEN (NEW.state = 'live' AND OLD.state = 'reported-lost' AND NEW.application IS NOT NULL) EXECUTE FUNCTION tell_of_card();

-- Reminds those who have no longer than that to collect their card, and less than half of the
-- time they had: at most so many. It gives how many were.
CREATE FUNCTION remind(ahead interval, most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    whose record;
    n     integer := 0;
BEGIN
    FOR whose IN
        SELECT a.number, a.attempt, a.awaiting_until FROM applications a
        WHERE a.awaiting = 'hand-over' AND a.awaiting_until > now() AND a.awaiting_until < now() + ahead AND now() - a.awaiting_since > a.awaiting_until - now()
            AND NOT EXISTS (SELECT FROM events e WHERE e.application = a.number AND e.kind = 'reminder' AND e.round = a.attempt)
        ORDER BY a.awaiting_until LIMIT most FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        IF tell(whose.number, 'reminder', whose.attempt, whose.awaiting_until) THEN
            n := n + 1;
        END IF;
    END LOOP;
    RETURN n;
END $$;

-- +goose StatementEnd
