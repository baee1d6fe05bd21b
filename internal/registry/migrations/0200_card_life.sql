-- +goose Up

-- A card's life after issue: package identity's table of what may become of it, by whom,
-- and its history.
ALTER TABLE cards DROP CONSTRAINT card_state;
ALTER TABLE cards ADD CONSTRAINT card_state CHECK (state IN
    ('prepared', 'begun', 'personalized', 'printed', 'inspected', 'packed', 'arrived', 'live',
     'reported-lost', 'damaged', 'kept', 'withdrawn', 'lapsed', 'revoked', 'spoiled', 'lost', 'found', 'destroyed'));
ALTER TABLE cards
    ADD COLUMN changed_by  text NOT NULL DEFAULT '', -- who made it what it is since it was issued
    ADD COLUMN changed_act text,                     -- and by which act; null: it follows from something else
    ADD CONSTRAINT card_change_by_act FOREIGN KEY (changed_act, changed_by) REFERENCES acts (id, officer),
    ADD CONSTRAINT card_change_is_signed CHECK (state NOT IN ('reported-lost', 'damaged', 'kept') OR changed_act IS NOT NULL);

-- A card that is lost, damaged or kept is the citizen's one card still, until another takes
-- its place: found again after that, it is not live again.
DROP INDEX one_live_card_per_citizen;
CREATE UNIQUE INDEX one_live_card_per_citizen ON cards (citizen) WHERE state IN ('live', 'reported-lost', 'damaged', 'kept');

CREATE TABLE card_life (
    card   bigint NOT NULL REFERENCES cards (id),
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    was    text NOT NULL,
    became text NOT NULL,
    reason text NOT NULL,
    by_whom text NOT NULL,
    act    text
);
CREATE INDEX card_life_by_card ON card_life (card, at);
CREATE TRIGGER keep_card_life BEFORE UPDATE OR DELETE OR TRUNCATE ON card_life FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- +goose StatementBegin
CREATE FUNCTION move_card() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    life CONSTANT jsonb := '{
        "live": ["reported-lost", "damaged", "kept", "withdrawn", "lapsed", "revoked"],
        "reported-lost": ["live", "withdrawn", "lapsed", "revoked"],
        "damaged": ["reported-lost", "withdrawn", "lapsed", "revoked"],
        "kept": ["live", "reported-lost", "damaged", "withdrawn", "lapsed", "revoked"],
        "withdrawn": ["destroyed"], "lapsed": ["destroyed"], "revoked": ["destroyed"]}';
    impediment text;
BEGIN
    IF life ? OLD.state THEN
        IF NOT life -> OLD.state ? NEW.state THEN
            RAISE EXCEPTION 'a card cannot become that' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_life';
        END IF;
    ELSIF life ? NEW.state AND (OLD.state, NEW.state) <> ('arrived', 'live') THEN
        RAISE EXCEPTION 'a card is issued first' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_life';
    END IF;
    IF NEW.state = 'begun' OR (OLD.state, NEW.state) = ('arrived', 'live') THEN
        -- Who marks the person at this moment ends this card, or this one waits and is refused.
        IF NEW.state = 'live' THEN
            PERFORM FROM citizens WHERE citizen = NEW.citizen FOR SHARE;
        END IF;
        impediment := card_impediment(NEW.citizen, NEW.application);
        IF impediment IS NOT NULL THEN
            RAISE EXCEPTION 'an impediment' USING ERRCODE = 'check_violation', CONSTRAINT = impediment;
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION note_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO card_life (card, was, became, reason, by_whom, act)
        VALUES (NEW.id, OLD.state, NEW.state, NEW.reason, NEW.changed_by, NEW.changed_act);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER move_card BEFORE UPDATE OF state ON cards FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION move_card();
CREATE TRIGGER note_card AFTER UPDATE OF state ON cards FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND OLD.state IN ('live', 'reported-lost', 'damaged', 'kept', 'withdrawn', 'lapsed', 'revoked'))
    EXECUTE FUNCTION note_card();

-- Ends the card that a person holds, whatever the register learnt: lapsed (holder-died),
-- withdrawn (nationality-lost and its like), revoked (number-replaced). It is called in the
-- transaction that marks the person, and before the row of the person is locked, as whoever
-- issues a card locks: first the citizen's advisory lock, then rows. How many cards were
-- ended: one, or none. by_act may be null.
-- +goose StatementBegin
CREATE FUNCTION end_cards(person text, becomes text, why text, officer text, by_act text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    whose bytea := (SELECT c.citizen FROM citizens c WHERE c.number = end_cards.person);
    n     integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('citizen ' || encode(whose, 'hex'), 0));
    WITH ended AS (
        UPDATE cards SET state = becomes, reason = why, changed_by = officer, changed_act = by_act, changed_at = now()
        WHERE citizen = whose AND state IN ('live', 'reported-lost', 'damaged', 'kept')
        RETURNING application, attempt
    ), noted AS (
        INSERT INTO audit (application, actor, event, reason)
        SELECT application, officer, 'card ' || attempt || ' is ' || becomes, why FROM ended WHERE application IS NOT NULL
    )
    SELECT count(*) INTO n FROM ended;
    RETURN n;
END $$;
-- +goose StatementEnd
