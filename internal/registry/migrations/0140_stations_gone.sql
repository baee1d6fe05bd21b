-- +goose Up

-- A station that is gone for good is out of service since then, and its blanks are
-- elsewhere, or were lost with it. One that is heard of afterwards is back, and paused.
ALTER TABLE stations_at_work ADD COLUMN removed_at timestamptz;
ALTER TABLE station_acts DROP CONSTRAINT station_act,
    ADD CONSTRAINT station_act CHECK (act IN ('pause', 'resume', 'remove'));

-- A blank in stock that was lost with its station is spoiled without ever having had a card.
ALTER TABLE blanks DROP CONSTRAINT blank_in_use_has_a_card,
    ADD CONSTRAINT blank_in_use_has_a_card CHECK (CASE account WHEN 'stock' THEN application IS NULL WHEN 'spoiled' THEN true ELSE application IS NOT NULL END);

-- A card that somebody else gave up when it was no more than begun at its station: the
-- station alone knows whether anything was written to the blank, and says so.
ALTER TABLE cards ADD COLUMN unsure boolean NOT NULL DEFAULT false;
CREATE INDEX cards_unsure ON cards (station) WHERE unsure AND state = 'spoiled';

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION move_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.account <> 'stock' THEN
            RAISE EXCEPTION 'a blank enters stock' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.account IN ('production', 'spoiled') AND NEW.account = 'stock' THEN
        -- Its card has lost it in the same statement, or never was more than begun.
        IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR NEW.given_back <> OLD.given_back + 1 OR OLD.application IS NULL
            OR EXISTS (SELECT FROM cards WHERE blank = OLD.serial AND state NOT IN ('begun', 'prepared') AND NOT (state = 'spoiled' AND unsure)) THEN
            RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR (OLD.application IS NOT NULL AND (NEW.application, NEW.attempt) IS DISTINCT FROM (OLD.application, OLD.attempt)) THEN
        RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
    END IF;
    IF OLD.account = 'stock' AND NEW.account = 'spoiled' THEN
        IF NEW.application IS NOT NULL OR NOT EXISTS (SELECT FROM stations_at_work WHERE id = OLD.location AND removed_at IS NOT NULL) THEN
            RAISE EXCEPTION 'a blank in stock is lost with its station only' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.account <> OLD.account AND (OLD.account, NEW.account) NOT IN (('stock', 'production'), ('production', 'spoiled'), ('production', 'issued'), ('production', 'destroyed'), ('spoiled', 'production'), ('spoiled', 'destroyed'), ('issued', 'destroyed')) THEN
        RAISE EXCEPTION 'a blank cannot go there' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
