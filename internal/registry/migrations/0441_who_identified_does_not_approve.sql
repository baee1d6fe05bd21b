-- +goose Up

-- Whoever said whose an application is does not grant it, nor the other way round: the person who is
-- given a card is seen by two officers beside who enrolled. Both take turns at the application.
-- +goose StatementBegin
CREATE FUNCTION approved_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM applications WHERE number = NEW.application FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM decisions WHERE application = NEW.application AND officer = NEW.officer AND step = CASE NEW.step WHEN 'approve' THEN 'identify' ELSE 'approve' END) THEN
        RAISE EXCEPTION 'whoever identified' USING ERRCODE = 'check_violation', CONSTRAINT = 'identifier_does_not_approve';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER approved_by_another BEFORE INSERT ON decisions FOR EACH ROW WHEN (NEW.step IN ('approve', 'identify')) EXECUTE FUNCTION approved_by_another();
