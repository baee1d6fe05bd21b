-- +goose Up

-- Whoever enrolled an application does not hold it, nor lets it go on.
ALTER TABLE decisions ADD CONSTRAINT four_eyes_on_holds CHECK (step NOT IN ('hold', 'release') OR officer <> enrolled_by) NOT VALID;

-- Nor hands its card over on his own word: without the holder's finger, another officer does.
-- +goose StatementBegin
CREATE FUNCTION hand_over_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications WHERE number = NEW.application AND officer = NEW.handed_over_by) THEN
        RAISE EXCEPTION 'whoever enrolled' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_at_hand_over';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER hand_over_by_another BEFORE UPDATE OF state ON cards FOR EACH ROW
    WHEN (OLD.state = 'arrived' AND NEW.state = 'live' AND NEW.handed_over <> 'fingerprint') EXECUTE FUNCTION hand_over_by_another();

-- Whoever handed a box to the courier does not count it in.
ALTER TABLE consignments ADD CONSTRAINT counted_in_by_another CHECK (received_by = '' OR received_by <> sent_by) NOT VALID;

-- Who is who in the trail: nobody's badge is the name of a station.
-- +goose StatementBegin
CREATE FUNCTION name_is_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (CASE TG_TABLE_NAME WHEN 'officers' THEN EXISTS (SELECT FROM stations WHERE id = to_jsonb(NEW) ->> 'badge') OR EXISTS (SELECT FROM stations_at_work WHERE id = to_jsonb(NEW) ->> 'badge')
        ELSE EXISTS (SELECT FROM officers WHERE badge = to_jsonb(NEW) ->> 'id') END) THEN
        RAISE EXCEPTION 'the name is taken' USING ERRCODE = 'check_violation', CONSTRAINT = 'badge_is_no_station';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER name_is_free BEFORE INSERT ON officers FOR EACH ROW EXECUTE FUNCTION name_is_free();
CREATE TRIGGER name_is_free BEFORE INSERT ON stations FOR EACH ROW EXECUTE FUNCTION name_is_free();
CREATE TRIGGER name_is_free BEFORE INSERT ON stations_at_work FOR EACH ROW EXECUTE FUNCTION name_is_free();
