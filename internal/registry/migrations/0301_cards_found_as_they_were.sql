-- +goose Up

-- A card that is found again is what it was when it was lost: kept, if an authority kept it, and
-- damaged for ever once it was. One that is lost may turn up kept or broken.
-- +goose StatementBegin
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
            OR OLD.state = 'reported-lost' AND (SELECT was FROM card_life WHERE card = NEW.id AND became = 'reported-lost' ORDER BY at DESC LIMIT 1) <> 'live')
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
