-- +goose Up

-- A loss that its holder reports, and that an application had claimed before, is a step of the
-- card's life too: it stands whatever the application comes to.
CREATE TRIGGER note_report AFTER UPDATE OF reason ON cards FOR EACH ROW
    WHEN (OLD.state = 'reported-lost' AND NEW.state = 'reported-lost' AND OLD.reason LIKE 'application %') EXECUTE FUNCTION note_card();

-- It is signed for as any other; and what is found is what it was before it was lost at all.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION sign_card() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    counts  CONSTANT text[] := ARRAY['receive', 'recount'];
    signed  boolean;
    besides CONSTANT boolean := OLD.state = 'reported-lost' AND NEW.state = 'reported-lost' AND OLD.reason LIKE 'application %' AND NEW.reason NOT LIKE 'application %';
BEGIN
    IF (NEW.handed_over, NEW.handed_over_by, NEW.handed_over_act, NEW.handed_over_at, NEW.proof, NEW.score, NEW.old_card, NEW.old_card_reason) IS DISTINCT FROM
            (OLD.handed_over, OLD.handed_over_by, OLD.handed_over_act, OLD.handed_over_at, OLD.proof, OLD.score, OLD.old_card, OLD.old_card_reason) AND (OLD.state, NEW.state) <> ('arrived', 'live')
        OR NEW.signer <> OLD.signer AND (OLD.signer <> '' OR OLD.state NOT IN ('prepared', 'begun', 'personalized', 'printed', 'inspected'))
        OR NEW.station <> OLD.station AND (OLD.state, NEW.state) NOT IN (('prepared', 'begun'), ('begun', 'prepared'))
        OR NEW.state = OLD.state AND NOT besides AND (NEW.changed_by, NEW.changed_act) IS DISTINCT FROM (OLD.changed_by, OLD.changed_act) THEN
        PERFORM refuse_unsigned('card_is_signed_for');
    END IF;
    IF (NEW.state = OLD.state AND NOT besides AND (NEW.reason, NEW.missing, NEW.changed_at) IS DISTINCT FROM (OLD.reason, OLD.missing, OLD.changed_at)
            OR NEW.consignment IS DISTINCT FROM OLD.consignment AND (OLD.state, NEW.state) <> ('inspected', 'packed')
            OR NEW.place <> OLD.place)
        AND NOT signed_now(counts || ARRAY['destroy-card', 'find-card']) THEN
        PERFORM refuse_unsigned('card_is_signed_for');
    END IF;
    IF NEW.state = OLD.state AND NOT besides THEN
        RETURN NULL;
    END IF;
    CASE
        WHEN (OLD.state, NEW.state) = ('arrived', 'live') THEN
            signed := act_of_now(NEW.handed_over_act, NEW.handed_over_by, NEW.handed_over_at) AND signed_now(ARRAY['hand-over'], 'application/' || NEW.application);
        WHEN NEW.state IN ('arrived', 'lost') OR OLD.state <> 'inspected' AND NEW.state = 'packed' OR (OLD.state, NEW.state) = ('arrived', 'spoiled') THEN
            signed := signed_now(counts, 'consignment/' || NEW.consignment) OR signed_now(counts);
        WHEN NEW.state = 'found' THEN
            signed := signed_now(counts || ARRAY['find-card']);
        WHEN NEW.state = 'reported-lost' AND NEW.changed_by = 'holder' THEN
            signed := NEW.changed_act IS NULL;
        WHEN NEW.state IN ('withdrawn', 'lapsed', 'revoked') AND NEW.changed_by = 'system' AND NEW.changed_act IS NULL THEN
            signed := holds_no_card(NEW.citizen);
        WHEN NEW.state = 'revoked' AND NEW.changed_act IS NULL THEN
            signed := EXISTS (SELECT FROM acts a WHERE a.officer = NEW.changed_by AND a.txid = pg_current_xact_id()::text::bigint
                AND a.act = 'hand-over' AND NEW.reason LIKE 'replaced: card % of ' || substr(a.subject, length('application/') + 1));
        WHEN NEW.state IN ('live', 'reported-lost', 'damaged', 'kept', 'withdrawn', 'lapsed', 'revoked', 'destroyed') THEN
            signed := act_of_now(NEW.changed_act, NEW.changed_by);
        ELSE
            signed := true;
    END CASE;
    IF signed IS NOT TRUE THEN
        PERFORM refuse_unsigned('card_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION move_card() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    life CONSTANT jsonb := '{
        "live": ["reported-lost", "damaged", "kept", "withdrawn", "lapsed", "revoked"],
        "reported-lost": ["live", "damaged", "kept", "withdrawn", "lapsed", "revoked"],
        "damaged": ["reported-lost", "withdrawn", "lapsed", "revoked"],
        "kept": ["live", "reported-lost", "damaged", "withdrawn", "lapsed", "revoked"],
        "withdrawn": ["destroyed"], "lapsed": ["destroyed"], "revoked": ["destroyed"]}';
    impediment text;
BEGIN
    IF life ? OLD.state THEN
        IF NOT life -> OLD.state ? NEW.state OR NEW.state = 'live' AND (
            EXISTS (SELECT FROM card_life WHERE card = NEW.id AND became = 'damaged')
            OR OLD.state = 'reported-lost' AND (SELECT was FROM card_life WHERE card = NEW.id AND became = 'reported-lost' AND was <> became ORDER BY at DESC LIMIT 1) <> 'live')
        THEN
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
-- +goose StatementEnd
