-- +goose Up

-- A person who was in the register twice, under two numbers: one record stands, and the
-- other leads to it, with every number that it had. Those are canceled.
ALTER TABLE citizens ADD COLUMN same_as text REFERENCES citizens (id) CONSTRAINT same_as_another CHECK (same_as <> id);
CREATE INDEX citizens_found_twice ON citizens (same_as) WHERE same_as IS NOT NULL;
ALTER TABLE person_changes DROP CONSTRAINT person_change;
ALTER TABLE person_changes ADD CONSTRAINT person_change CHECK (change IN ('registered', 'corrected', 'marked', 'renumbered', 'merged'));

-- +goose StatementBegin
CREATE FUNCTION know_same_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE person_numbers SET person = NEW.same_as, canceled_at = coalesce(canceled_at, now()) WHERE person = NEW.id;
    UPDATE citizens SET same_as = NEW.same_as WHERE same_as = NEW.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER know_same_person AFTER UPDATE OF same_as ON citizens FOR EACH ROW
    WHEN (OLD.same_as IS NULL AND NEW.same_as IS NOT NULL) EXECUTE FUNCTION know_same_person();

INSERT INTO competences (act, role) VALUES ('merge-persons', 'resolving');

-- Which officer looked for whom in the register is kept, as it is of cards.
ALTER TABLE reads DROP CONSTRAINT read_what;
ALTER TABLE reads ADD CONSTRAINT read_what CHECK (what IN ('card', 'person'));
