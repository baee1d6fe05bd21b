-- +goose Up

-- One open application per citizen, also where it was filed under another of the person's
-- numbers: whoever files at the same moment under both waits for the other.
-- +goose StatementBegin
CREATE FUNCTION one_open_application() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text := (SELECT person FROM person_numbers WHERE citizen = NEW.citizen);
BEGIN
    IF who IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('applies ' || who, 0));
    IF EXISTS (
        SELECT FROM person_numbers n JOIN applications a ON a.citizen = n.citizen
        WHERE n.person = who AND n.citizen <> NEW.citizen AND a.number <> NEW.number AND a.stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired'))
    THEN
        RAISE EXCEPTION 'another application is open' USING ERRCODE = 'unique_violation', CONSTRAINT = 'one_open_application_per_citizen';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER one_open_application_in BEFORE INSERT ON applications FOR EACH ROW WHEN (NEW.citizen IS NOT NULL) EXECUTE FUNCTION one_open_application();
CREATE TRIGGER one_open_application BEFORE UPDATE OF citizen ON applications FOR EACH ROW
    WHEN (OLD.citizen IS NULL AND NEW.citizen IS NOT NULL) EXECUTE FUNCTION one_open_application();
