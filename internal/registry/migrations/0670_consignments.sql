-- +goose Up
-- +goose StatementBegin

CREATE SEQUENCE consignment_numbers;

-- Boxes of finished cards for one destination. One that holds nothing is dissolved. What was
-- counted stays as it was said, so that saying it again is answered and saying something else is
-- refused.
CREATE TABLE consignments (
    number       text PRIMARY KEY,
    origin       text NOT NULL DEFAULT '', -- the station that sends it on; empty: the center
    destination  text NOT NULL,
    state        text NOT NULL CONSTRAINT consignment_state CHECK (state IN ('open', 'sealed', 'sent', 'received', 'dissolved')),
    round        integer NOT NULL DEFAULT 1, -- as its officers see it; recounts count as well, in consignment_round
    cards        integer NOT NULL DEFAULT 0 CONSTRAINT consignment_cards CHECK (cards >= 0),
    opened_at    timestamptz NOT NULL DEFAULT now(),
    sealed_by    text NOT NULL DEFAULT '',
    sealed_act   text,
    sent_by      text NOT NULL DEFAULT '',
    sent_act     text,
    sent_at      timestamptz,
    courier      text NOT NULL DEFAULT '',
    seal         text NOT NULL DEFAULT '',
    received_by  text NOT NULL DEFAULT '',
    received_act text,
    received_at  timestamptz,
    counted      integer,
    said_missing text[] NOT NULL DEFAULT '{}',
    said_surplus text[] NOT NULL DEFAULT '{}',
    announced_at timestamptz, -- when every card of it was told
    CONSTRAINT sealing_is_signed FOREIGN KEY (sealed_act, sealed_by) REFERENCES acts (id, officer),
    CONSTRAINT sending_is_signed FOREIGN KEY (sent_act, sent_by) REFERENCES acts (id, officer),
    CONSTRAINT receipt_is_signed FOREIGN KEY (received_act, received_by) REFERENCES acts (id, officer),
    CONSTRAINT movement_has_act CHECK ((sealed_by IN ('', 'system') OR sealed_act IS NOT NULL)
        AND (sent_by = '' OR sent_act IS NOT NULL) AND (received_by = '' OR received_act IS NOT NULL)),
    CONSTRAINT announced_when_closed CHECK (announced_at IS NULL OR state IN ('received', 'dissolved')),
    CONSTRAINT counted_in_by_another CHECK (received_by = '' OR received_by <> sent_by),
    CONSTRAINT received_when CHECK (state <> 'received' OR received_at IS NOT NULL)
);
CREATE UNIQUE INDEX one_open_consignment_per_destination ON consignments (destination) WHERE state = 'open';
CREATE INDEX consignments_open ON consignments (number) WHERE announced_at IS NULL;
CREATE INDEX consignments_under_way ON consignments (number) WHERE state NOT IN ('received', 'dissolved');
CREATE INDEX consignments_by_receipt ON consignments (received_at) WHERE state IN ('received', 'dissolved');

-- How often a box became another than its officers saw: with each step of its way, and once it is
-- sealed, with each card that joins or leaves it.
CREATE FUNCTION count_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.round := OLD.round + CASE WHEN NEW.state <> OLD.state OR NEW.state <> 'open' AND NEW.cards <> OLD.cards THEN 1 ELSE 0 END;
    RETURN NEW;
END $$;
CREATE TRIGGER count_round BEFORE UPDATE ON consignments FOR EACH ROW EXECUTE FUNCTION count_round();

-- The round of a box, but for one act.
CREATE FUNCTION consignment_round(of_number text, but text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT round + (SELECT count(DISTINCT id) FROM acts WHERE subject = 'consignment/' || of_number AND act = 'recount' AND id <> but)::integer
    FROM consignments WHERE number = of_number
$$;

-- An act on a box is on that which its officer saw. One that comes late, or is sent again
-- after it was refused, does nothing to what the box became.
CREATE FUNCTION saw_box() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    box  text := substr(NEW.subject, length('consignment/') + 1);
    seen integer := coalesce((convert_from(NEW.statement, 'UTF8')::jsonb -> 'content' ->> 'Round')::integer, 0);
BEGIN
    IF seen = 0 OR EXISTS (SELECT FROM acts WHERE id = NEW.id AND officer = NEW.officer) THEN -- it does not say; or was done before
        RETURN NEW;
    END IF;
    PERFORM FROM consignments WHERE number = box FOR UPDATE;
    IF consignment_round(box, NEW.id) <> seen THEN
        RAISE EXCEPTION 'the box is another' USING ERRCODE = 'check_violation', CONSTRAINT = 'box_as_seen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER saw_box BEFORE INSERT ON acts FOR EACH ROW WHEN (NEW.subject LIKE 'consignment/%') EXECUTE FUNCTION saw_box();

-- A box is sealed by an officer, or by the system when it is full or its time has come; the
-- rest of its way only people say.
CREATE FUNCTION sign_movement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    signed boolean;
BEGIN
    CASE
        WHEN NEW.state = OLD.state THEN
            signed := true;
        WHEN (OLD.state, NEW.state) = ('open', 'sealed') THEN
            signed := NEW.sealed_by = 'system' AND NEW.sealed_act IS NULL OR act_of_now(NEW.sealed_act, NEW.sealed_by);
        WHEN (OLD.state, NEW.state) = ('sealed', 'open') THEN
            signed := signed_now(ARRAY['reopen'], 'consignment/' || NEW.number);
        WHEN (OLD.state, NEW.state) = ('sealed', 'sent') THEN
            signed := act_of_now(NEW.sent_act, NEW.sent_by, NEW.sent_at);
        WHEN (OLD.state, NEW.state) = ('sent', 'received') THEN
            signed := act_of_now(NEW.received_act, NEW.received_by, NEW.received_at);
        WHEN NEW.state = 'dissolved' THEN
            signed := NEW.cards = 0 AND NOT EXISTS (SELECT FROM cards c WHERE c.consignment = NEW.number);
        ELSE
            signed := false;
    END CASE;
    IF signed IS NOT TRUE
        OR (NEW.sealed_by, NEW.sealed_act, NEW.opened_at) IS DISTINCT FROM (OLD.sealed_by, OLD.sealed_act, OLD.opened_at) AND (OLD.state, NEW.state) NOT IN (('open', 'sealed'), ('open', 'dissolved'), ('sealed', 'open'))
        OR (NEW.sent_by, NEW.sent_act, NEW.sent_at, NEW.courier, NEW.seal) IS DISTINCT FROM (OLD.sent_by, OLD.sent_act, OLD.sent_at, OLD.courier, OLD.seal) AND (OLD.state, NEW.state) <> ('sealed', 'sent')
        OR (NEW.received_by, NEW.received_act, NEW.counted, NEW.said_missing, NEW.said_surplus) IS DISTINCT FROM (OLD.received_by, OLD.received_act, OLD.counted, OLD.said_missing, OLD.said_surplus) AND (OLD.state, NEW.state) <> ('sent', 'received')
        OR NEW.received_at IS DISTINCT FROM OLD.received_at AND NEW.state NOT IN ('received', 'dissolved')
        OR NEW.announced_at IS DISTINCT FROM OLD.announced_at AND OLD.announced_at IS NOT NULL THEN
        PERFORM refuse_unsigned('box_is_signed_for');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sign_movement AFTER UPDATE ON consignments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_movement();

-- +goose StatementEnd
