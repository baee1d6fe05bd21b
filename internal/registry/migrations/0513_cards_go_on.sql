-- +goose Up

-- What left its station is not made again: a card that was packed, counted in, or is its holder's
-- becomes none that is being made, by whoever says so.
-- +goose StatementBegin
CREATE FUNCTION card_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a card cannot become that' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_life';
END $$;
-- +goose StatementEnd
CREATE TRIGGER card_goes_on BEFORE UPDATE OF state ON cards FOR EACH ROW
    WHEN (NEW.state IN ('prepared', 'begun', 'personalized', 'printed', 'inspected') AND OLD.state NOT IN ('prepared', 'begun', 'personalized', 'printed', 'inspected'))
    EXECUTE FUNCTION card_goes_on();
