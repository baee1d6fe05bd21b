-- +goose Up

-- Whoever captured an application anew chose the face and the fingers of its card, as who enrolled
-- it did: another officer decides on it, and hands its card over without the holder's finger.
CREATE FUNCTION captured_by(whose text, by_officer text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM decisions WHERE application = whose AND step = 'recapture' AND officer = by_officer)
$$;

-- +goose StatementBegin
CREATE FUNCTION decided_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF captured_by(NEW.application, NEW.officer) THEN
        RAISE EXCEPTION 'whoever captured' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_captures';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION hand_over_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications WHERE number = NEW.application AND officer = NEW.handed_over_by) OR captured_by(NEW.application, NEW.handed_over_by) THEN
        RAISE EXCEPTION 'whoever enrolled' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_at_hand_over';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER decided_by_another BEFORE INSERT ON decisions FOR EACH ROW
    WHEN (NEW.step IN ('approve', 'reject', 'adjudicate', 'identify', 'hold', 'release')) EXECUTE FUNCTION decided_by_another();
