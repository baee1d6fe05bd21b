-- +goose Up

-- Other systems read the population register too, and a citizen is told of it: a line of theirs has
-- the name of the client, and no officer's.
ALTER TABLE reads DROP CONSTRAINT reads_officer_fkey;
ALTER TABLE reads DROP CONSTRAINT read_what;
ALTER TABLE reads ADD CONSTRAINT read_what CHECK (what IN ('card', 'person', 'register'));
-- +goose StatementBegin
CREATE FUNCTION read_by_somebody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.what <> 'register' AND NOT EXISTS (SELECT FROM officers WHERE badge = NEW.officer) THEN
        RAISE EXCEPTION 'nobody has that badge' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'reads_officer_fkey';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER read_by_somebody BEFORE INSERT ON reads FOR EACH ROW EXECUTE FUNCTION read_by_somebody();
