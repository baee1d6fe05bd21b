-- +goose Up

-- Whoever alone says that a card came does not also say alone that its holder has it: without the
-- holder's finger a card is handed over by another than who sent its box or counted it in.
-- By post goes what is to be delivered by post, and only that: what lies at a counter is not handed
-- over by a tracking number. What came back from the post is handed over where it was applied for.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION hand_over_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    posted  boolean;
    counter text;
BEGIN
    IF EXISTS (SELECT FROM applications WHERE number = NEW.application AND officer = NEW.handed_over_by) OR captured_by(NEW.application, NEW.handed_over_by)
        OR NEW.approved_by = NEW.handed_over_by THEN
        RAISE EXCEPTION 'whoever enrolled' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_at_hand_over';
    END IF;
    SELECT a.destination = 'POST', coalesce(s.province, a.province) INTO posted, counter
        FROM applications a LEFT JOIN stations s ON s.id = a.destination WHERE a.number = NEW.application;
    IF NEW.handed_over = 'post' AND NOT posted THEN
        RAISE EXCEPTION 'not by post' USING ERRCODE = 'check_violation', CONSTRAINT = 'by_post_as_applied_for';
    END IF;
    IF EXISTS (
        SELECT FROM consignments k WHERE k.number = NEW.consignment
            AND (NEW.handed_over_by = k.sent_by OR NEW.handed_over_by = k.received_by AND NEW.handed_over <> 'post')) THEN
        RAISE EXCEPTION 'whoever moved the box' USING ERRCODE = 'check_violation', CONSTRAINT = 'handed_over_by_another';
    END IF;
    IF NEW.handed_over <> 'post' AND EXISTS (SELECT FROM officers WHERE badge = NEW.handed_over_by AND unit <> counter) THEN
        RAISE EXCEPTION 'at another counter' USING ERRCODE = 'check_violation', CONSTRAINT = 'hand_over_at_own_counter';
    END IF;
    RETURN NEW;
END $$;

-- Since when a card is what it is never goes back: evidence is erased by that.
CREATE FUNCTION keep_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := OLD.changed_at;
    RETURN NEW;
END $$;

-- The fee is settled with an entry of the trail that says so, from what to what.
CREATE FUNCTION settle_in_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit WHERE application = NEW.number AND event = 'fee settled' AND txid = pg_current_xact_id()::text::bigint
        AND starts_with(reason, 'from ' || OLD.fee || ' to ' || NEW.fee || ' VND, ')) THEN
        RAISE EXCEPTION 'the fee stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'fee_stands';
    END IF;
    RETURN NULL;
END $$;

-- A session is short, whoever writes it: it ends a while after its officer logged in.
CREATE FUNCTION keep_session_short() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts WHERE id = NEW.act AND officer = NEW.officer AND act = 'log-in' AND NEW.until <= at + interval '15 minutes') THEN
        RAISE EXCEPTION 'a session is short' USING ERRCODE = 'check_violation', CONSTRAINT = 'session_is_short';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_changed BEFORE UPDATE OF changed_at ON cards FOR EACH ROW WHEN (NEW.changed_at < OLD.changed_at) EXECUTE FUNCTION keep_changed();
CREATE CONSTRAINT TRIGGER settle_in_trail AFTER UPDATE OF fee ON applications DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.fee <> OLD.fee) EXECUTE FUNCTION settle_in_trail();
CREATE TRIGGER keep_session_short BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION keep_session_short();

-- No name of a station can be read as a person's.
ALTER TABLE stations_at_work ADD CONSTRAINT station_name CHECK (id ~ '^[A-Z0-9-]{1,64}$') NOT VALID;
