-- +goose Up

-- An application on hold is given no blank: a station that had a slot for its card before the hold
-- takes the next card. What is in a slot already is finished. Whoever holds the application waits
-- for this, or this for the hold.
-- +goose StatementBegin
CREATE FUNCTION held_takes_no_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT held FROM applications WHERE number = NEW.application FOR SHARE) THEN
        RAISE EXCEPTION 'the application is held' USING ERRCODE = 'check_violation', CONSTRAINT = 'held_takes_no_blank';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER held_takes_no_blank BEFORE UPDATE OF state ON cards FOR EACH ROW
    WHEN (OLD.state = 'prepared' AND NEW.state = 'begun') EXECUTE FUNCTION held_takes_no_blank();
