-- +goose Up

-- Who has died neither emigrates nor loses nationality: a death that was said wrongly is taken back
-- first, and the person lives.
-- +goose StatementBegin
CREATE FUNCTION keep_death() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the person has died' USING ERRCODE = 'check_violation', CONSTRAINT = 'death_is_taken_back';
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_death BEFORE UPDATE OF status ON citizens FOR EACH ROW
    WHEN (OLD.status = 'deceased' AND NEW.status NOT IN ('deceased', 'alive')) EXECUTE FUNCTION keep_death();
