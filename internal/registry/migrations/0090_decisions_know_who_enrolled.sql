-- +goose Up

-- Who enrolled, and the stage at which was decided, are the application's, whatever a
-- decision says: four eyes, and one verdict at Approval, are constraints on them.
-- +goose StatementBegin
CREATE FUNCTION know_application() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT a.officer, a.stage INTO NEW.enrolled_by, NEW.stage FROM applications a WHERE a.number = NEW.application;
    RETURN NEW;
END $$;

-- A personal number, once an application has it, is final.
CREATE FUNCTION keep_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a personal number is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_is_final';
END $$;
-- +goose StatementEnd
CREATE TRIGGER know_application BEFORE INSERT ON decisions FOR EACH ROW EXECUTE FUNCTION know_application();
CREATE TRIGGER keep_number BEFORE UPDATE OF personal_number ON applications FOR EACH ROW
    WHEN (OLD.personal_number <> '' AND NEW.personal_number <> OLD.personal_number) EXECUTE FUNCTION keep_number();
